"""The learning curve: every epoch's scores, which is the best, and when it is time to end."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from core.messages import Message
from core.progress import Progress
from core.training.config import TrainingConfig
from core.training.cost.expected_epochs import likely_epochs
from core.training.phases import Phase
from core.training.tensorboard import EventFiles


@dataclass(kw_only=True)
class _Standing:
    """What must be known to go on; written with every checkpoint."""

    epoch: int = 0  # behind us, over all phases
    best: dict[str, Any] | None = None  # the record of the best epoch
    best_name: str | None = None  # of its checkpoint
    phase_best: float | None = None  # the best value of what is watched in this phase
    phase_epochs: int = 0  # of this phase that are behind us
    improved: int = 0  # how many of them were the best of the phase so far
    since_best: int = 0  # epochs of this phase without a better one
    plateaus: int = 0
    lines: int = 0  # of the metrics file
    linear_phase: Phase | None = None  # of the best linear head
    notes: list[dict[str, Any]] = field(default_factory=list)


class LearningCurve:
    """Judges epochs by what the settings watch, and tells the progress of each."""

    def __init__(
        self,
        settings: TrainingConfig,
        progress: Progress,
        events: EventFiles | None = None,
    ) -> None:
        """Prepare a curve; ``events`` are written for TensorBoard as it grows."""
        self._settings, self._progress, self._events = settings, progress, events
        self._standing = _Standing()
        self.phase: Phase | None = None
        self.planned = settings.epochs  # epochs behind us and those still to come, at most

    @property
    def epoch(self) -> int:
        return self._standing.epoch

    @property
    def best(self) -> dict[str, Any] | None:
        return self._standing.best

    @property
    def best_name(self) -> str | None:
        return self._standing.best_name

    @property
    def plateaus(self) -> int:
        return self._standing.plateaus

    @property
    def linear_phase(self) -> Phase | None:
        """The phase of the best linear head; None before they were fitted."""
        return self._standing.linear_phase

    def end_linear_heads(self) -> None:
        """Remember which features the best of them takes: a hidden layer will take the same."""
        self._standing.linear_phase = Phase(self._standing.best["phase"]) if self._standing.best else None

    @property
    def patience_left(self) -> int:
        return max(0, self._settings.patience - self._standing.since_best)

    def begin_phase(self, name: Phase, planned_epochs: int) -> None:
        """A phase begins; what it is judged by starts anew, the best of all stays."""
        self.phase, self.planned = name, self._standing.epoch + planned_epochs
        self._standing.phase_best, self._standing.since_best, self._standing.plateaus = None, 0, 0
        self._standing.phase_epochs = self._standing.improved = 0

    def go_on_with_phase(self, name: Phase, epochs_left: int) -> None:
        """A phase goes on from a checkpoint, with its patience as it was."""
        self.phase, self.planned = name, self._standing.epoch + epochs_left

    def is_best(self, record: dict[str, Any]) -> bool:
        """Whether an epoch with these scores would be the best of all."""
        best = self._standing.best
        return best is None or self._value(record) < self._value(best)

    def add(self, record: dict[str, Any], name: str | None = None, *, may_be_best: bool = True) -> None:
        """One more epoch.

        Args:
            record: its scores; see the job directory's ``metrics.jsonl``.
            name: of its checkpoint, if it is the best.
            may_be_best: False where something speaks against it that its scores do not say.
        """
        now = self._standing
        now.epoch += 1
        now.phase_epochs += 1
        record = {"phase": self.phase, "epoch": now.epoch, "epochs": max(self.planned, now.epoch), **record}
        if may_be_best and self.is_best(record):
            now.best, now.best_name = record, name
        value = self._value(record)
        if now.phase_best is None or value < now.phase_best:
            now.phase_best, now.since_best = value, 0
            now.improved += 1
        else:
            now.since_best += 1
            if now.since_best % max(1, self._settings.patience // 2) == 0:
                now.plateaus += 1
        best_epoch = now.best["epoch"] if now.best else None
        # A linear head has no patience: each of its epochs is a step to a known end.
        patience = {"patience_left": self.patience_left} if "learning_rate" in record else {}
        record |= {"best_epoch": best_epoch} | patience
        self._progress.metric(record)
        if self._events is not None:
            self._events.add(record)
        now.lines += 1

    def renew_patience(self) -> None:
        """More epochs were asked for: what was given up is tried again."""
        self._standing.since_best = 0

    def has_run_out_of_patience(self) -> bool:
        return self._standing.since_best >= self._settings.patience

    def likely_epochs(self, left: int) -> float:
        """The epochs to expect of those that are ``left`` of this phase: it may run out of patience."""
        now = self._standing
        return likely_epochs(
            left,
            patience=self._settings.patience,
            tried=now.phase_epochs,
            improved=now.improved,
            since_best=now.since_best,
        )

    def note(self, message: Message) -> None:
        """Something the user should know of this run."""
        self._standing.notes.append(message.to_json())

    @property
    def notes(self) -> list[dict[str, Any]]:
        return list(self._standing.notes)

    def result(self) -> dict[str, Any]:
        """What the training step hands on."""
        now = self._standing
        return {
            "training": {
                "epochs": now.epoch,
                "best": now.best,
                "seed": self._settings.seed,
                "notes": self.notes,
            }
        }

    def to_json(self) -> dict[str, Any]:
        return asdict(self._standing)

    def begin(self) -> None:
        """Start with nothing; lines of an earlier attempt are forgotten."""
        self._stand(_Standing())

    def restore(self, record: dict[str, Any]) -> None:
        """Stand where ``to_json`` stood; lines of the curve after that are forgotten."""
        linear_phase = record.get("linear_phase")
        self._stand(_Standing(**record | {"linear_phase": Phase(linear_phase) if linear_phase else None}))

    def _stand(self, standing: _Standing) -> None:
        self._standing = standing
        self._progress.rewind(standing.lines)
        if self._events is not None:
            self._events.begin()

    def _value(self, record: dict[str, Any]) -> float:
        """What is watched, such that less is better; a number that is none is worst."""
        watch = self._settings.watch
        value = float(record.get(watch, math.nan))
        if math.isnan(value):
            return math.inf
        return value if watch.is_better_low else -value
