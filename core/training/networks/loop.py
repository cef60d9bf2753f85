"""Training by gradients, such that nothing that happens to the process costs more than a minute.

Everything that decides what comes next is in the checkpoint: weights, optimiser,
the learning curve with its patience, the place in the epoch. Batches are drawn
from seed, epoch and number (``batches``). A run that was killed therefore ends
with the same numbers as one that was not.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.data.labels.task import Task
from core.errors import TrainingError
from core.messages import N_, Message
from core.progress import JobPaused, JobStopped, Progress, raise_if_stopped
from core.training.backends import current_backend
from core.training.backends.protocol import Predict, Step
from core.training.batches import Batch, Source, TrainingBatches
from core.training.checkpoint import Checkpoints
from core.training.config import TrainingConfig
from core.training.cost.throughput import Pace, peak_memory_bytes, remember_pace
from core.training.curve import LearningCurve
from core.training.networks.compiling import compile_for_training
from core.training.networks.schedule import learning_rate_at
from core.training.phases import Phase
from core.training.scores import score_logits

log = logging.getLogger(__name__)

_SAVE_WITHIN_EPOCH_SECONDS = 60.0
_SAVE_EPOCHS_SECONDS = 5.0  # shorter epochs are not saved one by one
_TELL_SECONDS = 0.5
_WORTH_REMEMBERING = 64  # pictures: a pace over fewer says little


@dataclass(frozen=True, kw_only=True)
class GradientPhase:
    """A phase of gradient descent: its model, its inputs and its length."""

    name: Phase
    epochs: int
    batches: TrainingBatches
    validation: Source
    validation_rows: np.ndarray  # int64 (v,)
    validation_targets: np.ndarray  # float32 (v, C)
    build: Callable[[], keras.Model]  # inputs to logits, its trainable weights set free
    write_best: Callable[
        [Path], None
    ]  # writes what would be delivered, with the model's weights as they stand
    average: bool = False  # judge and keep an average of the weights
    learning_rate_factor: float = 1.0  # on the settings' learning rate
    outputs: int = 0  # numbers that a trunk gives for a picture; 0 where pictures or features go in


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a phase needs of its run."""

    settings: TrainingConfig
    task: Task
    curve: LearningCurve
    checkpoints: Checkpoints
    progress: Progress
    on_epoch: Callable[[np.ndarray], None]  # is told the validation logits, float32 (v, C)


class _Diverged(Exception):  # noqa: N818 - the phase ends, the run goes on with its best
    """The loss is no number any more."""


class _OutOfMemory(Exception):  # noqa: N818 - answered by smaller batches
    """A step did not fit into memory."""


def run_phase(phase: GradientPhase, run: Surroundings, place: dict[str, Any] | None = None) -> None:
    """Train until the epochs are spent or patience is; the best epoch is in ``run.checkpoints``.

    Args:
        place: where to go on, as ``Checkpoints.place`` gave it; None to begin.
    Raises:
        JobStopped, JobPaused: the user said so; before a pause, the state is saved.
        TrainingError: not even two pictures at a time fit into memory.
    """
    micro_batches = int(place["micro_batches"]) if place else 1
    while True:
        try:
            _PhaseLoop(phase, run, micro_batches).run(place)
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
            place = _last_place(run)


