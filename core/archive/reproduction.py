"""Reproduction of one run from an archive: its recipe, its pictures, its network, and the program that trains.

The program (``program/reproduce.py``) needs public packages alone. It takes the network as it was delivered,
computes the features of the pictures in the archive, and fits the heads that the run fitted.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.archive.records import PROJECT
from core.data.dataset import Dataset, image_path, open_dataset
from core.data.labels.task import Task
from core.delivery.files import is_delivered, read_labels, tflite_file
from core.delivery.formats.bundle_format import decoder_files, pinned
from core.errors import ConfigError
from core.evaluation.report import MultiLabelReport, read_report
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.messages import N_
from core.models.head import HeadWeights
from core.models.litert.rewriting import with_pooled_features
from core.records import Record, stored_values
from core.training.artifacts import has_own_network, head_file, map_pooling
from core.training.config import DEFAULT_EPOCHS, Imbalance, Loss, Monitor, Recipe, TrainingConfig
from core.training.heads.data import reduction_of
from core.training.heads.fitting import linear_phases
from core.training.heads.held_out import held_out_temperature
from core.training.records import EpochRecord, TrainingSummary
from core.workspace import Project

FOLDER = "reproduce"
_PROGRAM = Path(__file__).parent / "program"
_PACKAGES = ("ai-edge-litert", "numpy", "pillow", "scipy")


@dataclass(frozen=True, kw_only=True)
class ReproductionRecipe(Record):
    """Settings that the program trains by, and the result that it should reach; ``recipe.json``."""

    run: str
    backbone: str
    task: Task
    class_names: tuple[str, ...]
    # Pictures are stretched to so many pixels a side; the others as in ``Labels``.
    input_size: int
    pixel_range: tuple[float, float] | None
    channels: tuple[int, int, int] | None
    # Linear heads, the simplest first, by their pooling: ``Phase`` codes.
    heads: tuple[str, ...]
    epochs: int
    # Penalty; 0: chosen by validation.
    l2: float
    label_smoothing: float
    # The one head was chosen by cross-validation, and is fitted on training and validation pictures.
    learns_from_validation: bool
    # Classes of unequal size count the same.
    is_balanced: bool
    monitor: Monitor
    # With several labels a picture: probability from which each class is answered, and temperature of each.
    thresholds: tuple[float, ...] | None
    temperatures: tuple[float, ...] | None
    # Steps of the run that the program does not repeat, in English as all of the program; none: it trains as the run did.
    differences: tuple[str, ...]
    # On the test pictures, with a 95% interval.
    accuracy: float
    accuracy_interval: tuple[float, float]
    test_pictures: int


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """Members of an archive that train a run again."""

    run: str
    # Contents by name.
    files: Sequence[tuple[str, bytes]]


def reproduction_of(project: Project, runs: Sequence[str], wanted: str | None) -> Reproduction | None:
    """Prepare the newest run that can be trained again, or the one that is wanted; None without any.

    Args:
        runs: names of the runs in the archive, newest first.
    Raises:
        ConfigError: the run that is wanted has no network that could be taken.
    """
    for name in [wanted] if wanted else runs:
        if (content := _network(project.runs / name)) is not None:
            return _prepared(project, project.runs / name, content)
    if wanted:
        raise ConfigError(
            N_(
                "Run “{name}” cannot be trained again from an archive: it must be finished, and not made of other runs. Choose another run."
            ),
            name=wanted,
        )
    return None


def _network(run: Path) -> bytes | None:
    """Delivered LiteRT file with the pooled features as its last output; None for a run without one."""
    job = JobDirectory(run)
    if job.kind is not JobKind.TRAIN or not is_delivered(run) or not tflite_file(run).exists():
        return None
    settings = TrainingConfig.from_json(job.config())
    try:
        return with_pooled_features(tflite_file(run).read_bytes(), map_pooling(settings))
    # A network without such features.
    except ValueError:
        return None


def _prepared(project: Project, run: Path, network: bytes) -> Reproduction:
    settings = TrainingConfig.from_json(JobDirectory(run).config())
    dataset = open_dataset(project, settings.dataset_version)
    recipe = stored_values(_recipe(run, settings, dataset))
    return Reproduction(
        run=run.name,
        files=[
            ("README.md", (_PROGRAM / "README.md").read_bytes()),
            ("reproduce.py", (_PROGRAM / "reproduce.py").read_bytes()),
            ("requirements.txt", pinned(_PACKAGES).encode()),
            (f"{FOLDER}/recipe.json", json.dumps(recipe, ensure_ascii=False, indent=1).encode()),
            (f"{FOLDER}/pictures.csv", _pictures(dataset)),
            (f"{FOLDER}/network.tflite", network),
            *((f"{FOLDER}/{name}", file.read_bytes()) for name, file in decoder_files().items()),
        ],
    )


def _recipe(run: Path, settings: TrainingConfig, dataset: Dataset) -> ReproductionRecipe:
    report, labels = read_report(run), read_labels(run)
    is_reduced = reduction_of(dataset, settings, HeadWeights.load(head_file(run)).feature_size) is not None
    heads, l2 = linear_phases(settings, reduced=is_reduced), settings.head.l2
    temperatures = report.calibration.temperatures if report.calibration else None
    held_out, best = held_out_temperature(run), _best_epoch(run)
    if held_out is not None and best is not None and best.phase is not None and best.l2 is not None:
        heads, l2 = [best.phase], best.l2
        temperatures = tuple(held_out * one for one in temperatures or (1.0,) * len(dataset.class_names))
    thresholds = None
    if isinstance(report, MultiLabelReport):
        thresholds = tuple(one.threshold for one in report.classes)
    return ReproductionRecipe(
        run=run.name,
        backbone=settings.backbone,
        task=dataset.task,
        class_names=dataset.class_names,
        input_size=labels.input_size,
        pixel_range=labels.pixel_range,
        channels=labels.channels,
        heads=tuple(phase.value for phase in heads),
        epochs=settings.epochs if settings.recipe is Recipe.QUICK else DEFAULT_EPOCHS[Recipe.QUICK],
        l2=l2,
        learns_from_validation=held_out is not None,
        label_smoothing=settings.loss.label_smoothing,
        is_balanced=settings.imbalance is not Imbalance.NONE,
        monitor=Monitor.LOSS if settings.monitor is Monitor.LEADING else settings.monitor,
        thresholds=thresholds,
        temperatures=temperatures,
        differences=tuple(_differences(run, settings)),
        accuracy=report.accuracy,
        accuracy_interval=report.accuracy_interval,
        test_pictures=report.pictures,
    )


def _best_epoch(run: Path) -> EpochRecord | None:
    result = JobDirectory(run).result() or {}
    return TrainingSummary.from_json(result["training"]).best if "training" in result else None


def _differences(run: Path, settings: TrainingConfig) -> list[str]:
    """List the steps of a run that a linear head on the delivered network does not repeat."""
    is_fine_tuned = has_own_network(run)
    has_gradient_head = bool(settings.head.hidden_units) or settings.loss.kind is Loss.FOCAL
    found: Mapping[str, bool] = {
        "the network is taken as the run fine-tuned it; only its head is trained again": is_fine_tuned,
        "the run also tried a head with hidden layers or the focal loss": has_gradient_head,
        "the run also learnt from augmented copies of the pictures": settings.augmentation.is_active,
        "the run chose its best epoch by the metric that matters; here the loss chooses": (
            settings.monitor is Monitor.LEADING
        ),
    }
    return [text for text, applies in found.items() if applies]


def _pictures(dataset: Dataset) -> bytes:
    """Table of the pictures: file in the archive, part of the split, indices of the classes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "split", "classes"])
    pictures, shown = dataset.pictures, dataset.targets > 0.5
    columns = (pictures[name] for name in ("sha256", "extension", "split"))
    for sha256, extension, split, classes in zip(*columns, shown, strict=True):
        file = image_path(Path(PROJECT) / "dataset", sha256, extension).as_posix()
        writer.writerow([file, split, " ".join(map(str, np.flatnonzero(classes)))])
    return text.getvalue().encode()
