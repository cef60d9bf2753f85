"""Records of a training run: epochs, batches, resume point, answers on validation, summary.

They stand in ``metrics.jsonl``, ``batches.jsonl``, ``checkpoints/``, ``live.json`` and
``result.json``. Pages read them too, so this module imports no framework.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.messages import Message
from core.records import JsonObject, Record
from core.training.config import Monitor
from core.training.phases import Phase


@dataclass(frozen=True, kw_only=True)
class EpochMetrics(Record):
    """Loss and accuracy of one epoch on training and validation pictures. Losses are in nats."""

    loss: float = math.nan
    accuracy: float = math.nan  # 0 to 1
    validation_loss: float = math.nan
    validation_accuracy: float = math.nan  # 0 to 1
    validation_macro_f1: float = math.nan  # 0 to 1, mean over the classes that appear
    # The metric that matters, 0 to 1, where it is monitored; of a cost the share of the highest that is avoided.
    validation_leading: float | None = None
    l2: float | None = None  # penalty of a linear head
    learning_rate: float | None = None  # at the end of an epoch of gradient descent
    pictures_per_second: float | None = None
    seconds: float | None = None

    def monitored(self, monitor: Monitor) -> float:
        """The monitored metric, signed such that lower is better; infinite where it is no number."""
        value = getattr(self, monitor.value)
        if value is None or not math.isfinite(value):
            return math.inf
        return float(value) if monitor.is_better_low else -float(value)

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Read null as a missing value."""
        return {name: value for name, value in values.items() if value is not None}

    def to_json(self) -> JsonObject:
        """The record without missing values: a curve has thousands of lines."""
        return {name: value for name, value in super().to_json().items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class EpochRecord(EpochMetrics):
    """An epoch of the learning curve: one line of ``metrics.jsonl``."""

    epoch: int  # from 1, over all phases
    phase: Phase | None = None
    epochs: int | None = None  # the most that the run will have, as known at this epoch
    best_epoch: int | None = None  # as of this epoch
    patience_left: int | None = None  # epochs; None where early stopping does not apply
    time: float | None = None  # seconds since 1970


@dataclass(frozen=True, kw_only=True)
class BatchRecord(Record):
    """A training step: one line of ``batches.jsonl``. Means are over the epoch so far."""

    phase: Phase
    epoch: int
    step: int  # from 1
    steps: int  # of the epoch
    learning_rate: float
    pictures_per_second: float
    loss: float
    accuracy: float
    time: float | None = None  # seconds since 1970


@dataclass(frozen=True, kw_only=True)
class CurveState(Record):
    """Everything that early stopping and the choice of the best epoch depend on."""

    epoch: int = 0  # epochs done, over all phases
    best: EpochRecord | None = None
    best_name: str | None = None  # of the best epoch's checkpoint
    phase_best: float | None = None  # best value of the monitored metric in this phase
    phase_epochs: int = 0  # epochs of this phase done
    improved: int = 0  # epochs of this phase that were its best so far
    since_best: int = 0  # epochs of this phase since its best
    plateaus: int = 0
    lines: int = 0  # of the metrics file
    linear_phase: Phase | None = None  # of the best linear head
    notes: tuple[Message, ...] = ()

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Older versions wrote "" before linear heads were fitted."""
        return values | {"linear_phase": values.get("linear_phase") or None}


@dataclass(frozen=True, kw_only=True)
class ResumePoint(Record):
    """Position in a run at its last checkpoint."""

    phase: Phase
    phase_epoch: int  # epochs of the phase done
    phase_epochs: int  # that the phase has at most
    step: int  # steps of the epoch done
    seconds: float  # spent on that epoch
    micro_batches: int  # parts that a batch is split into
    curve: CurveState
    best_name: str | None = None  # of the best epoch's checkpoint
    # Hidden layers see features by ``standardisation`` with its floor; runs that an older version began go on without.
    has_deviation_floor: bool = False


@dataclass(frozen=True, kw_only=True)
class Example(Record):
    """A validation picture with its first and its latest prediction. Confidences are 0 to 1."""

    id: str
    sha256: str = ""
    label: str
    predicted: str
    confidence: float
    first_predicted: str
    first_confidence: float


@dataclass(frozen=True, kw_only=True)
class ValidationPredictions(Record):
    """Predictions of one epoch on validation pictures."""

    epoch: int
    confusion: tuple[tuple[int, ...], ...] | None = None  # rows true, columns predicted
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LiveState(ValidationPredictions):
    """State of a run for its page, ``live.json``; after the run, that of the delivered epoch."""

    epochs: int | None = None
    patience_left: int | None = None
    best_epoch: int | None = None
    notes: tuple[Message, ...] = ()

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Older versions also wrote the monitored metric, which the run's settings hold."""
        return {name: value for name, value in values.items() if name != "watch"}


@dataclass(frozen=True, kw_only=True)
class TrainingSummary(Record):
    """Result of the training step: ``training`` in ``result.json``."""

    epochs: int
    best: EpochRecord | None = None
    seed: int = 0
    notes: tuple[Message, ...] = ()
