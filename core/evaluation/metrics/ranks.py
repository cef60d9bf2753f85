"""Areas under the curves of all classes, for many weightings of the same pictures at once.

A curve of a class only bends at the probabilities of the pictures that show it. The others
count by how many lie between two of these, so the weights of all pictures are summed
into those bins by one sparse product, and a weighting costs no sorting of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True, kw_only=True)
class _ClassBins:
    """Rows of the product that belong to one class, by descending probability.

    With ``n`` different probabilities of pictures that show the class: ``n`` rows for the
    others above each, ``n`` for the others equal to it, ``n`` for those that show it.
    """

    start: int
    levels: int

    def of(self, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = sums[self.start : self.start + 3 * self.levels].astype(np.float64)
        above, equal, shown = rows.reshape(3, self.levels, sums.shape[1])
        return above, equal, shown


@dataclass(frozen=True, kw_only=True)
class RankIndex:
    """Order of the pictures by the probability of each class."""

    matrix: sparse.csr_matrix  # float32 (bins of all classes, n)
    classes: tuple[_ClassBins, ...]

    @classmethod
    def of(cls, targets: np.ndarray, probabilities: np.ndarray) -> RankIndex:
        """Sort the pictures into bins.

        Args:
            targets: bool (n, classes).
            probabilities: float (n, classes).
        """
        # Here, as in the modules beside: every page reads reports, and SciPy would delay the first one.
        from scipy import sparse

        rows, columns, classes, start = [], [], [], 0
        for shows, scores in zip(targets.T, probabilities.T, strict=True):
            bins, pictures, levels = _bins(shows, scores)
            rows.append(bins + start)
            columns.append(pictures)
            classes.append(_ClassBins(start=start, levels=levels))
            start += 3 * levels
        at, pictures = np.concatenate(rows), np.concatenate(columns)
        ones = np.ones(len(at), np.float32)
        matrix = sparse.csr_matrix((ones, (at, pictures)), shape=(start, len(targets)))
        return cls(matrix=matrix, classes=tuple(classes))

    def areas(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Area under the ROC curve, and average precision, of each class for each weighting.

        Args:
            weights: float32 (n, weightings), whole numbers.
        Returns:
            Two float64 (classes, weightings); NaN where the class, or for the first its opposite, has no weight.
        """
        sums, total = self.matrix @ weights, weights.sum(axis=0, dtype=np.float64)
        pairs = [_areas(*bins.of(sums), total) for bins in self.classes]
        return np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])


def _bins(shows: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Bin and picture of every entry, and the number of different probabilities of pictures that show the class."""
    levels = -np.unique(-scores[shows])  # descending
    count = len(levels)
    at = np.searchsorted(-levels, -scores, side="left")  # levels above the score
    is_level = np.zeros(len(scores), bool)
    is_level[at < count] = levels[at[at < count]] == scores[at < count]
    kind = np.where(shows, 2, is_level.astype(np.int64))
    pictures = np.flatnonzero(at < count)  # those below every level change no area
    return (kind * count + at)[pictures], pictures, count


def _areas(
    above: np.ndarray, equal: np.ndarray, shown: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    hits = shown.cumsum(axis=0)
    higher = above.cumsum(axis=0) + equal.cumsum(axis=0)  # others with at least this probability
    positives = shown.sum(axis=0)
    negatives = total - positives
    called = hits + higher
    precision = np.divide(hits, called, out=np.zeros_like(hits), where=called > 0)
    beaten = negatives - higher + equal / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return (shown * beaten).sum(axis=0) / (positives * negatives), (shown * precision).sum(
            axis=0
        ) / positives
