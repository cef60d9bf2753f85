"""The bake-off: which backbone suits these pictures, found by trying those that are here.

Each one's features go into the linear heads of the recipe *quick*; what counts is
the accuracy on validation pictures, the time for one picture and the size. The
test pictures are not looked at. Of a large dataset a sample is enough.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.errors import ConfigError, DarkroomError, WeightsError
from core.messages import N_
from core.models.backbones import BACKBONES, Backbone, WeightsSource, get_backbone
from core.models.costs import pictures_per_second
from core.models.head import HeadWeights, mean_of_quarters
from core.models.litert.conversion import cached_engine, feature_engine
from core.models.litert.engine import Engine
from core.models.speeds import measured_speeds
from core.models.weights.store import weights_ready
from core.progress import PartOf, Progress, Stage, raise_if_stopped
from core.statistics import wilson_interval
from core.training.bakeoff.results import (
    BakeOff,
    Entry,
    Sample,
    Turn,
    read_bake_off,
    sensible_choice,
    write_bake_off,
)
from core.training.config import DEFAULT_EPOCHS, Recipe
from core.training.features import cached_features, count_missing
from core.training.heads.linear import EpochScores, FeatureSet, fit_linear_head
from core.training.heads.selection import HeadSelection
from core.training.job import require_all_splits
from core.workspace import project_of

MOST_TRAINING, MOST_VALIDATION = 2000, 1000  # pictures that a bake-off looks at
_SEED = 0
_CONVERSION_SECONDS, _HEAD_SECONDS, _LATENCY_SECONDS = 15.0, 4.0, 1.5
_WARM_UP_RUNS, _LEAST_RUNS, _MOST_RUNS = 3, 5, 50


def bake_off(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Try ``config["backbones"]`` on the version ``config["version"]``; what is measured is kept at once.

    A backbone that cannot be tried (a damaged file) is left out, with the reason.

    Raises:
        DarkroomError: none of them could be tried, or there is too little to learn from.
    """
    project = project_of(directory)
    dataset = open_dataset(project, int(config["version"]))
    require_all_splits(dataset)
    pictures = tried_pictures(dataset)
    found = _comparable(read_bake_off(project), _sample(pictures))
    backbones = [get_backbone(key) for key in config["backbones"]]
    left_out: list[dict[str, Any]] = []
    shares = np.cumsum([0.0, *(_seconds_of(pictures, one) for one in backbones)])
    progress.plan({Stage.COMPARING: float(shares[-1])})
    progress.stage(Stage.COMPARING)
    for place, backbone in enumerate(backbones):
        progress.live(asdict(Turn(backbone=backbone.key, place=place + 1, of=len(backbones))))
        if not _is_measured(found, backbone, directory.name):
            part = _WithoutStages(progress, *(shares[place : place + 2] / shares[-1]))
            try:
                found = found.with_entry(_measured(backbone, pictures, directory.name, part))
            except DarkroomError as error:
                if len(left_out) == len(backbones) - 1:
                    raise
                left_out.append({"backbone": backbone.key, "reason": error.message.to_json()})
                continue
            write_bake_off(project, found)
        progress.keep(_result(found, directory.name, left_out))
    return _result(found, directory.name, left_out)


def backbones_to_try(keys: Sequence[str] | None = None) -> list[str]:
    """The keys of those that can be tried, the fastest first.

    Args:
        keys: only these; None: all whose weights are on this machine.
    Raises:
        ConfigError: one is unknown or has no pretrained weights.
        WeightsError: the weights of one are not here, or of all.
    """
    backbones = [_required(key) for key in dict.fromkeys(keys)] if keys is not None else _those_here()
    if not backbones:
        raise WeightsError(N_("There are no pretrained weights on this computer. Download some first."))
    speeds = measured_speeds()
    return [one.key for one in sorted(backbones, key=lambda one: -pictures_per_second(one, speeds))]


def expected_bake_off_seconds(dataset: Dataset, keys: Sequence[str]) -> float:
    """About how long trying these backbones takes; what is cached already takes no time."""
    pictures = tried_pictures(dataset)
    return sum(_seconds_of(pictures, get_backbone(key)) for key in keys)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """The pictures of a dataset that backbones are tried on: all that train or validate, or a part."""

    dataset: Dataset
    training: np.ndarray  # int64 row numbers
    validation: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """int64: first those that train, then those that validate."""
        return np.concatenate([self.training, self.validation])

    @cached_property
    def alone(self) -> Dataset:
        """These pictures as a dataset of their own."""
        return replace(self.dataset, pictures=self.dataset.pictures.iloc[self.rows])