class _PhaseLoop:
    """One attempt at a phase with batches of one size."""

    def __init__(self, phase: GradientPhase, run: Surroundings, micro_batches: int) -> None:
        self._phase, self._run, self._micro_batches = phase, run, micro_batches
        self._steps = phase.epochs * len(phase.batches)
        self._backend = current_backend()
        self._saved = self._told = time.monotonic()
        self._seconds_before = 0.0

    def run(self, place: dict[str, Any] | None) -> None:
        self._model = self._built()
        step, predict = self._backend.training_step(self._model), self._backend.prediction(self._model)
        epoch, first = 0, 0
        if place:
            self._run.checkpoints.restore(self._model)
            epoch, first, self._seconds_before = place["phase_epoch"], place["step"], place["seconds"]
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
        """The model, the same way every time: its random weights and layer names are those of the first time."""
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
            self._backend.build_measures(model, batch.inputs[:1], batch.targets[:1])
        return model

    def _train_epoch(self, epoch: int, first: int, step: Step) -> None:
        self._epoch_started, self._pictures = time.monotonic(), 0
        if first:  # where nothing but judging is left of the epoch, its last rate is asked for, too
            self._set_learning_rate(epoch * len(self._phase.batches) + first - 1)
        for number, batch in enumerate(self._phase.batches.of_epoch(epoch, first), start=first):
            self._set_learning_rate(epoch * len(self._phase.batches) + number)
            self._train_on(batch, step)
            self._pictures += len(batch.targets)
            self._told_of(epoch, number)
            self._heed(epoch, number + 1)

    def _train_on(self, batch: Batch, step: Step) -> None:
        parts = (
            np.array_split(array, self._micro_batches)
            for array in (batch.inputs, batch.targets, batch.weights)
        )
        try:
            for inputs, targets, weights in zip(*parts, strict=True):
                step(inputs, targets, weights)
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

    def _told_of(self, epoch: int, number: int) -> None:
        """Tell how it goes, not more often than anyone looks: reading a measure waits for the device."""
        done = epoch * len(self._phase.batches) + number + 1
        if time.monotonic() - self._told < _TELL_SECONDS and number + 1 < len(self._phase.batches):
            return
        self._told = time.monotonic()
        self._run.progress.advance(done, self._steps, likely=max(done, self._likely_steps))
        measures = self._measures()
        if not math.isfinite(measures["loss"]):
            raise _Diverged
        self._run.progress.batch(
            {
                "phase": self._phase.name,
                "epoch": self._run.curve.epoch + 1,
                "step": number + 1,
                "steps": len(self._phase.batches),
                "learning_rate": self._learning_rate,
                "pictures_per_second": round(self._pictures / self._seconds_of_epoch(own=True), 2),
                **measures,
            }
        )

    def _heed(self, epoch: int, number: int) -> None:
        """Answer Stop and Pause, and save from time to time."""
        try:
            raise_if_stopped(self._run.progress)
        except JobPaused:
            self._save(epoch, number)
            raise
        if time.monotonic() - self._saved > _SAVE_WITHIN_EPOCH_SECONDS:
            self._save(epoch, number)

    def _end_epoch(self, epoch: int, predict: Predict) -> None:
        seconds = self._seconds_of_epoch()
        measures = self._measures()  # waits for the device
        self._training_seconds = self._seconds_of_epoch(own=True)
        kept = self._averaged() if self._phase.average else None
        logits = self._validation_logits(predict)
        scores = score_logits(logits, self._phase.validation_targets, self._run.task)
        record = {
            **measures,
            "validation_loss": scores.loss,
            "validation_accuracy": scores.accuracy,
            "validation_macro_f1": scores.macro_f1,
            "learning_rate": self._learning_rate,
            "pictures_per_second": round(self._pictures / self._training_seconds, 2),
            "seconds": round(seconds, 3),
        }
        name = f"{self._run.curve.epoch + 1:05d}"
        if self._run.curve.is_best(record) and math.isfinite(scores.loss):
            self._run.checkpoints.write_best(name, self._phase.write_best)
        self._run.curve.add(record, name)
        self._run.on_epoch(logits)
        self._run.progress.keep(self._run.curve.result())
        if kept is not None:
            self._put_back(kept)
        if not math.isfinite(scores.loss):
            raise _Diverged
        self._remember_pace()
        self._end_of_epoch_save(epoch)

    def _remember_pace(self) -> None:
        """For the next run's expected time; the first steps, which are traced, make it a little slow."""
        if self._phase.name.trains_network and self._pictures >= _WORTH_REMEMBERING:
            rate = self._pictures / self._training_seconds
            pace = Pace(
                pictures_per_second=rate, memory_bytes=peak_memory_bytes(), outputs=self._phase.outputs
            )
            remember_pace(self._run.settings, self._phase.name, pace)

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
        place = {
            "phase": self._phase.name,
            "phase_epoch": epoch,
            "phase_epochs": self._phase.epochs,
            "step": number,
            "seconds": round(self._seconds_of_epoch(), 3) if number else 0.0,
            "micro_batches": self._micro_batches,
            "curve": self._run.curve.to_json(),
        }
        self._run.checkpoints.save(place, self._model, self._run.curve.best_name)
        self._saved = time.monotonic()

    def _seconds_of_epoch(self, *, own: bool = False) -> float:
        """How long the epoch has lasted; ``own`` leaves out what was trained before an interruption."""
        spent = max(1e-6, time.monotonic() - self._epoch_started)
        return spent if own else spent + self._seconds_before

    def _measures(self) -> dict[str, float]:
        """Mean loss and accuracy of the epoch so far."""
        values = self._model.get_metrics_result()
        return {name: float(values[name]) for name in ("loss", "accuracy")}

    def _averaged(self) -> list[np.ndarray]:
        """Put the average of the weights in their place; what stood there."""
        current = [np.array(variable) for variable in self._model.trainable_variables]
        self._model.optimizer.finalize_variable_values(self._model.trainable_variables)
        return current

    def _put_back(self, values: list[np.ndarray]) -> None:
        for variable, value in zip(self._model.trainable_variables, values, strict=True):
            variable.assign(value)

    def _validation_logits(self, predict: Predict) -> np.ndarray:
        """float32 (v, C); every batch is of one size, the last filled up, so that nothing is traced twice."""
        rows, size = self._phase.validation_rows, self._phase.batches.size
        padded = np.resize(rows, -(-len(rows) // size) * size)
        answers = []
        for start in range(0, len(padded), size):
            if self._run.progress.should_stop():  # a pause waits: the epoch's end is the better place
                raise JobStopped
            answers.append(predict(self._phase.validation.plain(padded[start : start + size])))
        return np.concatenate(answers)[: len(rows)]


def _last_place(run: Surroundings) -> dict[str, Any]:
    """Where to go on after memory ran out: at the last checkpoint, what was noted since then kept."""
    place = run.checkpoints.place()
    assert place is not None  # every phase begins with one
    run.curve.restore(place["curve"] | {"notes": run.curve.notes})
    return place


def _diverged_note(curve: LearningCurve) -> Message:
    message = Message(
        N_(
            "Training diverged in epoch {epoch}: the loss was no number any more, so it was ended there. "
            "What was best before is kept. A lower learning rate helps."
        ),
        {"epoch": curve.epoch + 1},
    )
    log.warning("%s", message)
    return message


def _smaller_batches_note(size: int) -> Message:
    message = Message(
        N_(
            "The memory was too small for a whole batch, so {size} pictures at a time are worked on; "
            "the weights still change once a whole batch. It takes longer; the result is as good."
        ),
        {"size": size},
    )
    log.warning("%s", message)
    return message
