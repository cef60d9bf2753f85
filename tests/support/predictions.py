"""Predictions on test pictures, in few words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.data.labels.task import Task
from core.evaluation.metrics.predictions import TestPredictions


def multi_class(
    labels: Sequence[int],
    probabilities: Sequence[Sequence[float]] | None = None,
    *,
    predicted: Sequence[int] = (),
    classes: int | None = None,
    groups: Sequence[int] | None = None,
) -> TestPredictions:
    """Predictions of one class a picture, by probabilities, or by sure answers."""
    number = classes or (len(probabilities[0]) if probabilities else 1 + max(*labels, *predicted))
    each = np.eye(number, dtype=bool)
    given = np.array(probabilities, np.float32) if probabilities else each[list(predicted)].astype(np.float32)
    return TestPredictions(
        task=Task.MULTI_CLASS,
        targets=each[list(labels)],
        predicted=each[given.argmax(axis=1)],
        probabilities=given,
        groups=None if groups is None else np.array(groups),
    )


def multi_label(
    targets: Sequence[Sequence[int]], probabilities: Sequence[Sequence[float]], threshold: float = 0.5
) -> TestPredictions:
    """Predictions of any number of labels a picture."""
    given = np.array(probabilities, np.float32)
    return TestPredictions(
        task=Task.MULTI_LABEL,
        targets=np.array(targets, bool),
        predicted=given >= threshold,
        probabilities=given,
    )
