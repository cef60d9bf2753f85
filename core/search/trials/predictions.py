"""Predictions of trials for each validation picture: packed to a few bytes, scored under weights.

A trial's predictions are stored as text in its Optuna attributes. A table of them is scored
for many weightings of the pictures at once, as a bootstrap needs. NumPy only; with equal
weights the scores are those of ``core.training.scores``.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from core.data.labels.task import Task
from core.records import JsonObject, Record
from core.search.config import Goal
from core.training.leading_metric import LeadingMetric
from core.training.scores import Scores, score_logits

MAX_LOSS = 65504.0  # nats; the largest float16
_BLOCK = 4_000_000  # numbers converted to float32 at once: 16 MB


@dataclass(frozen=True, kw_only=True)
class PackedPredictions(Record):
    """Predictions as text, about 3 bytes a picture with up to 256 classes."""

    task: Task
    classes: int
    pictures: int
    loss: float  # exact mean of the losses
    predicted: str  # base64 of zlib of the array
    losses: str  # the same of float16

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Darkroom 0.1.0 called the predicted classes ``says``."""
        return {("predicted" if name == "says" else name): value for name, value in values.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """One trial's predictions for n pictures.

    With cross-validation each picture's prediction is from the model that was not trained on it.
    """

    task: Task
    classes: int
    predicted: np.ndarray  # class, uint8 or uint16 (n,); multi-label: a bit a class, uint8 (n, ⌈C/8⌉)
    losses: np.ndarray  # float32 (n,): nats, each within 0.05% of the original, their mean exact

    @classmethod
    def of(cls, logits: np.ndarray, targets: np.ndarray, task: Task) -> Self:
        """Make predictions from float logits (n, C) and targets float (n, C) of 0 and 1."""
        return cls.scored(logits, score_logits(logits, targets, task), task)

    @classmethod
    def scored(cls, logits: np.ndarray, scores: Scores, task: Task) -> Self:
        """Make predictions from float logits (n, C) and their scores."""
        losses = np.minimum(scores.losses, MAX_LOSS)
        classes = logits.shape[1]
        if task is Task.MULTI_LABEL:
            predicted = np.packbits(logits > 0, axis=1)
        else:
            predicted = logits.argmax(axis=1).astype(np.uint8 if classes <= 256 else np.uint16)
        rounded = losses.astype(np.float16)
        return cls(task=task, classes=classes, predicted=predicted, losses=_restored(rounded, _mean(losses)))

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """Concatenate the predictions of folds, in the order given."""
        return cls(
            task=parts[0].task,
            classes=parts[0].classes,
            predicted=np.concatenate([part.predicted for part in parts]),
            losses=np.concatenate([part.losses for part in parts]),
        )

    @property
    def pictures(self) -> int:
        """Number of pictures, n."""
        return len(self.losses)

    def score(self, goal: Goal, targets: np.ndarray) -> float:
        """The goal's value on all pictures, for targets float (n, C)."""
        table = PredictionTable.of([self], targets)
        return float(table.scores(goal, np.ones((1, self.pictures), np.float32))[0, 0])

    def packed(self) -> PackedPredictions:
        """The same as text."""
        return PackedPredictions(
            task=self.task,
            classes=self.classes,
            pictures=self.pictures,
            loss=_mean(self.losses),
            predicted=_packed(self.predicted),
            losses=_packed(self.losses.astype(np.float16)),
        )

    @classmethod
    def unpacked(cls, packed: PackedPredictions) -> Self:
        """Read predictions from text."""
        is_multi_label = packed.task is Task.MULTI_LABEL
        predicted = _unpacked(
            packed.predicted, np.uint8 if is_multi_label or packed.classes <= 256 else np.uint16
        )
        return cls(
            task=packed.task,
            classes=packed.classes,
            predicted=predicted.reshape(packed.pictures, -1) if is_multi_label else predicted,
            losses=_restored(_unpacked(packed.losses, np.float16), packed.loss),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictionTable:
    """Predictions of k trials for the same n pictures, with the true classes."""

    task: Task
    truth: np.ndarray  # bool (n, C)
    predicted: np.ndarray  # (k, n) or (k, n, ⌈C/8⌉), as in Predictions
    losses: np.ndarray  # float32 (k, n)
    correct: np.ndarray  # bool (k, n)
    leading: LeadingMetric | None = None  # for ``Goal.LEADING``

    @classmethod
    def of(
        cls, predictions: Sequence[Predictions], targets: np.ndarray, leading: LeadingMetric | None = None
    ) -> Self:
        """Combine predictions with targets float (n, C) of the same pictures.

        Raises:
            ValueError: the numbers of pictures differ.
        """
        truth = targets > 0.5
        if any(one.pictures != len(truth) for one in predictions):
            raise ValueError(
                f"{len(truth)} targets for predictions of {[one.pictures for one in predictions]} pictures"
            )
        predicted = np.stack([one.predicted for one in predictions])
        if predictions[0].task is Task.MULTI_LABEL:
            correct = (predicted == np.packbits(truth, axis=1)).all(axis=2)
        else:
            correct = truth[np.arange(len(truth)), predicted]
        losses = np.stack([one.losses for one in predictions])
        return cls(
            task=predictions[0].task,
            truth=truth,
            predicted=predicted,
            losses=losses,
            correct=correct,
            leading=leading,
        )

    @property
    def trials(self) -> int:
        """Number of trials, k."""
        return len(self.correct)

    @property
    def pictures(self) -> int:
        """Number of pictures, n."""
        return len(self.truth)

    def only(self, trial: int) -> Self:
        """The table of one trial."""
        return replace(
            self,
            predicted=self.predicted[[trial]],
            losses=self.losses[[trial]],
            correct=self.correct[[trial]],
        )

    def scores(self, goal: Goal, weights: np.ndarray) -> np.ndarray:
        """The goal's value float64 (b, k) of every trial, for picture weights float32 (b, n)."""
        if goal is Goal.MACRO_F1:
            return self._macro_f1(weights)
        if goal is Goal.LEADING:
            return np.stack([self._leading(weights, trial) for trial in range(self.trials)], axis=1)
        values = self.correct if goal is Goal.ACCURACY else self.losses
        return _all_with_all(weights, values) / weights.sum(axis=1, dtype=np.float64)[:, None]

    def scores_of(self, goal: Goal, weights: np.ndarray, trials: np.ndarray) -> np.ndarray:
        """The goal's value float64 (b,) of one trial for each row of weights: trials is int (b,)."""
        if goal is Goal.MACRO_F1:
            pairs = zip(weights, trials, strict=True)
            return np.array([self._macro_f1_of(row, trial) for row, trial in pairs])
        if goal is Goal.LEADING:
            return self._leading_of(weights, trials)
        values = self.correct if goal is Goal.ACCURACY else self.losses
        sums = np.einsum("bn,bn->b", weights, values[trials].astype(np.float32, copy=False))
        return sums / weights.sum(axis=1, dtype=np.float64)

    def _predicted_pairs(self, trial: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices of picture and class for each positive prediction of one trial."""
        if self.task is Task.MULTI_LABEL:
            bits = np.unpackbits(self.predicted[trial], axis=1, count=self.truth.shape[1])
            pictures, labels = np.nonzero(bits)
            return pictures, labels
        return np.arange(self.pictures), self.predicted[trial].astype(np.int64)

    def _predicts(self, label: int) -> np.ndarray:
        """Mask bool (k, n): the trial predicts this class for the picture."""
        if self.task is Task.MULTI_LABEL:
            return (self.predicted[:, :, label >> 3] >> (7 - (label & 7)) & 1).astype(bool)
        return self.predicted == label

    def _leading(self, weights: np.ndarray, trial: int) -> np.ndarray:
        """The metric that matters, float64 (b,), of one trial; NaN where no picture defines it."""
        assert self.leading is not None, "a search for it has it in its settings"
        predicted = np.zeros(self.truth.shape, bool)
        predicted[self._predicted_pairs(trial)] = True
        columns = self.leading.columns(self.task, self.truth, predicted)
        return self.leading.merit(self.task, (weights @ columns).T.astype(np.float64))

    def _leading_of(self, weights: np.ndarray, trials: np.ndarray) -> np.ndarray:
        """The same for the trial of each row of weights."""
        values = np.zeros(len(weights))
        for trial in np.unique(trials):
            rows = trials == trial
            values[rows] = self._leading(weights[rows], trial)
        return values

    def _macro_f1(self, weights: np.ndarray) -> np.ndarray:
        """Macro F1 float64 (b, k), class by class.

        Only pictures enter the product for which a trial predicts the class.
        """
        total = np.zeros((len(weights), self.trials))
        classes = np.zeros((len(weights), 1))
        for label, is_true in enumerate(self.truth.T):
            is_predicted = self._predicts(label)
            is_any = is_predicted.any(axis=0)
            true = _all_with_all(weights[:, is_any & is_true], is_predicted[:, is_any & is_true])
            false = _all_with_all(weights[:, is_any & ~is_true], is_predicted[:, is_any & ~is_true])
            support = weights[:, is_true].sum(axis=1, dtype=np.float64)[:, None]
            total += _f1(true, false, support)
            classes += support > 0
        return total / np.maximum(classes, 1)

    def _macro_f1_of(self, weights: np.ndarray, trial: int) -> float:
        """Macro F1 of one trial, for weights (n,)."""
        pictures, labels = self._predicted_pairs(trial)
        is_true, counts = self.truth[pictures, labels], weights[pictures]
        classes = self.truth.shape[1]
        true = np.bincount(labels, counts * is_true, minlength=classes)
        false = np.bincount(labels, counts * ~is_true, minlength=classes)
        support = weights @ self.truth.astype(np.float32)
        return float(_f1(true, false, support).sum() / max(1, (support > 0).sum()))


def _f1(true: np.ndarray, false: np.ndarray, support: np.ndarray) -> np.ndarray:
    """F1 from true positives, false positives and support; 0 for a class without pictures."""
    f1: np.ndarray = 2 * true / np.maximum(true + false + support, 1) * (support > 0)
    return f1


def _all_with_all(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Weighted sums float64 (b, k) of values (k, n) under weights (b, n), in blocks of trials."""
    step = max(1, _BLOCK // max(1, values.shape[1]))
    blocks = [values[start : start + step] for start in range(0, len(values), step)]
    sums = [weights @ block.astype(np.float32, copy=False).T for block in blocks]
    return np.concatenate(sums, axis=1).astype(np.float64)


def _mean(losses: np.ndarray) -> float:
    return float(losses.mean(dtype=np.float64)) if len(losses) else 0.0


def _restored(rounded: np.ndarray, mean: float) -> np.ndarray:
    """Losses float32 (n,) from float16, scaled so that their mean is the one before rounding."""
    losses = rounded.astype(np.float32)
    rounded_mean = _mean(losses)
    return losses * np.float32(mean / rounded_mean) if rounded_mean > 0 else losses


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(values.tobytes())).decode("ascii")


def _unpacked(text: str, kind: type[np.generic]) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), kind)
