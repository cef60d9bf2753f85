"""Bake-off job: compares the backbones on this machine on a dataset.

Each backbone's features go into the linear heads of the recipe *quick*. Compared are
validation accuracy, time per picture and size. Test pictures are not used; of a large
dataset a sample is enough.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.errors import ConfigError, DarkroomError, WeightsError
from core.messages import N_
from core.models.backbones import BACKBONES, Backbone, WeightsSource, backbones_of, get_backbone
from core.models.costs import pictures_per_second
from core.models.guidance import two_at_once
from core.models.litert.conversion import cached_engine, feature_engine
from core.models.litert.engine import Engine
from core.models.speeds import measured_speeds
from core.models.weights.store import is_pretrained_here, weights_ready
from core.progress import PartOf, Progress, Stage, raise_if_stopped
from core.records import JsonObject
from core.statistics import effective_count, wilson_interval
from core.training.bakeoff.results import (
    BakeOff,
    BakeOffResult,
    Entry,
    LeftOut,
    Sample,
    Turn,
    read_bake_off,
    sensible_choice,
    write_bake_off,
)
from core.training.config import DEFAULT_EPOCHS, Recipe
from core.training.cost.estimate import feature_seconds
from core.training.features.cache import cached_features
from core.training.heads.best import BestHead, fit_best_head
from core.training.heads.data import HeadData
from core.training.heads.linear import FeatureSet
from core.training.job import require_all_splits
from core.training.phases import Phase
from core.training.scores import score_logits
from core.workspace import Project, project_of

MOST_TRAINING, MOST_VALIDATION = 2000, 1000  # pictures of a sample
_SEED = 0
_CONVERSION_SECONDS, _HEAD_SECONDS, _LATENCY_SECONDS = 15.0, 4.0, 1.5
_WARM_UP_RUNS, _LEAST_RUNS, _MOST_RUNS = 3, 5, 50


def bake_off(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Measure ``config["backbones"]`` on the version ``config["version"]``; each result is written at once.

    A backbone that fails (a damaged file) is left out, with the reason.

    Raises:
        DarkroomError: every backbone failed, or the dataset is too small.
    """
    project = project_of(directory)
    dataset = open_dataset(project, int(config["version"]))
    require_all_splits(dataset)
    pictures = sampled_pictures(dataset)
    results = _comparable(read_bake_off(project), _sample(pictures))
    backbones = [get_backbone(key) for key in config["backbones"]]
    left_out: list[LeftOut] = []
    shares = np.cumsum([0.0, *(_seconds_of(pictures, one) for one in backbones)])
    progress.plan({Stage.COMPARING: float(shares[-1])})
    progress.stage(Stage.COMPARING)
    for index, backbone in enumerate(backbones):
        turn = Turn(backbone=backbone.key, position=index + 1, count=len(backbones))
        progress.live(turn.to_json())
        if not _is_measured(results, backbone, directory.name):
            part = _HiddenStages(progress, *(shares[index : index + 2] / shares[-1]))
            try:
                results = results.with_entry(_measured(backbone, pictures, directory.name, part))
            except DarkroomError as error:
                if len(left_out) == len(backbones) - 1:
                    raise
                left_out.append(LeftOut(backbone=backbone.key, reason=error.message))
                continue
            write_bake_off(project, results)
        progress.keep(_result(results, directory.name, left_out))
    return _result(results, directory.name, left_out)


def backbones_to_try(keys: Sequence[str] | None = None) -> list[str]:
    """Return the keys of backbones that can be compared, the fastest first.

    Args:
        keys: only these; None: all whose weights are on this machine.
    Raises:
        ConfigError: a backbone is unknown or has no pretrained weights.
        WeightsError: the weights of a backbone, or of all, are not on this machine.
    """
    backbones = [_required(key) for key in dict.fromkeys(keys)] if keys is not None else _those_here()
    if not backbones:
        raise WeightsError(N_("There are no pretrained weights on this computer. Download some first."))
    speeds = measured_speeds()
    return [one.key for one in sorted(backbones, key=lambda one: -pictures_per_second(one, speeds))]


def usual_contestants(project: Project | None = None) -> list[str]:
    """Return the keys of all backbones that can be compared, the fastest first, and of two at once.

    Those that were adapted to the pictures of a given project are among them.

    Raises:
        WeightsError: no weights are on this machine.
    """
    keys = backbones_to_try()
    adapted = [backbone.key for backbone in (backbones_of(project) if project else [])]
    committee = two_at_once(keys)
    return [*keys, *adapted, *([committee.key] if committee else [])]


def expected_bake_off_seconds(dataset: Dataset, keys: Sequence[str]) -> float:
    """Estimate the seconds of a bake-off; cached features take no time."""
    pictures = sampled_pictures(dataset)
    return sum(_seconds_of(pictures, get_backbone(key)) for key in keys)


