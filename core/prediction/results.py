"""Results of a batch for the page: a table with one row a picture, its selections and counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.labels.label_sets import SEPARATOR, label_names
from core.data.labels.task import Task
from core.prediction.batch.batches import Batch
from core.prediction.batch.files.rows import Status

_STORED = (
    *("source", "path", "sha256", "error", "error_values", "misfit", "predicted", "confidence"),
    *("prediction_set", "is_stranger", "is_unsure"),
)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Conditions on the rows of a table of results; None: any."""

    status: Status | None = None
    class_name: str | None = None
    least_confidence: float = 0.0
    most_confidence: float = 1.0


def results_of(batch: Batch) -> pd.DataFrame:
    """Read the answers of a batch so far.

    Returns:
        ``source``, ``path``, ``sha256``, ``error``, ``error_values``, ``misfit`` and ``confidence`` as
        ``answer_table`` describes them; ``answer`` ("" without one), ``set`` (its classes as one
        text) and ``status``.
    """
    rows = batch.answers(_STORED)
    status = np.select(
        [rows["error"].notna(), rows["is_stranger"].astype(bool), rows["is_unsure"].astype(bool)],
        [Status.UNREADABLE.value, Status.STRANGER.value, Status.UNSURE.value],
        Status.ANSWERED.value,
    )
    sets = ["" if members is None else SEPARATOR.join(members) for members in rows["prediction_set"]]
    table = rows.assign(status=status, set=sets, answer=rows["predicted"].fillna(""))
    return table.drop(columns=["predicted", "prediction_set", "is_stranger", "is_unsure"])


def chosen_rows(results: pd.DataFrame, selection: Selection, task: Task) -> np.ndarray:
    """Rows that meet all conditions, int64, in their order.

    Unreadable pictures have no confidence; they are left out where a part of the confidences is chosen.
    """
    matching = np.ones(len(results), bool)
    if selection.status is not None:
        matching &= (results["status"] == selection.status.value).to_numpy()
    if selection.class_name is not None:
        matching &= _shows(results["answer"], selection.class_name, task)
    if (selection.least_confidence, selection.most_confidence) != (0.0, 1.0):
        confidence = results["confidence"].to_numpy(float)
        matching &= (confidence >= selection.least_confidence) & (confidence <= selection.most_confidence)
    return np.flatnonzero(matching)


def status_counts(results: pd.DataFrame) -> Counter[Status]:
    return Counter(Status(status) for status in results["status"])


def class_counts(results: pd.DataFrame, status: Status, task: Task) -> Counter[str]:
    """Number of pictures with each class, among those of one status."""
    answers = results["answer"][results["status"] == status.value]
    return Counter(name for answer in answers for name in _names(answer, task))


def _shows(answers: pd.Series, name: str, task: Task) -> np.ndarray:
    shows = {answer: name in _names(answer, task) for answer in answers.unique()}
    return answers.map(shows).to_numpy(bool)


def _names(answer: str, task: Task) -> tuple[str, ...]:
    if task is Task.MULTI_LABEL:
        return label_names(answer)
    return (answer,) if answer else ()
