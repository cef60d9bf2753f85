"""Predictions on validation and test pictures as a table, one row a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.data.dataset import Dataset
from core.data.labels.label_sets import joined_labels
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.metrics.predictions import most_probable


def prediction_table(
    dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray | None = None
) -> pd.DataFrame:
    """One row a picture: ``id``, ``split``, ``label``, ``predicted``, ``confidence``, ``probabilities``.

    In a multi-label dataset, both labels name only classes that are learnt, and the
    confidence is the probability that all of them are right. Of a picture without an answer,
    whose probabilities are NaN, the confidence is NaN.

    Args:
        rows: int64 row numbers of the pictures.
        probabilities: float32, shape (len(rows), classes).
        thresholds: float, shape (classes,), of a multi-label dataset.
    """
    pictures, names = dataset.pictures.iloc[rows], dataset.class_names
    if thresholds is None:
        labels = pictures["label"].tolist()
        predicted = class_labels(most_probable(probabilities), names)
        confidence = probabilities.max(axis=1)
    else:
        labels = joined_labels(dataset.targets[rows] > 0.5, names)
        predicted = joined_labels(probabilities >= thresholds, names)
        confidence = answer_certainty(probabilities, thresholds)
    return pd.DataFrame(
        {
            "id": pictures["id"].to_numpy(),
            "split": pictures["split"].to_numpy(),
            "label": labels,
            "predicted": predicted,
            "confidence": confidence,
            "probabilities": list(probabilities.astype(np.float32)),
        }
    )


def answer_labels(task: Task, predicted: np.ndarray, names: Sequence[str]) -> list[str]:
    """Name the answer of each row, bool (n, classes): the one class, or its labels as one text."""
    return joined_labels(predicted, names) if task is Task.MULTI_LABEL else class_labels(predicted, names)


def class_labels(shown: np.ndarray, names: Sequence[str]) -> list[str]:
    """Name the one class of each row, bool (n, classes); "" for a row without an answer."""
    return [names[row.argmax()] if row.any() else "" for row in shown]


def answer_certainty(probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Probability that every class is predicted right, if classes were independent: float (n,)."""
    answered = probabilities >= thresholds
    certainty: np.ndarray = np.where(answered, probabilities, 1 - probabilities).prod(axis=1)
    return certainty


def worst_mistakes(predictions: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Wrongly classified test pictures, the most confident mistakes first."""
    test = predictions[predictions["split"] == Split.TEST.value]
    # Without an answer no class was mistaken for another.
    wrong = test[(test["label"] != test["predicted"]) & test["confidence"].notna()]
    return wrong.sort_values("confidence", ascending=False, kind="stable").head(limit)
