"""Decisions about many pictures at once, by the rules of ``Classifier``: answers, doubts and prediction sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.delivery.files import Labels
from core.evaluation.calibration.conformal import PredictionSets, in_set
from core.evaluation.calibration.selective import certainties
from core.evaluation.report import has_report, read_report
from core.evaluation.thresholds.answers import answered


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Decisions about n pictures."""

    # float32 (n, classes)
    probabilities: np.ndarray
    # bool (n, classes)
    predicted: np.ndarray
    # float64 (n,): probability that the whole answer is right
    confidence: np.ndarray
    # float32 (n,); None: the network gives no score
    stranger_scores: np.ndarray | None
    # bool (n,)
    is_stranger: np.ndarray
    is_unsure: np.ndarray
    # bool (n, classes): classes of the prediction set; None: the run has none
    in_set: np.ndarray | None


def sets_of(run: Path) -> PredictionSets | None:
    """Read the prediction sets of a run's usual promise; None if its probabilities are not calibrated."""
    calibration = read_report(run).calibration if has_report(run) else None
    return calibration.usual_sets if calibration else None


def decide(
    labels: Labels, sets: PredictionSets | None, probabilities: np.ndarray, scores: np.ndarray | None
) -> Decisions:
    """Decide by a run's thresholds and limits.

    Args:
        probabilities: float32 (n, classes).
        scores: float32 (n,), stranger scores.
    """
    count = len(probabilities)
    thresholds = labels.thresholds or (None,) * len(labels.class_names)
    predicted = answered(labels.task, probabilities, thresholds)
    confidence = certainties(labels.task, probabilities, predicted)
    limit, least = labels.stranger_limit, labels.least_confidence
    nobody = np.zeros(count, bool)
    return Decisions(
        probabilities=probabilities,
        predicted=predicted,
        confidence=confidence,
        stranger_scores=scores,
        is_stranger=nobody if limit is None or scores is None else scores.astype(np.float64) > limit,
        is_unsure=nobody if least is None else confidence < least,
        in_set=None if sets is None else in_set(probabilities, np.array(sets.least_probabilities)),
    )
