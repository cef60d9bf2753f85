"""Labels suggested for pictures that have none yet, and which of them to label first.

Two models are multiplied. Labels spread from picture to picture along who looks
like whom (Zhou et al. 2004): with one label a class, that is right on 82 of 100
digits, where the nearest labelled picture is right on 57. A linear classifier on
the labelled pictures is better once there are thirty of each class. Their product
is about as good as the better of the two, or better than both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from core.doctor.features.neighbours import nearest_neighbours
from core.doctor.features.reduction import to_unit_scale
from core.models.head import softmax

UNLABELLED = -1
_SPREAD, _SPREAD_STEPS = 0.9, 30  # share taken from neighbours at each step; 0.9 ** 30 is little
_PENALTY = 0.3  # on the regression's weights, for points whose mean square is 1
_SHARPNESS = 6.0  # from scores around 0 and 1 to probabilities that are seldom too sure
_FLOOR = 1e-4  # so that neither model can rule a class out alone
_TEMPER = 0.75  # the two models see the same pictures: their product alone would be too sure
_DIVERSE = 200  # pictures chosen one by one: more than anyone labels before suggestions are made anew


@dataclass(frozen=True, kw_only=True)
class Suggestions:
    """The likely class of n pictures."""

    probabilities: np.ndarray  # float (n, C), each row summing to 1

    @property
    def classes(self) -> np.ndarray:
        """int64 (n,)"""
        likeliest: np.ndarray = self.probabilities.argmax(axis=1)
        return likeliest

    @property
    def confidences(self) -> np.ndarray:
        """float (n,), 0 to 1; above 0.9, 99 of 100 were right once ten of each class had labels."""
        highest: np.ndarray = self.probabilities.max(axis=1)
        return highest


@threadpool_limits.wrap(limits=1, user_api="blas")
def suggest_labels(
    points: np.ndarray, alike: np.ndarray, labels: np.ndarray, num_classes: int
) -> Suggestions:
    """Infer classes of all pictures from the labelled ones.

    A class that no picture has yet is never suggested. With fewer than two classes
    there is nothing to tell apart, and every class is as likely.

    Args:
        points: reduced features, float32 (n, D).
        alike: their ``look_alikes``, int64 (n, k).
        labels: class indices, int64 (n,), or ``UNLABELLED``.
    """
    if len(np.unique(labels[labels != UNLABELLED])) < 2:
        return Suggestions(probabilities=np.full((len(points), num_classes), 1 / num_classes))
    by_neighbours = _spread_labels(alike, labels, num_classes)
    by_classifier = _classify(points, labels, num_classes)
    product = ((by_neighbours + _FLOOR) * (by_classifier + _FLOOR)) ** _TEMPER
    return Suggestions(probabilities=product / product.sum(axis=1, keepdims=True))


@threadpool_limits.wrap(limits=1, user_api="blas")
def most_informative_first(points: np.ndarray, labels: np.ndarray, suggestions: Suggestions) -> np.ndarray:
    """Rows of unlabelled pictures, the most informative first: int64.

    One after the other is chosen where the two likeliest classes are close and no
    labelled or chosen picture is near. On the photographs 70 labels chosen so do
    as much as 170 drawn at random. Before the first label, look at groups instead.
    """
    rows = np.flatnonzero(labels == UNLABELLED)
    highest = np.sort(suggestions.probabilities[rows], axis=1)
    doubt = 1 - (highest[:, -1] - highest[:, -2]) if highest.shape[1] > 1 else np.ones(len(rows))
    candidates, labelled = points[rows], points[labels != UNLABELLED]
    if len(labelled):
        distance = nearest_neighbours(candidates, labelled, 1).distances[:, 0]
    else:
        distance = np.linalg.norm(candidates - points.mean(axis=0), axis=1)
    waiting, chosen = np.ones(len(rows), np.bool_), []
    for _ in range(min(_DIVERSE, len(rows))):
        place = int(np.where(waiting, doubt * distance**2, -1.0).argmax())
        chosen.append(place)
        waiting[place] = False
        distance = np.minimum(distance, np.linalg.norm(candidates - candidates[place], axis=1))
    rest = np.flatnonzero(waiting)
    ordered: np.ndarray = rows[
        np.concatenate([chosen, rest[np.argsort(-doubt[rest], kind="stable")]]).astype(np.int64)
    ]
    return ordered


def _spread_labels(alike: np.ndarray, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Class shares, float64 (n, C), after each picture took most of its label from those like it."""
    step = _normalised_graph(alike)
    known = np.flatnonzero(labels != UNLABELLED)
    given = np.zeros((len(labels), num_classes))
    given[known, labels[known]] = 1
    given /= np.maximum(given.sum(axis=0), 1)  # a class does not win by having been labelled more
    shares = given
    for _ in range(_SPREAD_STEPS):
        shares = _SPREAD * (step @ shares) + (1 - _SPREAD) * given
    total = shares.sum(axis=1, keepdims=True)
    spread: np.ndarray = np.where(total > 0, shares / np.where(total > 0, total, 1), 1 / num_classes)
    return spread


def _normalised_graph(alike: np.ndarray) -> Any:
    """scipy.sparse.csr_array (n, n): who looks like whom, either way, divided by the roots of both degrees."""
    count, neighbours = alike.shape
    starts = np.arange(0, alike.size + 1, neighbours)
    one_way = sparse.csr_array((np.ones(alike.size), alike.ravel(), starts), shape=(count, count))
    graph = one_way + one_way.T
    roots = sparse.diags_array(1 / np.sqrt(graph.sum(axis=1)))
    return sparse.csr_array(roots @ graph @ roots)


def _classify(points: np.ndarray, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Class probabilities, float64 (n, C), by ridge regression on the labelled pictures.

    As good here as softmax regression, solved at once, and the web process need
    not import scikit-learn.
    """
    scaled, known = to_unit_scale(points), np.flatnonzero(labels != UNLABELLED)
    learnt, targets = scaled[known].astype(np.float64), np.eye(num_classes)[labels[known]]
    counts = targets.sum(axis=0)
    weights = 1 / counts[labels[known]]  # every class weighs the same
    weights *= len(known) / weights.sum()
    mean, target_mean = weights @ learnt / len(known), weights @ targets / len(known)
    centred = learnt - mean
    weighted = centred * weights[:, None]
    gram = weighted.T @ centred + _PENALTY * np.eye(learnt.shape[1])
    kernel = np.linalg.solve(gram, weighted.T @ (targets - target_mean))
    scores = (scaled - mean) @ kernel + target_mean
    probabilities = softmax(_SHARPNESS * scores)
    return np.where(counts > 0, probabilities, 0.0)
