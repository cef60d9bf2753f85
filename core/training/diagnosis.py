"""What a learning curve means, in a sentence: does it overfit, underfit, diverge, stand still, or go well?

Pure functions of the epochs told so far. Epochs are noisy, so what is compared
are medians of three, and a change counts only where it is larger than the
ordinary up and down from one epoch to the next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Any

from core.messages import N_, Message
from core.training.config import Monitor
from core.training.phases import Phase

_WINDOW = 3  # epochs in a median
_FEWEST_EPOCHS, _FEWEST_ON_A_PATH = 3, 10  # before anything but divergence is said
_EXPLODED_TIMES, _EXPLODED_BY = 2.0, 0.5  # training loss against its lowest; the second in nats
_WORSE_BY, _WORSE_SHARE, _NOISES = 0.02, 0.05, 3.5  # validation loss: nats, share, ordinary ups and downs
_STILL_LEARNING = 0.97  # training loss falls below this share of what it was
_WIDE_GAP = 0.15  # of accuracy, training less validation
_NEARLY_ALL = 0.9  # training accuracy of a classifier that knows its pictures by heart
_POOR = 0.35  # of the way from always guessing to always right
_GUESSING = 0.1


class Verdict(StrEnum):
    """What a learning curve looks like."""

    DIVERGES = "diverges"
    OVERFITS = "overfits"
    UNDERFITS = "underfits"
    PLATEAUS = "plateaus"
    UNFINISHED = "unfinished"  # its epochs were spent while it still got better
    GOES_WELL = "goes well"

    @property
    def is_good(self) -> bool:
        return self is Verdict.GOES_WELL


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A verdict, and the sentence that says what it means and what to do."""

    verdict: Verdict
    message: Message


def diagnose(
    metrics: Sequence[Mapping[str, Any]],
    *,
    watch: Monitor = Monitor.LOSS,
    patience: int = 5,
    baseline: float = 0.0,
) -> Message | None:
    """``judge_curve`` as a sentence alone."""
    diagnosis = judge_curve(metrics, watch=watch, patience=patience, baseline=baseline)
    return diagnosis.message if diagnosis else None


def judge_curve(
    metrics: Sequence[Mapping[str, Any]],
    *,
    watch: Monitor = Monitor.LOSS,
    patience: int = 5,
    baseline: float = 0.0,
) -> Diagnosis | None:
    """Judge a run by its epochs so far; None while there are too few to tell.

    Args:
        metrics: the lines of ``metrics.jsonl``, oldest first.
        watch: the measure by which the best epoch is told.
        patience: epochs without a better one after which the run ends.
        baseline: accuracy of always guessing the most common class, 0 to 1.
    """
    if not metrics:
        return None
    phase = [record for record in metrics if record.get("phase") == metrics[-1].get("phase")]
    if _diverges(phase):
        return _said(Verdict.DIVERGES, _DIVERGES, best=_best(metrics)["epoch"])
    is_path = _is_linear_head(phase[-1])
    if len(phase) < (_FEWEST_ON_A_PATH if is_path else _FEWEST_EPOCHS):
        return None
    return (
        _underfits(phase, baseline)
        or _overfits(metrics, phase, is_path=is_path)
        or (None if is_path else _stands_still(metrics, phase, watch, patience))
        or _goes_well(metrics, phase)
    )


def _diverges(phase: Sequence[Mapping[str, Any]]) -> bool:
    """The last loss is no number, or training has come far above where it was."""
    losses = [_value(record, "loss") for record in phase]
    if not math.isfinite(losses[-1]) or not math.isfinite(_value(phase[-1], "validation_loss")):
        return True
    lowest = min(loss for loss in losses if math.isfinite(loss))
    now = min(losses[-1], _now(losses))
    return now > _EXPLODED_TIMES * lowest and now > lowest + _EXPLODED_BY


def _underfits(phase: Sequence[Mapping[str, Any]], baseline: float) -> Diagnosis | None:
    """Poor on training pictures too, and no longer getting better there."""
    training = _now([_value(record, "accuracy") for record in phase])
    validation = _now([_value(record, "validation_accuracy") for record in phase])
    if _is_falling([_value(record, "loss") for record in phase]):
        return None
    facts = {"training": _percent(training), "baseline": _percent(baseline)}
    if _above_guessing(training, baseline) < _GUESSING:
        if baseline:
            return _said(Verdict.UNDERFITS, _NO_BETTER_THAN_GUESSING, **facts)
        return _said(Verdict.UNDERFITS, _LEARNS_TOO_LITTLE, **facts)
    poor = max(_above_guessing(training, baseline), _above_guessing(validation, baseline)) < _POOR
    return _said(Verdict.UNDERFITS, _LEARNS_TOO_LITTLE, **facts) if poor else None


