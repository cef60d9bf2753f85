"""Fitting of heads on frozen features, the first phase of every recipe but "scratch"."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from core.data.labels.task import Task
from core.formatting import rounded_percent
from core.messages import N_, Message
from core.models.head import HeadWeights
from core.progress import Progress, raise_if_stopped
from core.training.artifacts import write_head
from core.training.checkpoint import Checkpoints
from core.training.config import Pooling, TrainingConfig
from core.training.curve import LearningCurve
from core.training.heads.cross_validation import CrossValidation, HeldOutAccuracy, is_cross_validated
from core.training.heads.data import HeadData
from core.training.heads.linear import EpochScores, FeatureSet, fit_linear_head
from core.training.heads.selection import HeadSelection
from core.training.live import LiveView
from core.training.phases import Phase
from core.training.records import EpochMetrics

_SAVE_EVERY_SECONDS = 1.0
_STARTING_L2, _STARTING_EPOCHS = 0.03, 40


class HeadRecorder:
    """Adds the epochs of linear heads to the curve and writes the best head to disk."""

    def __init__(
        self,
        curve: LearningCurve,
        checkpoints: Checkpoints,
        progress: Progress,
        live: LiveView,
        *,
        picture_ids: Sequence[str] = (),
    ) -> None:
        """Prepare a recorder.

        Args:
            picture_ids: of the training pictures, then of the validation pictures, for heads that are
                scored on both.
        """
        self._curve, self._checkpoints, self._progress = curve, checkpoints, progress
        self._live, self._picture_ids = live, picture_ids
        self.best: EpochScores | None = None
        self._unsaved: tuple[int, HeadWeights] | None = None
        self._saved_at = self._shown_at = 0.0

    def add(self, scores: EpochScores, head: HeadWeights, l2: float, *, may_be_best: bool) -> None:
        """Add an epoch with the head as it stands and its L2 penalty."""
        metrics = EpochMetrics(
            loss=scores.loss,
            accuracy=scores.accuracy,
            validation_loss=scores.validation_loss,
            validation_accuracy=scores.validation_accuracy,
            validation_macro_f1=scores.validation_macro_f1,
            validation_leading=scores.validation_leading,
            l2=l2,
        )
        epoch = self._curve.epoch + 1
        if may_be_best and self._curve.is_best(metrics):
            self.best, self._unsaved = scores, (epoch, head)
        self._curve.add(metrics, f"{epoch:05d}", may_be_best=may_be_best)
        self._progress.advance(epoch, max(epoch, self._curve.planned))
        # A linear epoch takes milliseconds and a safe write as long, so not every best one is written.
        if time.monotonic() - self._saved_at > _SAVE_EVERY_SECONDS:
            self.save()
        if time.monotonic() - self._shown_at > _SAVE_EVERY_SECONDS:
            self._shown_at = time.monotonic()
            self._live.show(scores.validation_logits)
        raise_if_stopped(self._progress)

    def save(self) -> None:
        """Write the best head so far, unless it is on disk already."""
        if self._unsaved is None or self.best is None:
            return
        (epoch, head), scores = self._unsaved, self.best

        def write(folder: Path) -> None:
            write_head(folder, head)
            if scores.held_out is not None:
                scores.held_out.save(folder, self._picture_ids)
            self._live.write_predictions(folder, scores.validation_logits, epoch)

        self._checkpoints.write_best(f"{epoch:05d}", write)
        self._unsaved, self._saved_at = None, time.monotonic()
        self._progress.keep(self._curve.result())


def fit_linear_heads(
    data: HeadData,
    settings: TrainingConfig,
    task: Task,
    recorder: HeadRecorder,
    curve: LearningCurve,
    *,
    epochs: int,
    check: Callable[[], None],
) -> None:
    """Fit the heads that the settings allow, one after the other; the best epoch is saved.

    Validation selects it, of few pictures cross-validation, the simpler head preferred
    (:class:`HeadSelection`). All heads are saved for 2 x 2 pooled features: one on globally
    pooled features is spread over the cells.

    Args:
        epochs: the maximum of all heads together.
        check: called within long epochs; an exception that it raises ends the fit.
    """
    phases = linear_phases(settings, reduced=data.is_reduced)
    folds = CrossValidation(data, task, check) if is_cross_validated(settings, data) else None
    selection = HeadSelection(folds.groups if folds else data.validation.groups)
    first = epochs // len(phases) or epochs  # a single epoch goes to the first head
    for phase, share in zip(phases, (first, epochs - first), strict=False):
        if not share:
            break
        curve.begin_phase(phase, epochs - curve.epoch)
        selection.begin()

        def add(scores: EpochScores, head: HeadWeights, l2: float, phase: Phase = phase) -> None:
            head = head.for_grid_features() if phase is Phase.GLOBAL_POOLING else head
            recorder.add(scores, head, l2, may_be_best=selection.may_be_best(scores))

        pooled = data.globally_pooled() if phase is Phase.GLOBAL_POOLING else data
        if folds:
            folds.fit(pooled, epochs=share, on_epoch=add, leading=settings.leading_metric)
            continue
        fit_linear_head(
            pooled.train,
            pooled.validation,
            epochs=share,
            on_epoch=add,
            task=task,
            l2=settings.head.l2 or None,
            label_smoothing=settings.loss.label_smoothing,
            leading=settings.leading_metric,
        )
    if folds:
        curve.note(_note(folds.accuracy()))


def fit_starting_head(train: FeatureSet, settings: TrainingConfig, task: Task) -> HeadWeights:
    """Fit a strongly regularised linear head for fine-tuning to start with.

    The best head by itself has often memorised every training picture: its loss is zero,
    so a network under it would get no gradient. Its weights are large, so the first steps
    would disturb the pretrained layers.
    """
    heads: list[HeadWeights] = []
    fit_linear_head(
        train,
        train,
        epochs=_STARTING_EPOCHS,
        on_epoch=lambda scores, head, l2: heads.append(head),
        task=task,
        l2=settings.head.l2 or _STARTING_L2,
        label_smoothing=settings.loss.label_smoothing,
    )
    return heads[-1]


def linear_phases(settings: TrainingConfig, *, reduced: bool) -> list[Phase]:
    """Return the phases of linear heads that the settings allow, the simplest first.

    Args:
        reduced: the features are globally pooled already.
    """
    if settings.head.pooling is Pooling.MAX:
        return [Phase.MAX_POOLING]
    if reduced:
        return [Phase.GLOBAL_POOLING]
    if settings.head.pooling is Pooling.GRID:
        return [Phase.GRID_POOLING]
    return [Phase.GLOBAL_POOLING, Phase.GRID_POOLING]


def _note(measured: HeldOutAccuracy) -> Message:
    low, high = measured.interval
    return Message(
        _CROSS_VALIDATED,
        {
            "pictures": measured.pictures,
            "accuracy": rounded_percent(measured.accuracy),
            "low": rounded_percent(low),
            "high": rounded_percent(high),
        },
    )


_CROSS_VALIDATED = N_(
    "There are few pictures, so the head was chosen by cross-validation and has learnt from all {pictures} "
    "training and validation pictures. Of pictures that it had not learnt from, {accuracy}% were right "
    "({low}–{high}%)."
)
