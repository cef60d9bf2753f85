"""Ensembles: the weighted mean of several runs' calibrated probabilities, and its gain.

The gain over the best member is measured on the validation pictures, which also choose that
member, and confirmed on the test pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.errors import EvaluationError
from core.evaluation.assessment import answer_thresholds
from core.evaluation.comparison.differences import MetricDifference, Verdict, leading_difference
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import Leading
from core.evaluation.metrics.predictions import TestPredictions
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.messages import N_
from core.models.backbones import Backbone, get_backbone
from core.models.views import PLAIN, find_view_set
from core.records import Record
from core.training.config import TrainingConfig

MIN_MEMBERS, MAX_MEMBERS = 2, 8


@dataclass(frozen=True, kw_only=True)
class EnsembleConfig(Record):
    """Settings of an ensemble, stored as its run's ``config.json``."""

    # whose validation and test pictures it is evaluated on
    dataset_version: int
    # names of runs of the same project
    members: tuple[str, ...]
    # of each member; they sum to 1
    weights: tuple[float, ...]
    # of the members, each once
    backbones: tuple[str, ...]
    # of the member with the largest pictures: pixels a side
    input_size: int
    # Code of the view set of ``core.models.views`` whose answers are averaged.
    views: str = PLAIN.code

    def __post_init__(self) -> None:
        find_view_set(self.views)


def ensemble_config(run: Path) -> EnsembleConfig:
    """Read the settings of an ensemble by its directory."""
    return EnsembleConfig.from_json(JobDirectory(run).config())


def run_backbones(run: Path) -> tuple[Backbone, ...]:
    """Backbones of a run, each once: of a committee its members, of an ensemble those of its members."""
    job = JobDirectory(run)
    if job.kind is JobKind.ENSEMBLE:
        keys = ensemble_config(run).backbones
    else:
        keys = (TrainingConfig.from_json(job.config()).backbone,)
    return tuple(dict.fromkeys(part for key in keys for part in get_backbone(key).parts))


class Gain(StrEnum):
    """Result of an ensemble against its best member."""

    NONE = "none"  # not better on validation
    CONFIRMED = "confirmed"  # better on validation, and surely better on the test pictures
    UNCONFIRMED = "unconfirmed"  # better on validation, but on the test pictures it may be chance
    REFUTED = "refuted"  # better on validation, and surely worse on the test pictures


@dataclass(frozen=True, kw_only=True)
class EnsembleGain(Record):
    """An ensemble against the member that is best on validation."""

    best: str  # name of that run
    validation: MetricDifference
    test: MetricDifference
    gain: Gain


def normalised_weights(members: int, weights: Sequence[float] = ()) -> tuple[float, ...]:
    """Scale weights so that they sum to 1; without any, all members have the same.

    Raises:
        EvaluationError: there is not one for each member, one is negative, or fewer than two are above 0.
    """
    values = np.asarray(weights or [1.0] * members, float)
    if len(values) != members or not np.isfinite(values).all() or (values < 0).any():
        raise EvaluationError(N_("An ensemble needs one weight for each member, none below 0."))
    if (values > 0).sum() < MIN_MEMBERS:
        raise EvaluationError(N_("An ensemble needs at least two members with a weight above 0."))
    return tuple((values / values.sum()).tolist())


def require_alike(members: Sequence[EvaluatedRun]) -> None:
    """Check that runs can be averaged: same classes, range of pixels, and test and validation pictures.

    Raises:
        EvaluationError: two of them differ.
    """
    if not MIN_MEMBERS <= len(members) <= MAX_MEMBERS:
        raise EvaluationError(
            N_("An ensemble has {least} to {most} members, not {count}."),
            least=MIN_MEMBERS,
            most=MAX_MEMBERS,
            count=len(members),
        )
    first = members[0]
    for other in members[1:]:
        for differs, template in (
            (other.dataset.class_names != first.dataset.class_names, _OTHER_CLASSES),
            (_decoding(other) != _decoding(first), _OTHER_RANGE),
            (not _have_same_pictures(first, other), _OTHER_PICTURES),
        ):
            if differs:
                raise EvaluationError(template, one=first.run.name, other=other.run.name)