@dataclass(frozen=True, kw_only=True)
class SampledPictures:
    """Training and validation pictures that backbones are compared on: all of a dataset, or a sample."""

    dataset: Dataset
    training: np.ndarray  # int64 row numbers
    validation: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Row numbers int64: training pictures, then validation pictures."""
        return np.concatenate([self.training, self.validation])

    @cached_property
    def alone(self) -> Dataset:
        """The sample as a dataset of its own."""
        return replace(self.dataset, pictures=self.dataset.pictures.iloc[self.rows])


def sampled_pictures(dataset: Dataset) -> SampledPictures:
    """Return the pictures to compare backbones on; of a large dataset, a stratified sample."""
    return SampledPictures(
        dataset=dataset,
        training=_some(dataset, dataset.rows(Split.TRAIN), MOST_TRAINING),
        validation=_some(dataset, dataset.rows(Split.VALIDATION), MOST_VALIDATION),
    )


def _some(dataset: Dataset, rows: np.ndarray, most: int) -> np.ndarray:
    """Sample at most ``most`` rows, stratified by class, with at least one picture of each."""
    if len(rows) <= most:
        return rows
    shuffled = np.random.default_rng(_SEED).permutation(rows)
    drawn = dataset.pictures.iloc[shuffled]["label"]
    by_class = drawn.groupby(drawn)
    # A class's first picture has 0, its last nearly 1: below any limit lies the same share of each class.
    position = by_class.cumcount().to_numpy() / by_class.transform("size").to_numpy()
    return np.sort(shuffled[np.argsort(position, kind="stable")[:most]])


def _sample(pictures: SampledPictures) -> Sample:
    dataset = pictures.dataset
    return Sample(
        digest=pictures.alone.digest,
        version=dataset.version,
        training=len(pictures.training),
        validation=len(pictures.validation),
        all_training=len(dataset.rows(Split.TRAIN)),
        all_validation=len(dataset.rows(Split.VALIDATION)),
    )


def _comparable(earlier: BakeOff | None, sample: Sample) -> BakeOff:
    return earlier if earlier and earlier.sample == sample else BakeOff(sample=sample)


def _is_measured(results: BakeOff, backbone: Backbone, job: str) -> bool:
    """Return True if this job measured the backbone before it was interrupted."""
    return any((entry.backbone, entry.job) == (backbone.key, job) for entry in results.entries)


def _measured(backbone: Backbone, pictures: SampledPictures, job: str, progress: Progress) -> Entry:
    began = time.monotonic()
    engine = feature_engine(backbone)
    raise_if_stopped(progress)
    features = cached_features(pictures.dataset, engine, progress, timed=backbone, rows=pictures.rows)
    best = _best_head(pictures, features, progress)
    return Entry(
        backbone=backbone.key,
        job=job,
        validation_accuracy=best.scores.validation_accuracy,
        interval=_interval(pictures, best.validation_logits),
        validation_loss=best.scores.validation_loss,
        milliseconds=round(milliseconds_a_picture(engine, progress), 3),
        bytes=engine.stat().st_size,
        seconds=round(time.monotonic() - began, 2),
    )


def _interval(pictures: SampledPictures, logits: np.ndarray) -> tuple[float, float]:
    """Return the 95% interval of the accuracy by the effective number of validation pictures.

    Args:
        logits: float32 (v, C).
    """
    dataset, rows = pictures.dataset, pictures.validation
    correct = score_logits(logits, dataset.targets[rows], dataset.task).correct
    effective = effective_count(correct, dataset.groups[rows])
    return wilson_interval(int(correct.sum()) * (effective / len(correct)), effective)


def _best_head(pictures: SampledPictures, features: np.ndarray, progress: Progress) -> BestHead:
    """Return the head that the recipe *quick* would select.

    Args:
        features: float32 (n, GRID_CELLS * F), in the order of ``pictures.rows``.
    """
    targets, first = pictures.dataset.targets[pictures.rows], len(pictures.training)
    data = HeadData(
        train=FeatureSet(features=features[:first], targets=targets[:first]),
        validation=FeatureSet(
            features=features[first:],
            targets=targets[first:],
            groups=pictures.dataset.groups[pictures.validation],
        ),
        is_reduced=False,
    )
    return fit_best_head(
        data,
        (Phase.GLOBAL_POOLING, Phase.GRID_POOLING),
        task=pictures.dataset.task,
        epochs=DEFAULT_EPOCHS[Recipe.QUICK] // 2,
        check=lambda: raise_if_stopped(progress),
    )


def milliseconds_a_picture(engine: Path, progress: Progress) -> float:
    """Return the median time of a warm engine for one picture, without decoding."""
    network = Engine(engine)
    size = network.input_size
    picture = np.random.default_rng(_SEED).integers(0, 256, (1, size, size, 3), dtype=np.uint8)
    for _ in range(_WARM_UP_RUNS):
        network.run(picture)
    times: list[float] = []
    while len(times) < _LEAST_RUNS or (len(times) < _MOST_RUNS and sum(times) < _LATENCY_SECONDS):
        raise_if_stopped(progress)
        began = time.perf_counter()
        network.run(picture)
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


def _result(results: BakeOff, job: str, left_out: list[LeftOut]) -> JsonObject:
    entries = [entry for entry in results.entries if entry.job == job]
    choice = sensible_choice(entries)
    return BakeOffResult(
        sample=results.sample,
        bakeoff=tuple(entries),
        choice=choice.backbone if choice else None,
        reason=choice.reason if choice else None,
        left_out=tuple(left_out),
    ).to_json()


def _seconds_of(pictures: SampledPictures, backbone: Backbone) -> float:
    engine = cached_engine(backbone)
    extracting = feature_seconds(pictures.alone, backbone)
    return extracting + _HEAD_SECONDS + _LATENCY_SECONDS + (0.0 if engine else _CONVERSION_SECONDS)


def _those_here() -> list[Backbone]:
    return [one for one in BACKBONES.values() if is_pretrained_here(one)]


def _required(key: str) -> Backbone:
    backbone = get_backbone(key)
    if backbone.weights is WeightsSource.NONE:
        raise ConfigError(
            N_("{name} has no pretrained weights, so there is nothing to try before it is trained."),
            name=backbone.name,
        )
    for part in backbone.parts:
        if not weights_ready(part):
            raise WeightsError(
                N_(
                    "The weights of {name} are not on this computer yet. Download them on the Model page first."
                ),
                name=part.name,
            )
    return backbone


class _HiddenStages(PartOf):
    """Part of one stage; stages and plans of the work in it are not reported."""

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None: ...

    def stage(self, stage: Stage) -> None: ...
