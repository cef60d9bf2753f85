"""Heads on frozen features: fitted in seconds, and where every recipe but "scratch" begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from core.data.labels.task import Task
from core.models.head import HeadWeights
from core.progress import Progress, raise_if_stopped
from core.training.artifacts import write_head
from core.training.checkpoint import Checkpoints
from core.training.config import Pooling, TrainingConfig
from core.training.curve import LearningCurve
from core.training.heads.data import HeadData
from core.training.heads.linear import EpochScores, FeatureSet, fit_linear_head
from core.training.heads.selection import HeadChoice
from core.training.phases import Phase

_SAVE_EVERY_SECONDS = _LOOK_EVERY_SECONDS = 1.0
_STARTING_L2, _STARTING_EPOCHS = 0.03, 40


class HeadKeeper:
    """Adds the epochs of a head to the curve, and keeps the best head on disk."""

    def __init__(
        self,
        curve: LearningCurve,
        checkpoints: Checkpoints,
        progress: Progress,
        on_look: Callable[[HeadWeights], None],
    ) -> None:
        self._curve, self._checkpoints, self._progress, self._on_look = curve, checkpoints, progress, on_look
        self._unsaved: tuple[str, HeadWeights] | None = None
        self._saved_at = self._looked_at = 0.0

    def add(
        self, scores: EpochScores, head: HeadWeights, details: dict[str, Any], *, may_be_best: bool
    ) -> None:
        record = {
            "loss": scores.loss,
            "accuracy": scores.accuracy,
            "validation_loss": scores.validation_loss,
            "validation_accuracy": scores.validation_accuracy,
            "validation_macro_f1": scores.validation_macro_f1,
            **details,
        }
        name = f"{self._curve.epoch + 1:05d}"
        if may_be_best and self._curve.is_best(record):
            self._unsaved = (name, head)
        self._curve.add(record, name, may_be_best=may_be_best)
        self._progress.advance(self._curve.epoch, max(self._curve.epoch, self._curve.planned))
        # Linear epochs take milliseconds, and a safe write as long: not each best one is worth it.
        if time.monotonic() - self._saved_at > _SAVE_EVERY_SECONDS:
            self.save()
        if time.monotonic() - self._looked_at > _LOOK_EVERY_SECONDS:
            self._looked_at = time.monotonic()
            self._on_look(head)
        raise_if_stopped(self._progress)

    def save(self) -> None:
        """Write the best head so far, if it is not on disk yet."""
        if self._unsaved is None:
            return
        name, head = self._unsaved
        self._checkpoints.write_best(name, lambda folder: write_head(folder, head))
        self._unsaved, self._saved_at = None, time.monotonic()
        self._progress.keep(self._curve.result())


def fit_linear_heads(
    data: HeadData,
    settings: TrainingConfig,
    task: Task,
    keeper: HeadKeeper,
    curve: LearningCurve,
    *,
    epochs: int,
) -> None:
    """Try the heads that the settings allow, one after the other; the best epoch is kept.

    What is best is told by validation, the simpler head preferred (:class:`HeadChoice`). Each takes the features of the network: those of the quarters, or the largest
    values. A head on the mean of the quarters is spread over them.

    Args:
        epochs: the most of all heads together.
    """
    kinds = _kinds(settings, reduced=data.is_reduced)
    choice = HeadChoice()
    first = epochs // len(kinds) or epochs  # of one epoch, the first head takes it all
    for kind, share in zip(kinds, (first, epochs - first), strict=False):
        if not share:
            return
        curve.begin_phase(kind, epochs - curve.epoch)
        choice.begin()

        def add(scores: EpochScores, head: HeadWeights, details: dict[str, Any], kind: Phase = kind) -> None:
            head = head.spread_over_quarters() if kind is Phase.GLOBAL_POOLING else head
            keeper.add(scores, head, details, may_be_best=choice.may_be_best(scores))

        seen = data.of_whole_pictures() if kind is Phase.GLOBAL_POOLING else data
        fit_linear_head(
            seen.train,
            seen.validation,
            epochs=share,
            on_epoch=add,
            task=task,
            l2=settings.head.l2 or None,
            label_smoothing=settings.loss.label_smoothing,
        )


def fit_starting_head(train: FeatureSet, settings: TrainingConfig, task: Task) -> HeadWeights:
    """A linear head held back by a penalty, for fine-tuning to begin with.

    The head that is best by itself has often learnt every training picture by heart:
    its loss is zero, so a network under it would be told nothing. And its weights are
    large, so the first steps would shake everything beneath.
    """
    heads: list[HeadWeights] = []
    fit_linear_head(
        train,
        train,
        epochs=_STARTING_EPOCHS,
        on_epoch=lambda scores, head, details: heads.append(head),
        task=task,
        l2=settings.head.l2 or _STARTING_L2,
        label_smoothing=settings.loss.label_smoothing,
    )
    return heads[-1]


def _kinds(settings: TrainingConfig, *, reduced: bool) -> list[Phase]:
    if settings.head.pooling is Pooling.MAX:
        return [Phase.MAX_POOLING]
    if reduced:
        return [Phase.GLOBAL_POOLING]
    if settings.head.pooling is Pooling.QUARTERS:
        return [Phase.GRID_POOLING]
    return [Phase.GLOBAL_POOLING, Phase.GRID_POOLING]