def _overfits(
    metrics: Sequence[Mapping[str, Any]], phase: Sequence[Mapping[str, Any]], *, is_path: bool
) -> Diagnosis | None:
    """Training gets better while validation gets worse, or knows its own pictures far better than others."""
    best = _best(metrics)
    if not is_path and _parts(phase):
        return _said(Verdict.OVERFITS, _MEMORISES, best=best["epoch"])
    training, validation = _value(best, "accuracy"), _value(best, "validation_accuracy")
    if training >= _NEARLY_ALL and training - validation > _WIDE_GAP:
        facts = {"training": _percent(training), "validation": _percent(validation)}
        return _said(Verdict.OVERFITS, _KNOWS_ITS_OWN, **facts)
    return None


def _parts(phase: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the curves go apart: validation up from its lowest, training further down since."""
    smooth = _medians([_value(record, "validation_loss") for record in phase])
    lowest = min(range(len(smooth)), key=smooth.__getitem__)
    if len(smooth) - 1 - lowest < _WINDOW:
        return False
    losses = [_value(record, "validation_loss") for record in phase]
    ordinary = median([abs(later - now) for now, later in pairwise(losses)])
    rise = smooth[-1] - smooth[lowest]
    enough = max(_WORSE_BY, _WORSE_SHARE * smooth[lowest])
    training = _medians([_value(record, "loss") for record in phase])
    accuracy = _medians([_value(record, "validation_accuracy") for record in phase])
    return (
        rise > enough
        and rise > _NOISES * ordinary
        and training[-1] < _STILL_LEARNING * training[lowest]
        and accuracy[-1] < accuracy[lowest] + 0.01  # a sure, right answer more outweighs the loss
    )


def _stands_still(
    metrics: Sequence[Mapping[str, Any]], phase: Sequence[Mapping[str, Any]], watch: Monitor, patience: int
) -> Diagnosis | None:
    """No better epoch for half the patience: it waits, and will end soon."""
    values = [_watched(record, watch) for record in phase]
    since = len(values) - 1 - min(range(len(values)), key=values.__getitem__)
    left = int(phase[-1].get("patience_left", max(0, patience - since)))
    if since < max(_WINDOW, patience // 2) or left == 0 or _is_spent(metrics):
        return None
    return _said(Verdict.PLATEAUS, _STANDS_STILL, best=_best(metrics)["epoch"], left=left)


def _goes_well(metrics: Sequence[Mapping[str, Any]], phase: Sequence[Mapping[str, Any]]) -> Diagnosis:
    best = _best(metrics)
    facts = {
        "training": _percent(_value(best, "accuracy")),
        "validation": _percent(_value(best, "validation_accuracy")),
        "best": best["epoch"],
    }
    if _is_spent(metrics) and not _is_linear_head(phase[-1]) and best is metrics[-1]:
        return _said(Verdict.UNFINISHED, _STOPPED_TOO_EARLY, **facts)
    return _said(Verdict.GOES_WELL, _WELL, **facts)


def _best(metrics: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The record of the best epoch; where none is named, that of the lowest validation loss."""
    named = metrics[-1].get("best_epoch")
    for record in metrics:
        if record["epoch"] == named:
            return record
    return min(metrics, key=lambda record: _watched(record, Monitor.LOSS))


def _is_linear_head(record: Mapping[str, Any]) -> bool:
    """True on a path from stiff to flexible heads, which always memorise past their best."""
    phase = record.get("phase")
    return phase is not None and Phase(phase).is_linear_head


def _is_spent(metrics: Sequence[Mapping[str, Any]]) -> bool:
    planned = metrics[-1].get("epochs")
    return planned is not None and int(metrics[-1]["epoch"]) >= int(planned)


def _is_falling(losses: Sequence[float]) -> bool:
    """Whether the training loss is still clearly lower than a third of the phase ago."""
    smooth = _medians(losses)
    earlier = smooth[-1 - max(_WINDOW - 1, len(smooth) // 3)]
    return smooth[-1] < _STILL_LEARNING * earlier


def _watched(record: Mapping[str, Any], watch: Monitor) -> float:
    """What is watched, such that less is better; what is no number is worst."""
    value = _value(record, watch)
    if not math.isfinite(value):
        return math.inf
    return value if watch.is_better_low else -value


def _value(record: Mapping[str, Any], name: str) -> float:
    value = record.get(name)
    return math.nan if value is None else float(value)


def _now(values: Sequence[float]) -> float:
    return median(values[-_WINDOW:])


def _medians(values: Sequence[float]) -> list[float]:
    """Each value as the median of itself and the two before it."""
    return [median(values[max(0, place - _WINDOW + 1) : place + 1]) for place in range(len(values))]


def _above_guessing(accuracy: float, baseline: float) -> float:
    """How far from always guessing (0) to always right (1)."""
    return (accuracy - baseline) / max(1e-9, 1.0 - baseline)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _said(verdict: Verdict, template: str, **values: Any) -> Diagnosis:
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
