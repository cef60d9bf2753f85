"""Wrong labels, found by confident learning.

A linear classifier that has not seen a picture gives the probability of each class;
confident learning (Northcutt, Jiang and Chuang 2021, as cleanlab does it) compares
that with the label, class by class, so that a class which the classifier finds
hard is not suspected as a whole. What was suspected is then left out, and the
classifier, no longer misled by it, judges all pictures again.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from core.doctor.features.reduction import to_unit_scale
from core.doctor.findings import Finding, Remedy, suspects_of
from core.doctor.sentences import FindingKind
from core.progress import Progress, raise_if_stopped

_FOLDS = 5
_ROUNDS = 2  # a third finds no more on the digits and photographs
# Weakest to strongest trust in single pictures (scikit-learn's C), for points whose mean square is 1.
_STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
# More probable than the label by this much: doubted also where confident learning, which expects
# only so many wrong labels in a class, has doubted enough. Finds 1 to 10 of 100 more.
_ALMOST_SURE = 0.8
_TOLERANCE, _MOST_ITERATIONS = 1e-3, 300  # of the optimiser
_LEAST_PROBABILITY = 1e-6  # so that one picture that is told wrongly for sure does not decide alone


@dataclass(frozen=True, kw_only=True)
class SuspectedLabel:
    """A picture that looks more like another class than like its own."""

    row: int
    suggested: int  # index of the class it looks like
    score: float  # 0 to 1: by how much the suggested class is more probable than the label


@threadpool_limits.wrap(limits=1, user_api="blas")
def suspected_labels(
    points: np.ndarray, labels: np.ndarray, groups: np.ndarray, progress: Progress, *, seed: int = 0
) -> list[SuspectedLabel]:
    """Find pictures whose label confident learning doubts, the most doubtful first.

    A class is judged where other groups of it can be learnt from: a class that
    is one group alone never is.

    Args:
        points: reduced features, float32 (n, D).
        labels: class indices, int64 (n,).
        groups: (n,) of any type; pictures of one group (copies, one patient) judge together,
            or a copy with the same wrong label would vouch for it.
    Raises:
        JobStopped: the user asked to stop.
    """
    if not len(labels):
        return []
    classifiers = _Classifiers(to_unit_scale(points), labels, _deal_folds(labels, groups, seed), progress)
    doubted = np.empty(0, np.int64)
    for number in range(_ROUNDS):
        trusted = np.ones(len(labels), np.bool_)
        trusted[doubted] = False
        probabilities, judged = classifiers.judge(trusted)
        doubted = _doubted(labels, probabilities, judged)
        progress.advance(number + 1, _ROUNDS)
    suggested = probabilities.argmax(axis=1)
    scores = probabilities[doubted, suggested[doubted]] - probabilities[doubted, labels[doubted]]
    order = np.argsort(-scores, kind="stable")
    return [
        SuspectedLabel(row=int(row), suggested=int(suggested[row]), score=float(score))
        for row, score in zip(doubted[order], scores[order], strict=True)
    ]


def wrong_labels_finding(
    suspected: Sequence[SuspectedLabel], pictures: pd.DataFrame, class_names: Sequence[str]
) -> Finding | None:
    """Make the finding of wrong labels; None without any.

    Args:
        pictures: rows as in ``suspected``, columns ``id``, ``name`` and ``label``.
    """
    if not suspected:
        return None
    rows = pictures.iloc[[item.row for item in suspected]]
    suspects = suspects_of(
        rows,
        [item.score for item in suspected],
        suggested=[class_names[item.suggested] for item in suspected],
    )
    return Finding(
        kind=FindingKind.WRONG_LABELS,
        values={"total": len(pictures)},
        suspects=suspects,
        remedy=Remedy.RELABEL,
    )


def _deal_folds(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Assign a fold to every picture, int64 (n,): groups stay whole, classes are spread evenly."""
    codes, firsts = pd.factorize(groups)[0], ~pd.Series(groups).duplicated().to_numpy()
    label_of_group = labels[firsts]
    order = np.random.default_rng(seed).permutation(len(label_of_group))
    order = order[np.argsort(label_of_group[order], kind="stable")]
    fold_of_group = np.empty(len(order), np.int64)
    fold_of_group[order] = np.arange(len(order)) % _FOLDS
    dealt: np.ndarray = fold_of_group[codes]
    return dealt


class _Classifiers:
    """Linear classifiers, one for each fold, trained on the other folds."""

    def __init__(self, points: np.ndarray, labels: np.ndarray, folds: np.ndarray, progress: Progress) -> None:
        self._points, self._labels, self._folds, self._progress = points, labels, folds, progress
        self._strengths = list(_STRENGTHS)

    def judge(self, trusted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Train them on the trusted pictures, with the regularisation that predicts held-out ones best.

        Returns:
            Class probabilities float64 (n, C), and bool (n,): whether the classifier
            that judged a picture knows its class at all.
        """
        from sklearn.linear_model import LogisticRegression  # 1 s to import

        models = [
            LogisticRegression(tol=_TOLERANCE, max_iter=_MOST_ITERATIONS, warm_start=True)
            for _ in range(_FOLDS)
        ]
        best = self._judgement(models, self._strengths[0], trusted)
        while len(self._strengths) > 1:
            judgement = self._judgement(models, self._strengths[1], trusted)
            if self._loss(*judgement, trusted) >= self._loss(*best, trusted):
                break
            best = judgement
            del self._strengths[0]  # for good: with fewer wrong labels the best strength only rises
        return best

    def _judgement(
        self, models: Sequence[Any], strength: float, trusted: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        probabilities = np.zeros((len(self._labels), int(self._labels.max()) + 1))
        known = np.zeros(len(self._labels), np.bool_)
        for fold, model in enumerate(models):
            raise_if_stopped(self._progress)
            learnt, held_out = trusted & (self._folds != fold), np.flatnonzero(self._folds == fold)
            if len(np.unique(self._labels[learnt])) < 2 or not len(held_out):
                continue
            model.set_params(C=strength).fit(self._points[learnt], self._labels[learnt])
            probabilities[np.ix_(held_out, model.classes_)] = model.predict_proba(self._points[held_out])
            known[held_out] = np.isin(self._labels[held_out], model.classes_)
        return probabilities, known

    def _loss(self, probabilities: np.ndarray, known: np.ndarray, trusted: np.ndarray) -> float:
        """Mean cross-entropy of the trusted labels, in nats."""
        rows = np.flatnonzero(known & trusted)
        of_label = probabilities[rows, self._labels[rows]]
        return float(-np.log(np.maximum(of_label, _LEAST_PROBABILITY)).sum() / max(1, len(rows)))


def _doubted(labels: np.ndarray, probabilities: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Rows that confident learning would relabel, or that are predicted almost certainly: int64 (k,)."""
    from cleanlab.filter import find_label_issues

    rows = np.flatnonzero(judged)
    if not len(rows):
        return rows
    with warnings.catch_warnings():
        # A class that is not judged, or has no picture, has too few to be flagged: that is meant.
        warnings.filterwarnings("ignore", message="May not flag all label issues")
        # One process: the work takes milliseconds, and a fork of a worker would carry TensorFlow along.
        is_issue = find_label_issues(labels[rows], probabilities[rows], n_jobs=1)
    gain = probabilities[rows].max(axis=1) - probabilities[rows, labels[rows]]
    doubted: np.ndarray = rows[is_issue | (gain > _ALMOST_SURE)]
    return doubted
