"""Training batches: sampling of pictures, class balancing and prefetching.

A batch depends on the seed, the epoch and its number alone, never on earlier draws:
a run that resumes after a crash sees the same batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.data.labels.task import Task
from core.files import digest_of
from core.training.config import Imbalance

_BATCHES_AHEAD = 2


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Inputs, targets and weights of one step."""

    inputs: np.ndarray  # (B, …), as the model takes them
    targets: np.ndarray  # float32 (B, C), may be mixed
    weights: np.ndarray  # float32 (B,)


def split_batch(batch: Batch, parts: int) -> list[Batch]:
    """Split a batch for the mean of its parts' gradients: rows of smaller parts weigh less in ``weights``.

    The loss of a part is the mean over its rows, so rows would otherwise weigh more where fewer are.
    """
    arrays = (np.array_split(array, parts) for array in (batch.inputs, batch.targets, batch.weights))
    return [
        Batch(
            inputs=inputs,
            targets=targets,
            weights=weights * np.float32(parts * len(weights) / len(batch.weights)),
        )
        for inputs, targets, weights in zip(*arrays, strict=True)
    ]


class Source(Protocol):
    """Source of a model's inputs. Called from a thread beside the training."""

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs and targets to train on, augmented at random.

        Args:
            rows: int64 row numbers of the dataset, (B,).
            targets: float32 (B, C).
            epoch: from 0; a source of cached copies gives another copy in each.
            seed: of this batch.
        """

    def plain(self, rows: np.ndarray) -> np.ndarray:
        """Return unaugmented inputs, for validation."""


class TrainingBatches:
    """Batches of every epoch, all of the same size."""

    def __init__(
        self,
        source: Source,
        rows: np.ndarray,
        targets: np.ndarray,
        *,
        batch_size: int,
        imbalance: Imbalance,
        task: Task,
        seed: int,
    ) -> None:
        """Plan batches.

        Args:
            rows: int64 (n,), rows of the dataset to train on.
            targets: float32 (n, C), of those rows.
            seed: of this phase of the run.
        """
        self._source, self._rows, self._targets, self._seed = source, rows, targets, seed
        self.size = min(batch_size, len(rows))
        self._weights = np.ones(len(rows), np.float32)
        self._probabilities: np.ndarray | None = None
        if imbalance is not Imbalance.NONE:
            balanced = balancing_weights(targets, task)
            if imbalance is Imbalance.CLASS_WEIGHTS:
                self._weights = balanced
            else:
                self._probabilities = balanced / balanced.sum()

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self._rows) // self.size)

    def of_epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number ``first`` on, prefetched while the model trains."""
        order = self._order(epoch)
        waiting: deque[Future[Batch]] = deque()
        with ThreadPoolExecutor(1, thread_name_prefix="batches") as maker:
            try:
                for number in range(first, len(self)):
                    waiting.append(maker.submit(self._make, order, epoch, number))
                    if len(waiting) > _BATCHES_AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                maker.shutdown(cancel_futures=True)

    def _order(self, epoch: int) -> np.ndarray:
        """Return indices into ``rows`` for whole batches; the last batch is filled from the beginning."""
        generator = np.random.default_rng([self._seed, epoch])
        count = len(self) * self.size
        if self._probabilities is not None:
            return generator.choice(len(self._rows), count, p=self._probabilities)
        return np.resize(generator.permutation(len(self._rows)), count)

    def _make(self, order: np.ndarray, epoch: int, number: int) -> Batch:
        indices = order[number * self.size : (number + 1) * self.size]
        seed = int(digest_of([self._seed, epoch, number])[:7], 16)
        # Mixed as the pictures are: each label of a mixture has the weight of its own picture.
        weighed = self._weights[indices, np.newaxis] * np.append(
            self._targets[indices], np.ones((len(indices), 1), np.float32), axis=1
        )
        inputs, weighed = self._source.draw(self._rows[indices], weighed, epoch, seed)
        weights = weighed[:, -1]
        return Batch(inputs=inputs, targets=weighed[:, :-1] / weights[:, np.newaxis], weights=weights)


def balancing_weights(targets: np.ndarray, task: Task) -> np.ndarray:
    """Return weights float32 (n,), mean 1, that give every class the same total weight.

    A picture with several labels takes the weight of its rarest one; pictures without
    any form a class of their own.
    """
    counts = targets.sum(axis=0)
    of_class = 1.0 / np.maximum(counts, 1.0)  # (C,)
    weights = (targets * of_class).max(axis=1)
    if task is Task.MULTI_LABEL:
        empty = targets.sum(axis=1) == 0
        weights[empty] = 1.0 / max(1, int(empty.sum()))
    result: np.ndarray = (weights / weights.mean()).astype(np.float32)
    return result
