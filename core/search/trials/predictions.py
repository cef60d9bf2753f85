"""What trials answered for each validation picture: kept small, scored for any choice of pictures.

A trial's answers travel as text in its Optuna attributes. A table of them is scored for
many weightings of the pictures at once, which is what a bootstrap asks for.
NumPy only; training's own measures (``core.training.scores``) are what a whole set must give.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from core.data.labels.task import Task
from core.search.config import Goal
from core.training.scores import score_logits

MOST_LOSS = 65504.0  # nats; float16 ends there
_BLOCK = 4_000_000  # numbers that are turned to float32 at once: 16 MB


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """One trial's answers to n pictures; with cross-validation, of the model that had not learnt the picture."""

    task: Task
    classes: int
    says: np.ndarray  # uint8 or uint16 (n,): the class; with several labels uint8 (n, ⌈C/8⌉): a bit for each
    losses: np.ndarray  # float32 (n,): nats, each within 0.05% of what it was, their mean exact

    @classmethod
    def of(cls, logits: np.ndarray, targets: np.ndarray, task: Task) -> Self:
        """From float logits (n, C) and targets float (n, C) of 0 and 1."""
        losses = np.minimum(score_logits(logits, targets, task).losses, MOST_LOSS)
        classes = targets.shape[1]
        if task is Task.MULTI_LABEL:
            says = np.packbits(logits > 0, axis=1)
        else:
            says = logits.argmax(axis=1).astype(np.uint8 if classes <= 256 else np.uint16)
        kept = losses.astype(np.float16)
        return cls(task=task, classes=classes, says=says, losses=_restored(kept, _mean(losses)))

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Answers:
        """Of the folds of a cross-validation, one after the other: the targets must stand in the same order."""
        return cls(
            task=parts[0].task,
            classes=parts[0].classes,
            says=np.concatenate([part.says for part in parts]),
            losses=np.concatenate([part.losses for part in parts]),
        )

    @property
    def pictures(self) -> int:
        return len(self.losses)

    def score(self, goal: Goal, targets: np.ndarray) -> float:
        """The goal's value over all pictures, against targets float (n, C)."""
        table = AnswerTable.of([self], targets)
        return float(table.scores(goal, np.ones((1, self.pictures), np.float32))[0, 0])

    def to_json(self) -> dict[str, Any]:
        """About 3 bytes a picture with up to 256 classes, as text."""
        return {
            "task": self.task.value,
            "classes": self.classes,
            "pictures": self.pictures,
            "loss": _mean(self.losses),
            "says": _packed(self.says),
            "losses": _packed(self.losses.astype(np.float16)),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        task, classes, pictures = Task(record["task"]), int(record["classes"]), int(record["pictures"])
        several = task is Task.MULTI_LABEL
        kind = np.uint8 if several or classes <= 256 else np.uint16
        says = _unpacked(record["says"], kind)
        return cls(
            task=task,
            classes=classes,
            says=says.reshape(pictures, -1) if several else says,
            losses=_restored(_unpacked(record["losses"], np.float16), float(record["loss"])),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerTable:
    """The answers of k trials to the same n pictures, next to the truth."""

    task: Task
    shows: np.ndarray  # bool (n, C)
    says: np.ndarray  # (k, n) or (k, n, ⌈C/8⌉), as in Answers
    losses: np.ndarray  # float32 (k, n)
    right: np.ndarray  # bool (k, n)

    @classmethod
    def of(cls, answers: Sequence[Answers], targets: np.ndarray) -> Self:
        """Against targets float (n, C), in the order of the answers.

        Raises:
            ValueError: the trials did not answer for the same number of pictures.
        """
        shows = targets > 0.5
        if any(one.pictures != len(shows) for one in answers):
            raise ValueError(
                f"{len(shows)} targets for answers to {[one.pictures for one in answers]} pictures"
            )
        says = np.stack([one.says for one in answers])
        if answers[0].task is Task.MULTI_LABEL:
            right = (says == np.packbits(shows, axis=1)).all(axis=2)
        else:
            right = shows[np.arange(len(shows)), says]
        losses = np.stack([one.losses for one in answers])
        return cls(task=answers[0].task, shows=shows, says=says, losses=losses, right=right)

    @property
    def trials(self) -> int:
        return len(self.right)

    @property
    def pictures(self) -> int:
        return len(self.shows)

    def only(self, trial: int) -> Self:
        """The table of one trial."""
        return type(self)(
            task=self.task,
            shows=self.shows,
            says=self.says[[trial]],
            losses=self.losses[[trial]],
            right=self.right[[trial]],
        )

    def scores(self, goal: Goal, weights: np.ndarray) -> np.ndarray:
        """The goal's value float64 (b, k) of every trial, each picture counted as often as weights (b, n) say."""
        if goal is Goal.MACRO_F1:
            return self._macro_f1(weights)
        values = self.right if goal is Goal.ACCURACY else self.losses
        return _all_with_all(weights, values) / weights.sum(axis=1, dtype=np.float64)[:, None]

    def scores_of(self, goal: Goal, weights: np.ndarray, trials: np.ndarray) -> np.ndarray:
        """The goal's value float64 (b,): for each row of weights (b, n), of the one trial that it names (b,)."""
        if goal is Goal.MACRO_F1:
            pairs = zip(weights, trials, strict=True)
            return np.array([self._macro_f1_of(row, trial) for row, trial in pairs])
        values = self.right if goal is Goal.ACCURACY else self.losses
        sums = np.einsum("bn,bn->b", weights, values[trials].astype(np.float32, copy=False))
        return sums / weights.sum(axis=1, dtype=np.float64)

    def _said(self, trial: int) -> tuple[np.ndarray, np.ndarray]:
        """Of one trial each picture and class, as pairs, that it says of it."""
        if self.task is Task.MULTI_LABEL:
            found = np.nonzero(np.unpackbits(self.says[trial], axis=1, count=self.shows.shape[1]))
            return found[0], found[1]
        return np.arange(self.pictures), self.says[trial].astype(np.int64)

    def _saying(self, label: int) -> np.ndarray:
        """Which trials say this class of which pictures: bool (k, n)."""
        if self.task is Task.MULTI_LABEL:
            return (self.says[:, :, label >> 3] >> (7 - (label & 7)) & 1).astype(bool)
        return self.says == label

    def _macro_f1(self, weights: np.ndarray) -> np.ndarray:
        """Float64 (b, k), class by class; only pictures are multiplied of which any trial says the class."""
        total = np.zeros((len(weights), self.trials))
        appearing = np.zeros((len(weights), 1))
        for label, shown in enumerate(self.shows.T):
            said = self._saying(label)
            seen = said.any(axis=0)
            hits = _all_with_all(weights[:, seen & shown], said[:, seen & shown])
            false = _all_with_all(weights[:, seen & ~shown], said[:, seen & ~shown])
            count = weights[:, shown].sum(axis=1, dtype=np.float64)[:, None]
            total += _f1(hits, false, count)
            appearing += count > 0
        return total / np.maximum(appearing, 1)

    def _macro_f1_of(self, weights: np.ndarray, trial: int) -> float:
        """Of one trial, with weights (n,)."""
        pictures, labels = self._said(trial)
        is_right, counts = self.shows[pictures, labels], weights[pictures]
        classes = self.shows.shape[1]
        hits = np.bincount(labels, counts * is_right, minlength=classes)
        false = np.bincount(labels, counts * ~is_right, minlength=classes)
        shown = weights @ self.shows.astype(np.float32)
        return float(_f1(hits, false, shown).sum() / max(1, (shown > 0).sum()))


def _f1(hits: np.ndarray, false: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Counts to 2 hits / (said + shown); 0 for a class that no picture shows."""
    f1: np.ndarray = 2 * hits / np.maximum(hits + false + shown, 1) * (shown > 0)
    return f1


def _all_with_all(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sums float64 (b, k) of values (k, n) weighted by (b, n), by blocks of trials."""
    step = max(1, _BLOCK // max(1, values.shape[1]))
    blocks = [values[start : start + step] for start in range(0, len(values), step)]
    sums = [weights @ block.astype(np.float32, copy=False).T for block in blocks]
    return np.concatenate(sums, axis=1).astype(np.float64)


def _mean(losses: np.ndarray) -> float:
    return float(losses.mean(dtype=np.float64)) if len(losses) else 0.0


def _restored(kept: np.ndarray, mean: float) -> np.ndarray:
    """The losses float32 (n,) from float16, such that their mean is what it was before rounding."""
    losses = kept.astype(np.float32)
    rounded = _mean(losses)
    return losses * np.float32(mean / rounded) if rounded > 0 else losses


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(values.tobytes())).decode("ascii")


def _unpacked(text: str, kind: type[np.generic]) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), kind)
