"""Resumable training loop: a process that dies loses at most a minute of work.

The checkpoint holds everything that the next step depends on: weights, optimiser, the
learning curve with its patience, and the step of the epoch. Batches are drawn from
seed, epoch and number (``batches``). A killed run therefore ends with the same numbers
as one that was not.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from core.data.labels.task import Task
from core.errors import TrainingError
from core.messages import N_, Message
from core.progress import JobPaused, JobStopped, Progress, raise_if_stopped
from core.training.backends import current_backend
from core.training.backends.protocol import Predict, Step
from core.training.batches import Batch, Source, TrainingBatches, split_batch
from core.training.checkpoint import Checkpoints
from core.training.config import TrainingConfig
from core.training.curve import LearningCurve
from core.training.facts import ThroughputMeasured
from core.training.networks.compiling import compile_for_training
from core.training.networks.schedule import learning_rate_at
from core.training.phases import Phase
from core.training.records import BatchRecord, EpochMetrics, ResumePoint
from core.training.scores import score_logits

log = logging.getLogger(__name__)

_SAVE_WITHIN_EPOCH_SECONDS = 60.0
_SAVE_EPOCHS_SECONDS = 5.0  # shorter epochs are not saved one by one
_REPORT_SECONDS = 0.5
_MIN_MEASURED_PICTURES = 64  # a throughput over fewer is noise


@dataclass(frozen=True, kw_only=True)
class GradientPhase:
    """A phase of gradient descent: its model, its inputs and its length."""

    name: Phase
    epochs: int
    batches: TrainingBatches
    validation: Source
    validation_rows: np.ndarray  # int64 (v,)
    validation_targets: np.ndarray  # float32 (v, C)
    build: Callable[[], keras.Model]  # inputs to logits, trainable weights unfrozen
    # Writes what would be delivered, with the model's current weights.
    write_best: Callable[[Path], None]
    average: bool = False  # evaluate and save an average of the weights
    learning_rate_factor: float = 1.0  # on the settings' learning rate
    outputs: int = 0  # numbers that the frozen stem gives for a picture; 0 without one
    has_deviation_floor: bool = True  # see ``ResumePoint``


@dataclass(frozen=True, kw_only=True)
class TrainingContext:
    """Parts of a run that its phases share."""

    settings: TrainingConfig
    task: Task
    curve: LearningCurve
    checkpoints: Checkpoints
    progress: Progress
    on_epoch: Callable[[np.ndarray], None]  # takes the validation logits, float32 (v, C)
    # Writes them beside the weights of a best epoch: folder, logits, epoch.
    write_predictions: Callable[[Path, np.ndarray, int], None] = lambda folder, logits, epoch: None


class _Diverged(Exception):  # noqa: N818 - the phase ends, the run goes on with its best
    """The loss became NaN or infinite."""


class _OutOfMemory(Exception):  # noqa: N818 - answered by smaller batches
    """A step did not fit into memory."""


def run_phase(phase: GradientPhase, run: TrainingContext, point: ResumePoint | None = None) -> None:
    """Train until all epochs are done or early stopping; the best epoch is in ``run.checkpoints``.

    Args:
        point: the position to resume from; None to begin.
    Raises:
        JobStopped, JobPaused: the user asked for it; before a pause, the state is saved.
        TrainingError: not even two pictures at a time fit into memory.
    """
    micro_batches = point.micro_batches if point else 1
    while True:
        try:
            _PhaseLoop(phase, run, micro_batches).run(point)
            return
        except _Diverged:
            run.curve.note(_diverged_note(run.curve))
            return
        except _OutOfMemory as error:
            micro_batches *= 2
            if phase.batches.size // micro_batches < 2:
                raise TrainingError(
                    N_(
                        "Not even two pictures at a time fit into memory. Close other programs, or choose a smaller backbone or recipe."
                    )
                ) from error
            run.curve.note(_smaller_batches_note(phase.batches.size // micro_batches))
            point = _last_resume_point(run)


class _PhaseLoop:
    """One attempt at a phase with batches of one size."""

    def __init__(self, phase: GradientPhase, run: TrainingContext, micro_batches: int) -> None:
        self._phase, self._run, self._micro_batches = phase, run, micro_batches
        self._steps = phase.epochs * len(phase.batches)
        self._backend = current_backend()
        self._saved = self._reported = time.monotonic()
        self._seconds_before = 0.0

    def run(self, point: ResumePoint | None) -> None:
        self._model = self._built()
        step, predict = self._backend.training_step(self._model), self._backend.prediction(self._model)
        epoch, first = 0, 0
        if point:
            self._run.checkpoints.restore(self._model, self._micro_batches)
            epoch, first, self._seconds_before = point.phase_epoch, point.step, point.seconds
            if self._phase.epochs > point.phase_epochs:
                self._run.curve.renew_patience()  # more epochs were asked for
        else:
            self._save(0, 0)
        while epoch < self._phase.epochs and not self._run.curve.has_run_out_of_patience():
            if not first:
                self._model.reset_metrics()
            likely = epoch + self._run.curve.likely_epochs(self._phase.epochs - epoch)
            self._likely_steps = likely * len(self._phase.batches)
            self._train_epoch(epoch, first, step)
            self._end_epoch(epoch, predict)
            epoch, first, self._seconds_before = epoch + 1, 0, 0.0

    def _built(self) -> keras.Model:
        """Build the model identically each time: the same random weights and layer names."""
        keras.utils.clear_session()
        self._backend.prepare(self._run.settings.seed)
        with self._backend.devices():
            model = self._phase.build()
            compile_for_training(
                model,
                self._run.settings,
                self._run.task,
                average=self._phase.average,
                micro_batches=self._micro_batches,
            )
            model.optimizer.build(model.trainable_variables)
            batch = next(self._phase.batches.of_epoch(0))
            self._backend.build_metrics(model, batch.inputs[:1], batch.targets[:1])
        return model

    def _train_epoch(self, epoch: int, first: int, step: Step) -> None:
        self._epoch_started, self._pictures = time.monotonic(), 0
        if first:  # if only validation is left of the epoch, its last rate is needed too
            self._set_learning_rate(epoch * len(self._phase.batches) + first - 1)
        for number, batch in enumerate(self._phase.batches.of_epoch(epoch, first), start=first):
            self._set_learning_rate(epoch * len(self._phase.batches) + number)
            self._train_on(batch, step)
            self._pictures += len(batch.targets)
            self._report_progress(epoch, number)
            self._handle_requests(epoch, number + 1)

    def _train_on(self, batch: Batch, step: Step) -> None:
        with self._within_memory():
            for part in split_batch(batch, self._micro_batches):
                step(part.inputs, part.targets, part.weights)

    @contextmanager
    def _within_memory(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if self._backend.is_out_of_memory(error):
                raise _OutOfMemory from error
            raise

    def _set_learning_rate(self, step: int) -> None:
        settings = self._run.settings
        highest = settings.learning_rate * self._phase.learning_rate_factor
        self._learning_rate = learning_rate_at(
            settings.optimizer, highest, step, self._steps, self._run.curve.plateaus
        )
        self._model.optimizer.learning_rate = self._learning_rate

    def _report_progress(self, epoch: int, number: int) -> None:
        """Report progress at most every 0.5 s; reading a metric synchronises with the device."""
        done = epoch * len(self._phase.batches) + number + 1
        if time.monotonic() - self._reported < _REPORT_SECONDS and number + 1 < len(self._phase.batches):
            return
        self._reported = time.monotonic()
        self._run.progress.advance(done, self._steps, likely=max(done, self._likely_steps))
        metrics = self._metrics()
        if not math.isfinite(metrics["loss"]):
            raise _Diverged
        record = BatchRecord(
            phase=self._phase.name,
            epoch=self._run.curve.epoch + 1,
            step=number + 1,
            steps=len(self._phase.batches),
            learning_rate=self._learning_rate,
            pictures_per_second=round(self._pictures / self._seconds_of_epoch(own=True), 2),
            **metrics,
        )
        # The reporter adds the time.
        self._run.progress.batch({key: value for key, value in record.to_json().items() if key != "time"})

    def _handle_requests(self, epoch: int, number: int) -> None:
        """Handle requests to stop or pause, and save about once a minute."""
        try:
            raise_if_stopped(self._run.progress)
        except JobPaused:
            self._save(epoch, number)
            raise
        if time.monotonic() - self._saved > _SAVE_WITHIN_EPOCH_SECONDS:
            self._save(epoch, number)

    def _end_epoch(self, epoch: int, predict: Predict) -> None:
        seconds = self._seconds_of_epoch()
        metrics = self._metrics()  # waits for the device
        self._training_seconds = self._seconds_of_epoch(own=True)
        current = self._averaged() if self._phase.average else None
        logits = self._validation_logits(predict)
        scores = score_logits(
            logits, self._phase.validation_targets, self._run.task, self._run.settings.leading_metric
        )
        record = EpochMetrics(
            **metrics,
            validation_loss=scores.loss,
            validation_accuracy=scores.accuracy,
            validation_macro_f1=scores.macro_f1,
            validation_leading=scores.leading,
            learning_rate=self._learning_rate,
            pictures_per_second=round(self._pictures / self._training_seconds, 2),
            seconds=round(seconds, 3),
        )
        name = f"{self._run.curve.epoch + 1:05d}"
        # An accuracy may be the highest although the loss is NaN.
        may_be_best = math.isfinite(scores.loss)
        if may_be_best and self._run.curve.is_best(record):
            self._run.checkpoints.write_best(name, lambda folder: self._write_best(folder, logits))
        self._run.curve.add(record, name, may_be_best=may_be_best)
        self._run.on_epoch(logits)
        self._run.progress.keep(self._run.curve.result())
        if current is not None:
            self._put_back(current)
        if not math.isfinite(scores.loss):
            raise _Diverged
        self._report_throughput()
        self._end_of_epoch_save(epoch)

    def _write_best(self, folder: Path, logits: np.ndarray) -> None:
        self._phase.write_best(folder)
        self._run.write_predictions(folder, logits, self._run.curve.epoch + 1)

    def _report_throughput(self) -> None:
        """Report pictures per second; tracing makes the first epoch a little slow."""
        if self._phase.name.trains_network and self._pictures >= _MIN_MEASURED_PICTURES:
            fact = ThroughputMeasured(
                settings=self._run.settings,
                phase=self._phase.name,
                pictures_per_second=self._pictures / self._training_seconds,
                outputs=self._phase.outputs,
            )
            self._run.progress.fact(fact)

    def _end_of_epoch_save(self, epoch: int) -> None:
        last = epoch + 1 == self._phase.epochs or self._run.curve.has_run_out_of_patience()
        if last or time.monotonic() - self._saved > _SAVE_EPOCHS_SECONDS:
            self._save(epoch + 1, 0)
        try:
            raise_if_stopped(self._run.progress)
        except JobPaused:
            self._save(epoch + 1, 0)
            raise

    def _save(self, epoch: int, number: int) -> None:
        point = ResumePoint(
            phase=self._phase.name,
            phase_epoch=epoch,
            phase_epochs=self._phase.epochs,
            step=number,
            seconds=round(self._seconds_of_epoch(), 3) if number else 0.0,
            micro_batches=self._micro_batches,
            curve=self._run.curve.state,
            best_name=self._run.curve.best_name,
            has_deviation_floor=self._phase.has_deviation_floor,
        )
        self._run.checkpoints.save(point, self._model)
        self._saved = time.monotonic()

    def _seconds_of_epoch(self, *, own: bool = False) -> float:
        """Return the seconds of the epoch so far; ``own`` excludes those before an interruption."""
        spent = max(1e-6, time.monotonic() - self._epoch_started)
        return spent if own else spent + self._seconds_before

    def _metrics(self) -> dict[str, float]:
        """Return the mean loss and accuracy of the epoch so far."""
        values = self._model.get_metrics_result()
        return {name: float(values[name]) for name in ("loss", "accuracy")}

    def _averaged(self) -> list[np.ndarray]:
        """Replace the weights by their average; return the weights before."""
        current = [np.array(variable) for variable in self._model.trainable_variables]
        self._model.optimizer.finalize_variable_values(self._model.trainable_variables)
        return current

    def _put_back(self, values: list[np.ndarray]) -> None:
        for variable, value in zip(self._model.trainable_variables, values, strict=True):
            variable.assign(value)

    def _validation_logits(self, predict: Predict) -> np.ndarray:
        """Return logits float32 (v, C). Batches have one size, the last padded, to avoid tracing twice."""
        rows, size = self._phase.validation_rows, self._phase.batches.size // self._micro_batches
        padded = np.resize(rows, -(-len(rows) // size) * size)
        logits = []
        for start in range(0, len(padded), size):
            if self._run.progress.should_stop():  # a pause waits for the end of the epoch
                raise JobStopped
            inputs = self._phase.validation.plain(padded[start : start + size])
            with self._within_memory():
                logits.append(predict(inputs))
        return np.concatenate(logits)[: len(rows)]


def _last_resume_point(run: TrainingContext) -> ResumePoint:
    """Return to the last checkpoint after memory ran out; later notes stay."""
    point = run.checkpoints.resume_point()
    assert point is not None  # every phase begins with one
    run.curve.restore(replace(point.curve, notes=run.curve.notes))
    if point.best_name:
        run.checkpoints.point_to_best(point.best_name)
    return point


def _diverged_note(curve: LearningCurve) -> Message:
    message = Message(
        N_(
            "Training diverged in epoch {epoch}: the loss became NaN, so training ended there. "
            "The best epoch before is kept. A lower learning rate helps."
        ),
        {"epoch": curve.epoch + 1},
    )
    log.warning("%s", message)
    return message


def _smaller_batches_note(size: int) -> Message:
    message = Message(
        N_(
            "A whole batch did not fit into memory, so {size} pictures at a time are processed; "
            "the weights still change once per whole batch. It takes longer; the result is as good."
        ),
        {"size": size},
    )
    log.warning("%s", message)
    return message
