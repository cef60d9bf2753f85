"""Diagnosis of a learning curve: overfitting, underfitting, divergence, plateau or healthy.

Pure functions of the epochs so far. Epochs are noisy, so medians of three are compared,
and a change counts only if it exceeds the usual variation between epochs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

from core.formatting import rounded_percent
from core.messages import N_, Message
from core.training.config import Monitor
from core.training.records import EpochRecord

_WINDOW = 3  # epochs in a median
_MIN_EPOCHS, _MIN_LINEAR_EPOCHS = 3, 10  # before anything but divergence is diagnosed
_EXPLODED_TIMES, _EXPLODED_BY = 2.0, 0.5  # training loss against its lowest; the second in nats
_WORSE_BY, _WORSE_SHARE, _NOISES = (
    0.02,
    0.05,
    3.5,
)  # validation loss: nats, share, multiples of the usual variation
_STILL_LEARNING = 0.97  # training loss falls below this share of what it was
_WIDE_GAP = 0.15  # of accuracy, training less validation
_NEARLY_ALL = 0.9  # training accuracy of a classifier that memorises its pictures
_POOR = 0.35  # fraction of the way from guessing to always right
_GUESSING = 0.1


class Verdict(StrEnum):
    """Kind of learning curve."""

    DIVERGES = "diverges"
    OVERFITS = "overfits"
    UNDERFITS = "underfits"
    PLATEAUS = "plateaus"
    UNFINISHED = "unfinished"  # it still improved when its epochs were done
    GOES_WELL = "goes well"

    @property
    def is_good(self) -> bool:
        return self is Verdict.GOES_WELL


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Verdict with a sentence that says what it means and what to do."""

    verdict: Verdict
    message: Message


def diagnose(
    metrics: Sequence[EpochRecord],
    *,
    monitor: Monitor = Monitor.LOSS,
    patience: int = 5,
    baseline: float = 0.0,
) -> Message | None:
    """Return the sentence of :func:`judge_curve`."""
    diagnosis = judge_curve(metrics, monitor=monitor, patience=patience, baseline=baseline)
    return diagnosis.message if diagnosis else None


def judge_curve(
    metrics: Sequence[EpochRecord],
    *,
    monitor: Monitor = Monitor.LOSS,
    patience: int = 5,
    baseline: float = 0.0,
) -> Diagnosis | None:
    """Diagnose a run from its epochs so far; None while there are too few.

    Args:
        metrics: the epochs, oldest first.
        monitor: the metric that selects the best epoch.
        patience: epochs without improvement before early stopping.
        baseline: accuracy of always guessing the most common class, 0 to 1.
    """
    if not metrics:
        return None
    phase = [record for record in metrics if record.phase is metrics[-1].phase]
    if _diverges(phase):
        return _diagnosis(Verdict.DIVERGES, _DIVERGES, best=_best(metrics).epoch)
    is_linear = _is_linear_head(phase[-1])
    if _is_too_short(phase, is_linear=is_linear):
        return None
    return (
        _underfits(metrics, phase, baseline)
        or _overfits(metrics, phase, is_linear=is_linear)
        or (None if is_linear else _is_on_plateau(metrics, phase, monitor, patience))
        or _goes_well(metrics, phase)
    )


def _is_too_short(phase: Sequence[EpochRecord], *, is_linear: bool) -> bool:
    """Return True before there is anything to compare. With cross-validation, each penalty is one epoch."""
    if not is_linear:
        return len(phase) < _MIN_EPOCHS
    return len(phase) < _MIN_LINEAR_EPOCHS and len({record.l2 for record in phase}) < _MIN_EPOCHS


def _diverges(phase: Sequence[EpochRecord]) -> bool:
    """Return True if the last loss is NaN or infinite, or far above its lowest value."""
    losses = [record.loss for record in phase]
    if not math.isfinite(losses[-1]) or not math.isfinite(phase[-1].validation_loss):
        return True
    lowest = min(loss for loss in losses if math.isfinite(loss))
    now = min(losses[-1], _now(losses))
    return now > _EXPLODED_TIMES * lowest and now > lowest + _EXPLODED_BY


def _underfits(
    metrics: Sequence[EpochRecord], phase: Sequence[EpochRecord], baseline: float
) -> Diagnosis | None:
    """Diagnose poor training accuracy that no longer improves.

    The best epoch counts also from an earlier phase: it is the one that is delivered.
    """
    best = _best(metrics)
    training = max(best.accuracy, _now([record.accuracy for record in phase]))
    validation = max(best.validation_accuracy, _now([record.validation_accuracy for record in phase]))
    if _is_falling([record.loss for record in phase]):
        return None
    facts = {"training": _percent(training), "baseline": _percent(baseline)}
    if _above_guessing(training, baseline) < _GUESSING:
        if baseline:
            return _diagnosis(Verdict.UNDERFITS, _NO_BETTER_THAN_GUESSING, **facts)
        return _diagnosis(Verdict.UNDERFITS, _LEARNS_TOO_LITTLE, **facts)
    poor = max(_above_guessing(training, baseline), _above_guessing(validation, baseline)) < _POOR
    return _diagnosis(Verdict.UNDERFITS, _LEARNS_TOO_LITTLE, **facts) if poor else None


def _overfits(
    metrics: Sequence[EpochRecord], phase: Sequence[EpochRecord], *, is_linear: bool
) -> Diagnosis | None:
    """Diagnose a gap between training and validation, or validation that gets worse."""
    best = _best(metrics)
    if not is_linear and _diverge_from_each_other(phase):
        return _diagnosis(Verdict.OVERFITS, _MEMORISES, best=best.epoch)
    training, validation = best.accuracy, best.validation_accuracy
    if training >= _NEARLY_ALL and training - validation > _WIDE_GAP:
        facts = {"training": _percent(training), "validation": _percent(validation)}
        return _diagnosis(Verdict.OVERFITS, _KNOWS_ITS_OWN, **facts)
    return None