_OTHER_CLASSES = N_(
    "“{one}” and “{other}” know different classes, so their answers cannot be averaged. Train the older one again."
)
_OTHER_RANGE = N_(
    "“{one}” and “{other}” map pictures with more than 8 bits or many channels differently, so they cannot be one classifier."
)
_OTHER_PICTURES = N_(
    "“{one}” and “{other}” have different validation or test pictures or labels, so the ensemble could not be tested fairly. Train the older one again."
)


def averaged(
    members: Sequence[EvaluatedRun], weights: Sequence[float]
) -> tuple[TestPredictions, TestPredictions]:
    """Average the members' probabilities: predictions for validation and test pictures."""
    newest = max(members, key=lambda member: member.dataset.version)
    dataset, rows, of_test = newest.dataset, newest.rows(Split.VALIDATION), newest.rows(Split.TEST)
    validation = _mean([member.validation for member in members], weights)
    test = _mean([member.test for member in members], weights)
    thresholds = answer_thresholds(dataset, rows, validation)
    return (
        TestPredictions.of(dataset, rows, validation, thresholds),
        TestPredictions.of(dataset, of_test, test, thresholds),
    )


def ensemble_gain(
    members: Sequence[EvaluatedRun], leading: Leading, weights: Sequence[float] = ()
) -> EnsembleGain:
    """Measure an ensemble by the leading metric against its best member.

    Raises:
        EvaluationError: the members cannot be averaged.
    """
    require_alike(members)
    validation, test = averaged(members, normalised_weights(len(members), weights))
    # The best member: that to which the ensemble gains least.
    gains = [
        leading_difference(leading, _grouped_like(member.validation, validation), validation)
        for member in members
    ]
    best, on_validation = min(zip(members, gains, strict=True), key=lambda pair: pair[1].gain)
    on_test = leading_difference(leading, _grouped_like(best.test, test), test)
    return EnsembleGain(
        best=best.run.name,
        validation=on_validation,
        test=on_test,
        gain=gain_of(on_validation, on_test),
    )


def gain_of(validation: MetricDifference, test: MetricDifference) -> Gain:
    """Judge an ensemble by its difference to the best member, first on validation, then on test pictures."""
    if not validation.gain > 0:
        return Gain.NONE
    confirmed = {Verdict.BETTER: Gain.CONFIRMED, Verdict.WORSE: Gain.REFUTED}
    return confirmed.get(test.verdict, Gain.UNCONFIRMED)


def _grouped_like(one: TestPredictions, other: TestPredictions) -> TestPredictions:
    """The same predictions in the groups of the other's; later pictures can have joined groups."""
    return replace(one, groups=other.groups)


def _mean(predictions: Sequence[TestPredictions], weights: Sequence[float]) -> np.ndarray:
    """Weighted mean of probabilities, float32 (n, classes)."""
    mean: np.ndarray = np.average([one.probabilities for one in predictions], axis=0, weights=weights).astype(
        np.float32
    )
    return mean


def _decoding(member: EvaluatedRun) -> tuple[object, ...]:
    dataset = member.dataset
    return dataset.pixel_range, dataset.measured_range, dataset.channels, dataset.task


def _have_same_pictures(one: EvaluatedRun, other: EvaluatedRun) -> bool:
    """True if both have the same validation and test pictures, in the same order, with the same labels."""
    for split in (Split.VALIDATION, Split.TEST):
        columns = [
            member.dataset.pictures[["id", "label"]].iloc[member.rows(split)].to_numpy().tolist()
            for member in (one, other)
        ]
        if columns[0] != columns[1]:
            return False
    return True
