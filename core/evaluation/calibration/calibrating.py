"""Calibration of a classifier: chosen on validation pictures, measured on test pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.data.labels.task import Task
from core.evaluation.calibration.conformal import (
    PROMISES,
    USUAL_PROMISE,
    PredictionSets,
    class_probabilities_needed,
    in_set,
)
from core.evaluation.calibration.reliability import Reliability, reliability
from core.evaluation.metrics.intervals import Interval, fraction_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class Calibration(Record):
    """Temperatures and prediction sets chosen on the validation pictures, and measured on the test pictures."""

    # each class's; the head's logits are divided by it
    temperatures: tuple[float, ...]
    validation_pictures: int
    # on the test pictures, as trained and as delivered
    before: Reliability
    after: Reliability
    # the promise kept over all classes; with several labels, for each class
    sets: tuple[PredictionSets, ...] = ()

    @property
    def usual_sets(self) -> PredictionSets | None:
        """Prediction sets of the usual promise; None in a report without them."""
        return next((sets for sets in self.sets if sets.promise == USUAL_PROMISE), None)


def measure_calibration(
    validation: TestPredictions, test: TestPredictions, *, raw: np.ndarray, temperatures: np.ndarray
) -> Calibration:
    """Measure probabilities and prediction sets.

    Args:
        validation, test: predictions with the chosen temperatures.
        raw: float32 (n, classes), probabilities of the test pictures at temperature 1.
        temperatures: float64 (classes,).
    """
    return Calibration(
        temperatures=tuple(temperatures.tolist()),
        validation_pictures=len(validation.targets),
        before=reliability(replace(test, probabilities=raw)),
        after=reliability(test),
        sets=tuple(prediction_sets(validation, test, promise) for promise in PROMISES),
    )


@dataclass(frozen=True, kw_only=True)
class ClassCoverage:
    """Coverage of prediction sets on the test pictures that show one class."""

    index: int
    pictures: int
    coverage: float
    interval: Interval


def coverage_by_class(test: TestPredictions, sets: PredictionSets) -> list[ClassCoverage]:
    """Measure the coverage of each class that test pictures show, the lowest first."""
    members, groups = in_set(test.probabilities, np.array(sets.least_probabilities)), test.group_indices
    found = [
        ClassCoverage(
            index=index,
            pictures=int(shows.sum()),
            coverage=float(members[shows, index].mean()),
            interval=fraction_interval(members[shows, index], groups[shows]),
        )
        for index, shows in enumerate(test.targets.T)
        if shows.any()
    ]
    return sorted(found, key=lambda row: row.coverage)


def prediction_sets(
    validation: TestPredictions, test: TestPredictions, promise: float, *, by_class: bool = False
) -> PredictionSets:
    """Choose prediction sets on validation pictures, and measure them on test pictures."""
    needed = class_probabilities_needed(
        validation.targets,
        validation.probabilities,
        promise,
        by_class=by_class or test.task is Task.MULTI_LABEL,
        groups=validation.group_indices,
    )
    members = in_set(test.probabilities, needed)
    pictures, classes = np.nonzero(test.targets)
    is_covered = members[pictures, classes]
    sizes = members.sum(axis=1)
    return PredictionSets(
        promise=promise,
        least_probabilities=tuple(needed.tolist()),
        coverage=float(is_covered.mean()) if len(is_covered) else 1.0,
        coverage_interval=fraction_interval(is_covered, test.group_indices[pictures]),
        mean_size=float(sizes.mean()),
        single=float((sizes == 1).mean()),
        empty=float((sizes == 0).mean()),
    )
