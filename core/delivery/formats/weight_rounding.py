"""Rounding of a layer's weights to few bits, so that its results change least on sample pictures.

Nearest values round each weight by itself, and their errors add up. Here each weight is rounded in turn,
and those that are still exact take up its error (GPTQ, Frantar et al. 2022, arXiv 2210.17323). What the
mean picture still loses is added to the bias (Nagel et al. 2019, arXiv 1906.04721).

The weights stay float32, with values that a quantiser keeps: the largest of each row does not change, so
the steps between the values do not either. Imports NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Pictures, and results of each feature map, whose inputs are looked at: neighbours are much alike.
PICTURES, _POSITIONS = 64, 49
# Inputs that are added together: the products of a layer take megabytes, which each addition reads.
_BYTES_TOGETHER = 2 << 20
# A covariance of more inputs takes half a gigabyte, and its inverse minutes.
_MOST_INPUTS = 2304
# Share of the mean variance that is added to each: few pictures do not show every one.
_DAMPING = 0.01
_TINY = 1e-12
# Columns whose errors are passed on together to those after them, as one matrix product.
_BLOCK = 64


class InputMoments:
    """Mean and covariance of a layer's inputs: of each group of channels, the N numbers that a weight row takes."""

    def __init__(self) -> None:
        self._count = 0
        # Near the mean, float32 (G, 1, N): squares of large means would hide small variances.
        self._origin = np.zeros((), np.float32)
        # Of the inputs less the origin.
        self._sums = np.zeros(())  # float64 (G, N)
        self._products = np.zeros(())  # float64 (G, N, N)
        self._waiting: list[np.ndarray] = []

    def add(self, inputs: np.ndarray) -> None:
        """Add inputs float32 (G, n, N)."""
        self._waiting.append(inputs)
        if sum(rows.nbytes for rows in self._waiting) >= _BYTES_TOGETHER:
            self._join()

    @property
    def mean(self) -> np.ndarray:
        """Mean float64 (G, N)."""
        self._join()
        mean: np.ndarray = self._origin[:, 0] + self._sums / self._count
        return mean

    @property
    def covariance(self) -> np.ndarray:
        """Covariance float64 (G, N, N)."""
        self._join()
        mean = self._sums / self._count
        covariance: np.ndarray = self._products / self._count - mean[:, :, None] * mean[:, None, :]
        return covariance

    def _join(self) -> None:
        """Add the waiting inputs to the sums, in one pass over the N × N numbers."""
        if not self._waiting:
            return
        inputs = np.concatenate(self._waiting, axis=1)
        self._waiting.clear()
        if not self._count:
            self._origin = inputs.mean(axis=1, keepdims=True)
        inputs -= self._origin
        self._count += inputs.shape[1]
        self._sums = self._sums + inputs.sum(axis=1, dtype=np.float64)
        self._products = self._products + np.swapaxes(inputs, 1, 2) @ inputs


def rounded(weights: np.ndarray, inputs: InputMoments, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Round the weights of a layer, and correct its bias.

    Args:
        weights: float32 (G, R, N), R rows for each group of inputs.
        levels: steps from 0 to the largest weight of a row.
    Returns:
        Weights float32 (G, R, N), multiples of 1 / ``levels`` of the largest in their row, and what is
        added to the bias, float32 (G, R).
    """
    exact = weights.astype(np.float64)
    largest = np.abs(exact).argmax(axis=2)
    steps = np.maximum(np.abs(exact).max(axis=2), _TINY) / levels
    order, factor = _order_and_factor(inputs.covariance)
    remaining = np.take_along_axis(exact, order[:, None, :], axis=2)
    whole = np.empty_like(remaining)
    errors = np.empty_like(remaining)
    columns = exact.shape[2]
    for start in range(0, columns, _BLOCK):
        end = min(start + _BLOCK, columns)
        for column in range(start, end):
            weight, is_largest = remaining[..., column], largest == order[:, None, column]
            nearest = np.clip(np.rint(weight / steps), -levels, levels)
            whole[..., column] = np.where(is_largest, levels * np.sign(weight), nearest)
            errors[..., column] = (weight - whole[..., column] * steps) / factor[:, None, column, column]
            remaining[..., column + 1 : end] -= (
                errors[..., column, None] * factor[:, None, column, column + 1 : end]
            )
        remaining[..., end:] -= errors[..., start:end] @ factor[:, start:end, end:]
    result = np.empty_like(exact)
    np.put_along_axis(
        result, np.broadcast_to(order[:, None, :], exact.shape), whole * steps[..., None], axis=2
    )
    correction = ((exact - result) * inputs.mean[:, None, :]).sum(axis=2)
    return result.astype(np.float32), correction.astype(np.float32)


def _order_and_factor(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order of the columns, int (G, N), and the upper Cholesky factor of the inverse in that order, (G, N, N).

    The inputs that vary most come first: their errors can be taken up by all others.
    """
    variances = np.einsum("gnn->gn", covariance)
    order = np.argsort(-variances, axis=1, kind="stable")
    sorted_ = np.take_along_axis(
        np.take_along_axis(covariance, order[:, :, None], axis=1), order[:, None, :], axis=2
    )
    damping = _DAMPING * variances.mean(axis=1) + _TINY
    inverse = np.linalg.inv(sorted_ + damping[:, None, None] * np.eye(covariance.shape[1]))
    inverse = (inverse + np.swapaxes(inverse, 1, 2)) / 2
    return order, np.swapaxes(np.linalg.cholesky(inverse), 1, 2)


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """Weights of a convolution, and the places of a feature map that they look at."""

    kernel: np.ndarray  # float32 (out, height, width, in a group)
    groups: int
    stride: tuple[int, int]
    # rows above and columns left of the map that count as zeros
    padding: tuple[int, int]

    @property
    def rows(self) -> np.ndarray:
        """Weights float32 (G, R, N)."""
        return self.kernel.reshape(self.groups, len(self.kernel) // self.groups, -1)

    @property
    def can_be_rounded(self) -> bool:
        """False where a weight row takes too many inputs."""
        return self.rows.shape[2] <= _MOST_INPUTS

    def drawn_inputs(
        self, feature_map: np.ndarray, results: tuple[int, int], random: np.random.Generator
    ) -> np.ndarray:
        """Collect the inputs of results drawn at random.

        Args:
            feature_map: float32 (H, W, C).
            results: rows and columns of them.
        Returns:
            float32 (G, n, N).
        """
        drawn = random.permutation(results[0] * results[1])[:_POSITIONS]
        return self.inputs(feature_map, np.stack(np.divmod(drawn, results[1]), axis=1))

    def inputs(self, feature_map: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Collect the inputs of some results.

        Args:
            feature_map: float32 (H, W, C).
            positions: int (n, 2), row and column of each result.
        Returns:
            float32 (G, n, N).
        """
        (height, width), (top, left) = self.kernel.shape[1:3], self.padding
        padded = np.pad(feature_map, ((top, height), (left, width), (0, 0)))
        rows = positions[:, 0, None] * self.stride[0] + np.arange(height)
        columns = positions[:, 1, None] * self.stride[1] + np.arange(width)
        patches = padded[rows[:, :, None], columns[:, None, :]]  # (n, height, width, C)
        split = patches.reshape(*patches.shape[:3], self.groups, -1)
        return np.moveaxis(split, 3, 0).reshape(self.groups, len(positions), -1)
