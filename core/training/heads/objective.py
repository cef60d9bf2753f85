"""Objective of a linear head: penalised cross-entropy and its gradient, in little memory.

Rows are processed in blocks that fit the processor's cache: each is standardised,
multiplied and dropped, so there is never a second copy of the features (256 MB for
50,000 x 1,280). Shares of the rows run in threads. They do not depend on the number of
cores and are summed in order, so results are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from core.data.labels.task import Task

_BLOCK_BYTES = 2 << 20  # of standardised features: fits into a core's cache beside the weights
_SHARES = 4
_LEAST_SHARE_BYTES = 4 << 20  # of features: less is not worth a thread
_CONSTANT = 1e-6  # a smaller deviation counts as constant
# Share of the median deviation under the root. With it, heads on 150 digits reach 85% instead of 77%.
_DEVIATION_FLOOR = 0.3


_T = TypeVar("_T")


@dataclass
class _Sums:
    """Sums over some rows."""

    objective: float = 0.0  # weighted, of smoothed targets, in nats
    loss: float = 0.0  # neither weighted nor smoothed
    correct: int = 0  # pictures


class LinearObjective:
    """The penalised cross-entropy of ``standardised features @ kernel + bias``.

    n pictures, F features, C classes. Parameters are float64 (F * C + C,): the kernel
    (F, C) row by row, then the bias (C,). For multi-label tasks, the
    cross-entropies of a picture's labels are summed, as if each label had its own
    classifier with the same penalty.
    """

    def __init__(
        self,
        features: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray | None = None,
        *,
        mean: np.ndarray,
        scale: np.ndarray,
        task: Task = Task.MULTI_CLASS,
        label_smoothing: float = 0.0,
        pool: ThreadPoolExecutor,
    ) -> None:
        """Take ``features`` float32 (n, F), ``targets`` float32 (n, C), ``weights`` float32 (n,) or None for 1."""
        self._features, self._targets, self._weights = features, targets, weights
        self._mean, self._inverse = mean, np.float32(1.0) / scale
        self._task, self._smoothing, self._pool = task, np.float32(label_smoothing), pool
        self._shape = (features.shape[1], targets.shape[1])
        self._total = float(len(features) if weights is None else weights.sum(dtype=np.float64))
        self._seen: tuple[np.ndarray, _Sums] | None = None  # the last parameters and their sums
        self.size = (self._shape[0] + 1) * self._shape[1]

    def loss_and_gradient(self, parameters: np.ndarray, strength: float) -> tuple[float, np.ndarray]:
        """Return the weighted mean cross-entropy plus ``strength / 2 * |kernel|²``, and its gradient."""
        kernel, _ = self.unpack(parameters)
        parts = self._in_shares(self._features, lambda rows: self._share(rows, parameters))
        gradient = np.sum([part for _, part in parts], axis=0) / self._total
        gradient[: kernel.size] += strength * kernel.ravel()
        sums = _added([sums for sums, _ in parts])
        self._seen = parameters.copy(), sums
        penalty = 0.5 * strength * float(np.square(kernel, dtype=np.float64).sum())
        return sums.objective / self._total + penalty, gradient

    def plain_scores(self, parameters: np.ndarray) -> tuple[float, float]:
        """Return the mean cross-entropy in nats, neither weighted nor smoothed, and accuracy (0 to 1)."""
        if self._seen is None or not np.array_equal(self._seen[0], parameters):
            self.loss_and_gradient(parameters, 0.0)
        assert self._seen is not None, "the pass before used these parameters"
        sums, count = self._seen[1], len(self._features)
        labels = self._shape[1] if self._task is Task.MULTI_LABEL else 1
        return sums.loss / (count * labels), sums.correct / count

    def logits(self, features: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """Return logits float32 (m, C) of features float32 (m, F)."""
        kernel, bias = self.unpack(parameters)
        logits = np.empty((len(features), self._shape[1]), np.float32)

        def fill(rows: slice) -> None:
            for block, standardised in self._blocks(features, rows):
                logits[block] = standardised @ kernel + bias

        self._in_shares(features, fill)
        return logits

    def unpack(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Split parameters into the kernel float32 (F, C) and the bias float32 (C,)."""
        single = parameters.astype(np.float32)
        split = self._shape[0] * self._shape[1]
        return single[:split].reshape(self._shape), single[split:]

    def _share(self, rows: slice, parameters: np.ndarray) -> tuple[_Sums, np.ndarray]:
        """Return the sums over some rows, and their gradient float64 (F * C + C,), not divided yet."""
        kernel, bias = self.unpack(parameters)
        sums, gradient = _Sums(), np.zeros(self.size)
        for block, standardised in self._blocks(self._features, rows):
            residual = self._residual(standardised @ kernel + bias, block, sums)  # (b, C)
            gradient[: kernel.size] += (standardised.T @ residual).ravel()
            gradient[kernel.size :] += residual.sum(axis=0, dtype=np.float64)
        return sums, gradient

    def _residual(self, logits: np.ndarray, block: slice, sums: _Sums) -> np.ndarray:
        """Return the derivative of the loss by a block's logits (b, C), and add to the sums."""
        truth = self._targets[block]
        smoothed = self._smoothed(truth)
        if self._task is Task.MULTI_LABEL:
            softplus = np.logaddexp(np.float32(0.0), logits)
            plain, smooth = softplus - truth * logits, softplus - smoothed * logits
            probabilities = np.exp(logits - softplus)
            sums.correct += int(((logits > 0) == (truth > 0.5)).all(axis=1).sum())
        else:
            log_probabilities = _log_softmax(logits)
            plain, smooth = -truth * log_probabilities, -smoothed * log_probabilities
            probabilities = np.exp(log_probabilities)
            sums.correct += int((logits.argmax(axis=1) == truth.argmax(axis=1)).sum())
        residual: np.ndarray = probabilities - smoothed
        if self._weights is not None:
            residual *= self._weights[block, None]
            smooth *= self._weights[block, None]
        sums.loss += float(plain.sum(dtype=np.float64))
        sums.objective += float(smooth.sum(dtype=np.float64))
        return residual

    def _smoothed(self, truth: np.ndarray) -> np.ndarray:
        """Return smoothed targets (b, C): a share spread over the classes, or over yes and no."""
        if not self._smoothing:
            return truth
        ways = 2 if self._task is Task.MULTI_LABEL else self._shape[1]
        smoothed: np.ndarray = truth * (1 - self._smoothing) + self._smoothing / np.float32(ways)
        return smoothed

    def _blocks(self, features: np.ndarray, rows: slice) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield blocks of rows with standardised features, float32 (b, F); the array is reused."""
        height = _block_rows(features.shape[1])
        buffer = np.empty((height, features.shape[1]), np.float32)
        for start in range(rows.start, rows.stop, height):
            block = slice(start, min(start + height, rows.stop))
            standardised = buffer[: block.stop - block.start]
            np.subtract(features[block], self._mean, out=standardised)
            np.multiply(standardised, self._inverse, out=standardised)
            yield block, standardised

    def _in_shares(self, features: np.ndarray, work: Callable[[slice], _T]) -> list[_T]:
        """Return the results of ``work`` for each share of the rows, in order."""
        shares = max(1, min(_SHARES, features.nbytes // _LEAST_SHARE_BYTES))
        edges = [len(features) * number // shares for number in range(shares + 1)]
        rows = [slice(start, stop) for start, stop in pairwise(edges)]
        return [work(rows[0])] if shares == 1 else list(self._pool.map(work, rows))


def standardisation(features: np.ndarray, *, has_floor: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and scale float32 (F,) of features (n, F); the scale of constant features is 1.

    The scale is the deviation, with a constant under the root as in batch normalisation. Otherwise
    a feature that is nearly dead in these pictures would have huge values in others.

    Args:
        has_floor: False leaves the constant out.
    """
    height = _block_rows(features.shape[1])
    blocks = [features[start : start + height] for start in range(0, len(features), height)]
    mean = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / len(features)
    squares = sum(np.square(block - mean).sum(axis=0) for block in blocks)  # float64, a block at a time
    variance = squares / len(features)
    varies = variance > _CONSTANT**2
    floor = np.square(_DEVIATION_FLOOR) * np.median(variance[varies]) if has_floor and varies.any() else 0.0
    scale = np.where(varies, np.sqrt(variance + floor), 1.0)
    return np.asarray(mean, np.float32), scale.astype(np.float32)


def _block_rows(width: int) -> int:
    return max(16, _BLOCK_BYTES // (4 * width))


def _added(parts: list[_Sums]) -> _Sums:
    return _Sums(
        objective=sum(part.objective for part in parts),
        loss=sum(part.loss for part in parts),
        correct=sum(part.correct for part in parts),
    )


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result