def _diverge_from_each_other(phase: Sequence[EpochRecord]) -> bool:
    """Return True if validation loss rose from its minimum while training loss fell further."""
    smooth = _medians([record.validation_loss for record in phase])
    lowest = min(range(len(smooth)), key=smooth.__getitem__)
    if len(smooth) - 1 - lowest < _WINDOW:
        return False
    losses = [record.validation_loss for record in phase]
    ordinary = median([abs(later - now) for now, later in pairwise(losses)])
    rise = smooth[-1] - smooth[lowest]
    enough = max(_WORSE_BY, _WORSE_SHARE * smooth[lowest])
    training = _medians([record.loss for record in phase])
    accuracy = _medians([record.validation_accuracy for record in phase])
    return (
        rise > enough
        and rise > _NOISES * ordinary
        and training[-1] < _STILL_LEARNING * training[lowest]
        and accuracy[-1] < accuracy[lowest] + 0.01  # better accuracy outweighs a higher loss
    )


def _is_on_plateau(
    metrics: Sequence[EpochRecord], phase: Sequence[EpochRecord], monitor: Monitor, patience: int
) -> Diagnosis | None:
    """Diagnose a plateau: no improvement for half the patience, so early stopping is near."""
    values = [record.monitored(monitor) for record in phase]
    since = len(values) - 1 - min(range(len(values)), key=values.__getitem__)
    reported = phase[-1].patience_left
    left = max(0, patience - since) if reported is None else reported
    if since < max(_WINDOW, patience // 2) or left == 0 or _is_spent(metrics):
        return None
    return _diagnosis(Verdict.PLATEAUS, _STANDS_STILL, best=_best(metrics).epoch, left=left)


def _goes_well(metrics: Sequence[EpochRecord], phase: Sequence[EpochRecord]) -> Diagnosis:
    best = _best(metrics)
    facts: dict[str, str | int] = {
        "training": _percent(best.accuracy),
        "validation": _percent(best.validation_accuracy),
        "best": best.epoch,
    }
    can_improve = best.validation_accuracy < 1
    if can_improve and _is_spent(metrics) and not _is_linear_head(phase[-1]) and best is metrics[-1]:
        return _diagnosis(Verdict.UNFINISHED, _STOPPED_TOO_EARLY, **facts)
    return _diagnosis(Verdict.GOES_WELL, _WELL, **facts)


def _best(metrics: Sequence[EpochRecord]) -> EpochRecord:
    """Return the best epoch; without a name, that of the lowest validation loss."""
    named = metrics[-1].best_epoch
    for record in metrics:
        if record.epoch == named:
            return record
    return min(metrics, key=lambda record: record.monitored(Monitor.LOSS))


def _is_linear_head(record: EpochRecord) -> bool:
    """Return True for linear heads, whose path of penalties always ends in memorising."""
    return record.phase is not None and record.phase.is_linear_head


def _is_spent(metrics: Sequence[EpochRecord]) -> bool:
    planned = metrics[-1].epochs
    return planned is not None and metrics[-1].epoch >= planned


def _is_falling(losses: Sequence[float]) -> bool:
    """Return True if the training loss is clearly lower than a third of the phase ago."""
    smooth = _medians(losses)
    earlier = smooth[-1 - max(_WINDOW - 1, len(smooth) // 3)]
    return smooth[-1] < _STILL_LEARNING * earlier


def _now(values: Sequence[float]) -> float:
    return median(values[-_WINDOW:])


def _medians(values: Sequence[float]) -> list[float]:
    """Return for each value the median of itself and the two before it."""
    return [median(values[max(0, index - _WINDOW + 1) : index + 1]) for index in range(len(values))]


def _above_guessing(accuracy: float, baseline: float) -> float:
    """Scale accuracy from always guessing (0) to always right (1)."""
    return (accuracy - baseline) / max(1e-9, 1.0 - baseline)


def _percent(share: float) -> str:
    return f"{rounded_percent(share)}%"


def _diagnosis(verdict: Verdict, template: str, **values: str | int) -> Diagnosis:
    return Diagnosis(verdict=verdict, message=Message(template, values))


_DIVERGES = N_(
    "Training went astray: the loss grew instead of falling. Epoch {best}, the best one, is kept. "
    "Train again with a lower learning rate, a tenth of this one."
)
_NO_BETTER_THAN_GUESSING = N_(
    "It has hardly learnt anything: {training} of its own training pictures are right, and always guessing "
    "the most common class gets {baseline}. Check the labels, or try a higher learning rate or another backbone."
)
_LEARNS_TOO_LITTLE = N_(
    "It learns too little: only {training} of its own training pictures are right, and that no longer changes. "
    "A recipe that trains more of the backbone, a larger backbone or less augmentation may help; so may a look at the labels."
)
_MEMORISES = N_(
    "It has begun to learn its pictures by heart: training still gets better, validation worse. "
    "Epoch {best}, the best one, is kept. More pictures or stronger augmentation would help further."
)
_KNOWS_ITS_OWN = N_(
    "It knows its own pictures much better than new ones: {training} right in training, {validation} in validation. "
    "More pictures or stronger augmentation would help most."
)
_STANDS_STILL = N_(
    "Validation has not got better since epoch {best}, which is kept. "
    "Such epochs until training ends by itself: {left}."
)
_STOPPED_TOO_EARLY = N_(
    "It was still getting better when its epochs were spent ({validation} right in validation). "
    "Continue for more epochs."
)
_WELL = N_("The curves look healthy: {training} right in training, {validation} in validation.")
