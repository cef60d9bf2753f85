"""Best linear head on given features, without the files and the curve of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.labels.task import Task
from core.models.head import HeadWeights
from core.training.heads.cross_validation import CrossValidation
from core.training.heads.data import HeadData
from core.training.heads.linear import EpochScores, fit_linear_head
from core.training.heads.selection import HeadSelection
from core.training.phases import Phase


@dataclass(frozen=True, kw_only=True)
class BestHead:
    """Head at its best epoch, for features of ``phase``'s pooling."""

    head: HeadWeights
    phase: Phase
    scores: EpochScores

    @property
    def validation_logits(self) -> np.ndarray:
        """float32 (v, C) on the validation pictures."""
        return self.scores.validation_logits


def fit_best_head(
    data: HeadData,
    phases: Sequence[Phase],
    *,
    task: Task,
    epochs: int,
    check: Callable[[], None],
    l2: float | None = None,
    label_smoothing: float = 0.0,
    cross_validates: bool = False,
) -> BestHead:
    """Fit linear heads from the simplest to the richest, and return the one that validation selects.

    Args:
        phases: the pooling of each head.
        epochs: the maximum of each head.
        check: called after each epoch; an exception that it raises ends the fit.
        l2, label_smoothing: as in ``fit_linear_head``.
        cross_validates: select by cross-validation, and fit on the validation pictures too; no penalty
            and no label smoothing is taken.
    """
    folds = CrossValidation(data, task, check) if cross_validates else None
    selection = HeadSelection(folds.groups if folds else data.validation.groups)
    eligible = list[BestHead]()
    for phase in phases:
        pooled = data.globally_pooled() if phase is Phase.GLOBAL_POOLING else data
        selection.begin()

        def add(scores: EpochScores, head: HeadWeights, l2: float, phase: Phase = phase) -> None:
            if selection.may_be_best(scores) and (
                not eligible or scores.validation_loss < eligible[-1].scores.validation_loss
            ):
                eligible[:] = [BestHead(head=head, phase=phase, scores=scores)]
            check()

        if folds:
            folds.fit(pooled, epochs=epochs, on_epoch=add)
            continue
        fit_linear_head(
            pooled.train,
            pooled.validation,
            epochs=epochs,
            on_epoch=add,
            task=task,
            l2=l2,
            label_smoothing=label_smoothing,
        )
    return eligible[0]
