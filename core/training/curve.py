"""Learning curve: records epochs, selects the best one and decides early stopping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from core.messages import Message
from core.progress import Progress
from core.training.config import Monitor, TrainingConfig
from core.training.expected_epochs import likely_epochs
from core.training.phases import Phase
from core.training.records import CurveState, EpochMetrics, EpochRecord, TrainingSummary
from core.training.tensorboard import EventFiles


class LearningCurve:
    """Judges epochs by the monitored metric and reports each."""

    def __init__(
        self,
        settings: TrainingConfig,
        progress: Progress,
        events: EventFiles | None = None,
    ) -> None:
        """Prepare a curve; ``events`` are written for TensorBoard as it grows."""
        self._settings, self._progress, self._events = settings, progress, events
        self.state = CurveState()
        self.phase: Phase | None = None
        # Epochs done and still to come, at most.
        self.planned = settings.epochs

    @property
    def epoch(self) -> int:
        """Epochs done, over all phases."""
        return self.state.epoch

    @property
    def best(self) -> EpochRecord | None:
        """The best epoch of all phases."""
        return self.state.best

    @property
    def best_name(self) -> str | None:
        """Name of the best epoch's checkpoint."""
        return self.state.best_name

    @property
    def plateaus(self) -> int:
        """Number of times that the phase went half its patience without a better epoch."""
        return self.state.plateaus

    @property
    def linear_phase(self) -> Phase | None:
        """The phase of the best linear head; None before they were fitted."""
        return self.state.linear_phase

    @property
    def notes(self) -> tuple[Message, ...]:
        """Events of this run that the user should know."""
        return self.state.notes

    @property
    def patience_left(self) -> int:
        """Epochs without a better one until early stopping."""
        return max(0, self._settings.patience - self.state.since_best)

    def begin(self) -> None:
        """Start with nothing; lines of an earlier attempt are removed."""
        self.restore(CurveState())

    def restore(self, state: CurveState) -> None:
        """Continue from a checkpoint; lines of the curve after it are removed."""
        self.state = state
        self._progress.rewind(state.lines)
        if self._events is not None:
            self._events.begin()

    def begin_phase(self, phase: Phase, planned_epochs: int) -> None:
        """Start a phase: its patience starts anew, the best epoch of all stays."""
        self.phase, self.planned = phase, self.state.epoch + planned_epochs
        self.state = replace(
            self.state, phase_best=None, since_best=0, plateaus=0, phase_epochs=0, improved=0
        )

    def resume_phase(self, phase: Phase, epochs_left: int) -> None:
        """Continue a phase from a checkpoint, with its patience as it was."""
        self.phase, self.planned = phase, self.state.epoch + epochs_left

    def end_linear_heads(self) -> None:
        """Remember the pooling of the best linear head: a hidden layer will use the same."""
        self.state = replace(self.state, linear_phase=self.best.phase if self.best else None)

    def renew_patience(self) -> None:
        """Start patience anew, after the user asked for more epochs."""
        self.state = replace(self.state, since_best=0)

    def note(self, message: Message) -> None:
        """Record an event of this run that the user should know."""
        self.state = replace(self.state, notes=(*self.state.notes, message))

    def is_best(self, metrics: EpochMetrics) -> bool:
        """Return True if an epoch with these metrics would be the best of all."""
        return self.best is None or self._rank(metrics) < self._rank(self.best)

    def add(self, metrics: EpochMetrics, name: str | None = None, *, may_be_best: bool = True) -> None:
        """Add an epoch.

        Args:
            name: of its checkpoint, if it is the best.
            may_be_best: False if another criterion than the monitored metric rules it out.
        """
        epoch = self.state.epoch + 1
        is_best = may_be_best and self.is_best(metrics)
        self._count(self._value(metrics))
        # A linear fit has no patience: each of its iterations is a step to a known end.
        has_patience = metrics.learning_rate is not None
        record = EpochRecord(
            **_values(metrics),
            phase=self.phase,
            epoch=epoch,
            epochs=max(self.planned, epoch),
            best_epoch=epoch if is_best else self.best.epoch if self.best else None,
            patience_left=self.patience_left if has_patience else None,
        )
        if is_best:
            self.state = replace(self.state, best=record, best_name=name)
        self._progress.metric(record.to_json())
        if self._events is not None:
            self._events.add(record)
        self.state = replace(self.state, lines=self.state.lines + 1)

    def has_run_out_of_patience(self) -> bool:
        """Return True when early stopping should end the phase."""
        return self.state.since_best >= self._settings.patience

    def likely_epochs(self, left: int) -> float:
        """Expected number of the phase's ``left`` epochs that early stopping lets happen."""
        return likely_epochs(
            left,
            patience=self._settings.patience,
            tried=self.state.phase_epochs,
            improved=self.state.improved,
            since_best=self.state.since_best,
        )

    def result(self) -> Mapping[str, Any]:
        """Result of the training step, as it stands in ``result.json``."""
        summary = TrainingSummary(
            epochs=self.epoch, best=self.best, seed=self._settings.seed, notes=self.notes
        )
        return {"training": summary.to_json()}

    def _count(self, value: float) -> None:
        """Count an epoch with this value of the monitored metric, lower being better."""
        before = self.state
        is_better = before.phase_best is None or value < before.phase_best
        since_best = 0 if is_better else before.since_best + 1
        is_plateau = not is_better and since_best % max(1, self._settings.patience // 2) == 0
        self.state = replace(
            before,
            epoch=before.epoch + 1,
            phase_epochs=before.phase_epochs + 1,
            phase_best=value if is_better else before.phase_best,
            improved=before.improved + is_better,
            since_best=since_best,
            plateaus=before.plateaus + is_plateau,
        )

    def _rank(self, metrics: EpochMetrics) -> tuple[float, float]:
        """Order of epochs, lower being better: of equal ones by the metric that matters, the loss decides.

        That metric may depend on few pictures, and then many epochs have the same value.
        """
        is_leading = self._settings.monitor is Monitor.LEADING
        return self._value(metrics), metrics.monitored(Monitor.LOSS) if is_leading else 0.0

    def _value(self, metrics: EpochMetrics) -> float:
        """The monitored metric, signed such that lower is better."""
        return metrics.monitored(self._settings.monitor)


def _values(metrics: EpochMetrics) -> Mapping[str, Any]:
    return {field.name: getattr(metrics, field.name) for field in fields(EpochMetrics)}