def tried_pictures(dataset: Dataset) -> Tried:
    """The training and validation pictures to try backbones on; of many, a stratified part."""
    return Tried(
        dataset=dataset,
        training=_some(dataset, dataset.rows(Split.TRAIN), MOST_TRAINING),
        validation=_some(dataset, dataset.rows(Split.VALIDATION), MOST_VALIDATION),
    )


def _some(dataset: Dataset, rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the rows, every class by its share and none without a picture."""
    if len(rows) <= most:
        return rows
    shuffled = np.random.default_rng(_SEED).permutation(rows)
    drawn = dataset.pictures.iloc[shuffled]["label"]
    by_class = drawn.groupby(drawn)
    # A class's first picture has 0, its last nearly 1: below any limit lies the same share of each class.
    place = by_class.cumcount().to_numpy() / by_class.transform("size").to_numpy()
    return np.sort(shuffled[np.argsort(place, kind="stable")[:most]])


def _sample(pictures: Tried) -> Sample:
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


def _is_measured(found: BakeOff, backbone: Backbone, job: str) -> bool:
    """Whether this very job measured it before it was interrupted."""
    return any((entry.backbone, entry.job) == (backbone.key, job) for entry in found.entries)


def _measured(backbone: Backbone, pictures: Tried, job: str, progress: Progress) -> Entry:
    began = time.monotonic()
    engine = feature_engine(backbone)
    raise_if_stopped(progress)
    features = cached_features(pictures.dataset, engine, progress, speed_key=backbone.key, rows=pictures.rows)
    best = _best_scores(pictures, features, progress)
    count = len(pictures.validation)
    return Entry(
        backbone=backbone.key,
        job=job,
        validation_accuracy=best.validation_accuracy,
        interval=wilson_interval(round(best.validation_accuracy * count), count),
        validation_loss=best.validation_loss,
        milliseconds=round(milliseconds_a_picture(engine, progress), 3),
        bytes=engine.stat().st_size,
        seconds=round(time.monotonic() - began, 2),
    )


def _best_scores(pictures: Tried, features: np.ndarray, progress: Progress) -> EpochScores:
    """The scores of the head that the recipe *quick* would keep.

    Args:
        features: float32 (n, QUARTERS * F), in the order of ``pictures.rows``.
    """
    epochs = DEFAULT_EPOCHS[Recipe.QUICK] // 2
    choice, eligible = HeadSelection(), list[EpochScores]()

    def add(scores: EpochScores, head: HeadWeights, l2: float) -> None:
        if choice.may_be_best(scores):
            eligible.append(scores)
        raise_if_stopped(progress)

    targets, first = pictures.dataset.targets[pictures.rows], len(pictures.training)
    for richer in (mean_of_quarters(features), features):
        train = FeatureSet(features=richer[:first], targets=targets[:first])
        validation = FeatureSet(features=richer[first:], targets=targets[first:])
        choice.begin()
        fit_linear_head(train, validation, epochs=epochs, on_epoch=add, task=pictures.dataset.task)
    return min(eligible, key=lambda scores: scores.validation_loss)


def milliseconds_a_picture(engine: Path, progress: Progress) -> float:
    """The median time that a warm engine takes for one picture, decoding not counted."""
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


def _result(found: BakeOff, job: str, left_out: list[dict[str, Any]]) -> dict[str, Any]:
    entries = [entry for entry in found.entries if entry.job == job]
    choice = sensible_choice(entries)
    return {
        "sample": asdict(found.sample),
        "bakeoff": [asdict(entry) for entry in entries],
        "choice": choice.backbone if choice else None,
        "reason": choice.reason.to_json() if choice else None,
        "left_out": left_out,
    }


def _seconds_of(pictures: Tried, backbone: Backbone) -> float:
    engine = cached_engine(backbone)
    missing = count_missing(pictures.alone, engine)
    looking = missing / pictures_per_second(backbone, measured_speeds())
    return looking + _HEAD_SECONDS + _LATENCY_SECONDS + (0.0 if engine else _CONVERSION_SECONDS)


def _those_here() -> list[Backbone]:
    return [one for one in BACKBONES.values() if one.weights is not WeightsSource.NONE and weights_ready(one)]


def _required(key: str) -> Backbone:
    backbone = get_backbone(key)
    if backbone.weights is WeightsSource.NONE:
        raise ConfigError(
            N_("{name} has no pretrained weights, so there is nothing to try before it is trained."),
            name=backbone.name,
        )
    if not weights_ready(backbone):
        raise WeightsError(
            N_("The weights of {name} are not on this computer yet. Download them on the Model page first."),
            name=backbone.name,
        )
    return backbone


class _WithoutStages(PartOf):
    """Part of one stage: what works in it may name stages of its own, which are not told."""

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None: ...

    def stage(self, stage: Stage) -> None: ...
