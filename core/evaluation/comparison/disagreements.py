"""Pictures for which two classifiers give different answers."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import pandas as pd

from core.data.labels.label_sets import joined_labels
from core.data.labels.task import Task
from core.evaluation.comparison.pairing import Pairing
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.predictions import class_labels


class Change(StrEnum):
    """Difference of two classifiers' answers for one picture."""

    FIXED = "fixed"  # only the second is right
    BROKEN = "broken"  # only the first is right
    BOTH_WRONG = "both_wrong"  # with different answers


def disagreements(pairing: Pairing) -> pd.DataFrame:
    """Pictures with different answers, the surest answers of the second classifier first.

    Returns:
        One row a picture: ``id``, ``change`` (a ``Change``), ``label``, ``first`` and ``second`` (the
        answers), ``first_confidence`` and ``second_confidence`` (probability of the answer; of a
        multi-label picture that of its most probable class).
    """
    first, second = pairing.first, pairing.second
    rows = np.flatnonzero((first.predicted != second.predicted).any(axis=1))
    was_right, is_right = first.exact_matches[rows], second.exact_matches[rows]
    change = np.select([is_right, was_right], [Change.FIXED, Change.BROKEN], Change.BOTH_WRONG)
    table = pd.DataFrame(
        {
            "id": pairing.ids[rows],
            "change": change,
            "label": _labels(first.task, first.targets[rows], pairing.class_names),
            "first": _labels(first.task, first.predicted[rows], pairing.class_names),
            "second": _labels(first.task, second.predicted[rows], pairing.class_names),
            "first_confidence": _confidence(first, rows),
            "second_confidence": _confidence(second, rows),
        }
    )
    return table.sort_values("second_confidence", ascending=False, kind="stable", ignore_index=True)


def _labels(task: Task, shown: np.ndarray, names: tuple[str, ...]) -> list[str]:
    if task is Task.MULTI_LABEL:
        return list(joined_labels(shown, names))
    return class_labels(shown, names)


def _confidence(test: TestPredictions, rows: np.ndarray) -> np.ndarray:
    confidence: np.ndarray = test.probabilities[rows].max(axis=1, initial=0)
    return confidence
