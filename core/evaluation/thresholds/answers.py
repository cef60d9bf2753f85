"""Answers of a classifier by thresholds, and the thresholds that a user chose for a run.

With several labels a picture, a class is answered from its threshold on, whatever the
other classes are. With one class a picture, a class may have a threshold:

- Of the classes that reach theirs, the one with the greatest ratio of probability to
  threshold is the answer. With a threshold from costs that ratio minus 1 is the expected
  saving, in units of a wrong alarm (Elkan 2001).
- If none does, the most probable class without a threshold is the answer; if every class
  has one, the one with the greatest ratio.

So a single threshold t of class C means: C if p(C) ≥ t, else the best other class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.data.labels.task import Task
from core.evaluation.metrics.predictions import TestPredictions, has_numbers
from core.evaluation.report import EvaluationReport, chosen_thresholds
from core.records import Record, read_record, write_record

# Of each class; None: the class has none, the most probable one is answered.
Thresholds = tuple[float | None, ...]
_SMALLEST = 1e-9  # instead of a division by a threshold of 0


@dataclass(frozen=True, kw_only=True)
class ChosenThresholds(Record):
    """Thresholds that a user chose for a run; ``evaluation/answers.json``."""

    # of each class; None: the default of the run
    thresholds: Thresholds


def default_thresholds(report: EvaluationReport, classes: int) -> Thresholds:
    """Thresholds of a run before a user chose others: none where a picture has exactly one class."""
    return tuple(chosen_thresholds(report) or [None] * classes)


def thresholds_in_use(run: Path, report: EvaluationReport, classes: int) -> Thresholds:
    """The thresholds that a user chose for a run, and its defaults for the other classes."""
    default = default_thresholds(report, classes)
    if not has_chosen_thresholds(run):
        return default
    chosen = read_record(_file(run), ChosenThresholds).thresholds
    return tuple(usual if own is None else own for own, usual in zip(chosen, default, strict=True))


def has_chosen_thresholds(run: Path) -> bool:
    """True if a user chose thresholds for the run."""
    return _file(run).exists()


def write_chosen_thresholds(run: Path, thresholds: Thresholds, default: Thresholds) -> None:
    """Store the thresholds that differ from the default; none of them: forget the choice."""
    chosen = tuple(None if own == usual else own for own, usual in zip(thresholds, default, strict=True))
    if all(threshold is None for threshold in chosen):
        forget_chosen_thresholds(run)
    else:
        write_record(_file(run), ChosenThresholds(thresholds=chosen))


def forget_chosen_thresholds(run: Path) -> None:
    """Go back to the default; other probabilities need another choice, too."""
    _file(run).unlink(missing_ok=True)


def with_threshold(task: Task, thresholds: Thresholds, index: int, threshold: float | None) -> Thresholds:
    """Replace the threshold of one class; of two classes of which one is the answer, only one can have one."""
    is_alone = task is Task.MULTI_CLASS and len(thresholds) == 2
    return tuple(
        threshold if at == index else None if is_alone else other for at, other in enumerate(thresholds)
    )


def answered(task: Task, probabilities: np.ndarray, thresholds: Thresholds) -> np.ndarray:
    """Classes that are answered for each picture: bool (n, classes); none where probabilities are NaN.

    Args:
        probabilities: float (n, classes).
        thresholds: of each class; with several labels none is None.
    """
    if task is Task.MULTI_LABEL:
        return (probabilities >= np.array(thresholds, np.float64)) & has_numbers(probabilities)[:, None]
    answers: np.ndarray = np.eye(len(thresholds), dtype=bool)[class_answers(probabilities, thresholds)]
    return answers & has_numbers(probabilities)[:, None]


def class_answers(probabilities: np.ndarray, thresholds: Sequence[float | None]) -> np.ndarray:
    """Class that is answered for each picture of exactly one class: int64 (n,); see the module."""
    has_none = np.array([threshold is None for threshold in thresholds])
    if has_none.all():
        return np.asarray(probabilities.argmax(axis=1))
    limits = np.array([np.inf if limit is None else limit for limit in thresholds])
    ratios = probabilities / np.maximum(limits, _SMALLEST)
    otherwise = np.where(has_none, probabilities, -1.0) if has_none.any() else ratios
    is_reached = probabilities >= limits
    first = np.where(is_reached, ratios, -1.0).argmax(axis=1)
    return np.where(is_reached.any(axis=1), first, otherwise.argmax(axis=1))


def answered_by(test: TestPredictions, thresholds: Thresholds) -> TestPredictions:
    """The same pictures and probabilities, with the answers that other thresholds give."""
    return replace(test, predicted=answered(test.task, test.probabilities, thresholds))


def _file(run: Path) -> Path:
    return run / "evaluation" / "answers.json"
