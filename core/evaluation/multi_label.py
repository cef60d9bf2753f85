"""How good a classifier is that gives a picture several labels, or none.

Each class is a question by itself: shown or not. A class is answered with yes from its
threshold on, which is chosen on validation pictures; test pictures only measure it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.label_sets import joined_labels
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.metrics import AVERAGED, ClassScores, average_precision, macro_mean, scores_of_counts
from core.statistics import wilson_interval

USUAL_THRESHOLD = 0.5
_LEAST_SHOWN = 5  # validation pictures of a class: with fewer, its best threshold is chance


def best_thresholds(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """For each class the probability from which answering yes gets the best F1, float64 (classes,).

    It lies midway between two probabilities that occur; of several as good, that nearest to 0.5.
    Classes with fewer than five pictures that show them, or that do not, keep 0.5.

    Args:
        targets: 0 or 1, shape (n, classes), of validation pictures.
        probabilities: float, shape (n, classes).
    """
    shows = targets > 0.5
    found = [_best_threshold(shows[:, place], probabilities[:, place]) for place in range(shows.shape[1])]
    return np.array(found, np.float64)


def _best_threshold(shows: np.ndarray, probabilities: np.ndarray) -> float:
    if min(shows.sum(), (~shows).sum()) < _LEAST_SHOWN:
        return USUAL_THRESHOLD
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order].astype(np.float64)
    called = np.arange(1, len(ordered) + 1)
    f1 = 2 * shows[order].cumsum() / (called + shows.sum())
    below = np.append(ordered[1:], 0.0)
    is_cut = ordered > below  # equal probabilities cannot be told apart
    thresholds = ((ordered + below) / 2)[is_cut]
    best = f1[is_cut] >= f1[is_cut].max() - 1e-12
    return float(min(thresholds[best], key=lambda threshold: abs(threshold - USUAL_THRESHOLD)))


def multi_label_report(
    dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray
) -> dict[str, Any]:
    """What the test pictures say; ``accuracy`` is the share whose labels are all right, and no other.

    Args:
        rows: int64 row numbers of the test pictures.
        probabilities: float32, shape (len(rows), classes).
        thresholds: float, shape (classes,), from ``best_thresholds`` of validation pictures.
    """
    targets = dataset.targets
    shows, answered = targets[rows] > 0.5, probabilities >= thresholds
    usual = _usual_answer(targets[dataset.rows(Split.TRAIN)])
    right = int((shows == answered).all(axis=1).sum())
    classes = _classes(dataset.class_names, shows, probabilities, thresholds)
    precisions = [row["average_precision"] for row in classes if row["average_precision"] is not None]
    return {
        "task": Task.MULTI_LABEL.value,
        "pictures": len(rows),
        **_figures(shows, answered),
        "accuracy_interval": wilson_interval(right, len(rows)),
        "majority_class": joined_labels(usual, dataset.class_names)[0],
        "majority_baseline": float((shows == usual).all(axis=1).mean()),
        "hamming_baseline": float((shows == usual).mean()),
        "mean_average_precision": float(np.mean(precisions)) if precisions else None,
        "mean_prevalence": float(shows.mean()),
        "at_half": _figures(shows, probabilities >= USUAL_THRESHOLD),
        "classes": classes,
    }


def answer_certainty(probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How sure the whole answer is, were the classes independent: float (n,), 0 to 1."""
    answered = probabilities >= thresholds
    certainty: np.ndarray = np.where(answered, probabilities, 1 - probabilities).prod(axis=1)
    return certainty


def _figures(shows: np.ndarray, answered: np.ndarray) -> dict[str, Any]:
    """The figures over all classes of bool answers (n, classes)."""
    scores = _scores(shows, answered)
    (overall,) = _scores(shows.reshape(-1, 1), answered.reshape(-1, 1))
    return {
        "accuracy": int((shows == answered).all(axis=1).sum()) / len(shows),
        "hamming_accuracy": float((shows == answered).mean()),
        "macro": {name: macro_mean(scores, name) for name in AVERAGED} if shows.any() else _NOTHING,
        "micro": {name: getattr(overall, name) for name in AVERAGED},
    }


_NOTHING = dict.fromkeys(AVERAGED, 0.0)


def _classes(
    class_names: tuple[str, ...], shows: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray
) -> list[dict[str, Any]]:
    """Each class by itself; ``confusion`` has the rows (not shown, shown) and columns (no, yes)."""
    chosen = _scores(shows, probabilities >= thresholds)
    usual = _scores(shows, probabilities >= USUAL_THRESHOLD)
    rows = []
    for place, name in enumerate(class_names):
        truth, answer = shows[:, place], probabilities[:, place] >= thresholds[place]
        counts = np.bincount(2 * truth + answer, minlength=4).reshape(2, 2)
        rows.append(
            {
                "name": name,
                **asdict(chosen[place]),
                "average_precision": average_precision(truth, probabilities[:, place]),
                "threshold": float(thresholds[place]),
                "f1_at_half": usual[place].f1,
                "prevalence": float(truth.mean()),
                "confusion": counts.tolist(),
            }
        )
    return rows


def _scores(shows: np.ndarray, answered: np.ndarray) -> list[ClassScores]:
    """Scores of each column of bool answers (n, classes)."""
    return scores_of_counts((shows & answered).sum(axis=0), answered.sum(axis=0), shows.sum(axis=0))


def _usual_answer(targets: np.ndarray) -> np.ndarray:
    """The most frequent set of classes, bool (1, classes): the best answer of someone who does not look."""
    sets, counts = np.unique(targets > 0.5, axis=0, return_counts=True)
    usual: np.ndarray = sets[[counts.argmax()]]
    return usual
