"""Wrong labels, detected by confident learning.

A linear classifier predicts class probabilities of held-out pictures. Confident learning
(Northcutt, Jiang and Chuang 2021, with cleanlab) compares them with the labels, class by class,
so that a difficult class is not suspect as a whole. Suspects are then left out of training, and
the classifier predicts all pictures again.
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
# A third one finds no more on the digits and photographs.
_ROUNDS = 2
# scikit-learn's C, from the strongest regularisation to the weakest, for points of mean square 1.
_STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
# A class more probable than the label by this much makes a suspect even if confident learning, which
# limits the number for each class, does not. Finds 1 to 10 of 100 more.
_ALMOST_SURE = 0.8
# Of the optimiser.
_TOLERANCE, _MAX_ITERATIONS = 1e-3, 300
# Bounds the loss of a single wrong prediction.
_MIN_PROBABILITY = 1e-6


@dataclass(frozen=True, kw_only=True)
class SuspectedLabel:
    """Picture that looks more like another class than like its own."""

    row: int
    # Index of the class that it looks like.
    suggested: int
    # Difference in probability of the suggested class and the label, 0 to 1.
    score: float


@threadpool_limits.wrap(limits=1, user_api="blas")
def suspected_labels(
    points: np.ndarray, labels: np.ndarray, groups: np.ndarray, progress: Progress, *, seed: int = 0
) -> list[SuspectedLabel]:
    """Find pictures with doubtful labels, the most doubtful first.

    A class with a single group is not examined, because no other group can be learnt from.

    Args:
        points: reduced features, float32 (n, D).
        labels: class indices, int64 (n,).
        groups: (n,) of any type. Pictures of one group (copies, one patient) are in one fold, so a
            copy with the same wrong label cannot confirm it.
    Raises:
        JobStopped: the user stopped the work.
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
    """Assign a fold to every picture, int64 (n,); groups stay in one fold, classes are spread evenly."""
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
        """Train on the trusted pictures with the regularisation that predicts held-out ones best.

        Returns:
            Class probabilities, float64 (n, C), and the pictures whose classifier knows their
            class, bool (n,).
        """
        # Takes 1 s to import.
        from sklearn.linear_model import LogisticRegression

        models = [
            LogisticRegression(tol=_TOLERANCE, max_iter=_MAX_ITERATIONS, warm_start=True)
            for _ in range(_FOLDS)
        ]
        best = self._judgement(models, self._strengths[0], trusted)
        while len(self._strengths) > 1:
            judgement = self._judgement(models, self._strengths[1], trusted)
            if self._loss(*judgement, trusted) >= self._loss(*best, trusted):
                break
            best = judgement
            # Permanently: with fewer wrong labels the best value only rises.
            del self._strengths[0]
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
        """Compute the mean cross-entropy of the trusted labels, in nats."""
        rows = np.flatnonzero(known & trusted)
        of_label = probabilities[rows, self._labels[rows]]
        return float(-np.log(np.maximum(of_label, _MIN_PROBABILITY)).sum() / max(1, len(rows)))


def _doubted(labels: np.ndarray, probabilities: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Find rows that confident learning would relabel, or with an almost sure other class: int64 (k,)."""
    from cleanlab.filter import find_label_issues

    rows = np.flatnonzero(judged)
    if not len(rows):
        return rows
    with warnings.catch_warnings():
        # Expected for classes that are not examined or have no pictures.
        warnings.filterwarnings("ignore", message="May not flag all label issues")
        # One process: the work takes milliseconds, and a forked worker would copy TensorFlow.
        is_issue = find_label_issues(labels[rows], probabilities[rows], n_jobs=1)
    gain = probabilities[rows].max(axis=1) - probabilities[rows, labels[rows]]
    doubted: np.ndarray = rows[is_issue | (gain > _ALMOST_SURE)]
    return doubted
