"""Facts about a delivered classifier that travel inside its export files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core import __version__
from core.data.dataset import Dataset
from core.delivery.files import Labels, read_labels
from core.evaluation.answers_in_use import report_in_use
from core.evaluation.ensemble import run_backbones
from core.evaluation.evaluated_run import EvaluatedRun
from core.files import digest_of
from core.records import Record

_PREPROCESSING = (
    "Turn the picture upright by its EXIF orientation, convert its colours to sRGB, put transparency on white, "
    "and stretch it to {size} x {size} pixels. The network takes these pixels as they are: uint8 RGB, 0 to 255, "
    "in the order (picture, row, column, colour). All further preprocessing is inside."
)


@dataclass(frozen=True, kw_only=True)
class BackboneFacts(Record):
    """Network that was trained further."""

    key: str
    name: str
    # the publication
    source: str
    # of its pretrained weights; "" for a network that was trained from scratch
    licence: str


@dataclass(frozen=True, kw_only=True)
class MeasuredMetric(Record):
    """One metric on the test pictures."""

    # of ``evaluation.metrics.table``
    code: str
    value: float
    # 95%; None where it is undefined
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class ModelFacts(Labels):
    """Labels, and what is known about the classifier; formats embed them as JSON."""

    darkroom: str
    # English, for readers of a file's metadata
    preprocessing: str
    # Of each class: its logit was divided by it, inside the network already. None: an older run.
    temperatures: tuple[float, ...] | None = None
    dataset_version: int
    # of contents, labels and split of the pictures
    dataset_digest: str
    test_pictures: int
    metrics: tuple[MeasuredMetric, ...]
    # of a committee and of an ensemble several
    backbones: tuple[BackboneFacts, ...]


def read_facts(run: Path) -> ModelFacts:
    """Collect the facts about a run's classifier; its metrics are those of the thresholds in use.

    Raises:
        NotFoundError: the run is not evaluated, or its version of the pictures was erased.
    """
    evaluated, labels = EvaluatedRun.open(run), read_labels(run)
    report = report_in_use(evaluated)
    return ModelFacts(
        **vars(labels),
        darkroom=__version__,
        preprocessing=_PREPROCESSING.format(size=labels.input_size),
        temperatures=report.calibration.temperatures if report.calibration else None,
        dataset_version=evaluated.dataset.version,
        dataset_digest=digest_of_pictures(evaluated.dataset),
        test_pictures=report.pictures,
        metrics=tuple(
            MeasuredMetric(code=code, value=value, interval=report.intervals.get(code))
            for code, value in report.metrics.items()
        ),
        backbones=_backbones(run),
    )


def digest_of_pictures(dataset: Dataset) -> str:
    """Digest of contents, labels and split of the pictures that a classifier learns from."""
    columns = dataset.pictures[["sha256", "label", "split"]]
    return digest_of(sorted(columns.itertuples(index=False, name=None)))


def _backbones(run: Path) -> tuple[BackboneFacts, ...]:
    return tuple(
        BackboneFacts(key=backbone.key, name=backbone.name, source=backbone.source, licence=backbone.licence)
        for backbone in run_backbones(run)
    )
