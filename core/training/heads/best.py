"""Best linear head on given features, without the files and the curve of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.labels.task import Task
from core.models.head import HeadWeights
from core.training.heads.data import HeadData
from core.training.heads.linear import EpochScores, fit_linear_head
from core.training.heads.selection import HeadSelection
from core.training.phases import Phase


@dataclass(frozen=True, kw_only=True)
class BestHead:
    """Scores of a head at its best epoch, and its logits float32 (v, C) on the validation pictures."""

    scores: EpochScores
    validation_logits: np.ndarray


def fit_best_head(
    data: HeadData,
    phases: Sequence[Phase],
    *,
    task: Task,
    epochs: int,
    check: Callable[[], None],
    l2: float | None = None,
    label_smoothing: float = 0.0,
) -> BestHead:
    """Fit linear heads from the simplest to the richest, and return the one that a run would select.

    Args:
        phases: the pooling of each head.
        epochs: the maximum of each head.
        check: called after each epoch; an exception that it raises ends the fit.
        l2, label_smoothing: as in ``fit_linear_head``.
    """
    selection = HeadSelection(data.validation.groups)
    eligible = list[tuple[EpochScores, HeadWeights, HeadData]]()
    for phase in phases:
        pooled = data.globally_pooled() if phase is Phase.GLOBAL_POOLING else data
        selection.begin()

        def add(scores: EpochScores, head: HeadWeights, l2: float, pooled: HeadData = pooled) -> None:
            if selection.may_be_best(scores) and (
                not eligible or scores.validation_loss < eligible[-1][0].validation_loss
            ):
                eligible.append((scores, head, pooled))
                del eligible[:-1]
            check()

        fit_linear_head(
            pooled.train,
            pooled.validation,
            epochs=epochs,
            on_epoch=add,
            task=task,
            l2=l2,
            label_smoothing=label_smoothing,
        )
    ((scores, head, pooled),) = eligible
    return BestHead(scores=scores, validation_logits=head.logits(pooled.validation.features))
