"""Training loop of an adaptation: resumable, with the same numbers as without an interruption.

Imported by workers only.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import keras
import numpy as np

from core.data.labels.task import Task
from core.data.pixels.arrays import open_pictures
from core.errors import TrainingError
from core.messages import N_
from core.models.architectures.networks import arrays_of, build_network
from core.models.architectures.surgery import (
    Cut,
    cut_at,
    frozen_stem_of,
    make_trainable,
    trainable_blocks_of,
)
from core.models.litert.conversion import stem_engine
from core.models.litert.engine import FeatureExtractor
from core.models.weights.array_file import write_arrays
from core.progress import JobPaused, Progress, Stage, raise_if_stopped
from core.training.adaptation.config import (
    AUGMENTATION,
    AdaptationConfig,
    AdaptationEpoch,
    AdaptationPoint,
    AdaptationSummary,
)
from core.training.adaptation.objective import VicRegLoss, twin_model
from core.training.adaptation.pictures import AdaptationPictures
from core.training.adaptation.state import AdaptationFiles
from core.training.artifacts import activations_folder
from core.training.backends import current_backend
from core.training.batches import Source, TrainingBatches
from core.training.config import Imbalance, OptimizerConfig
from core.training.networks.activations import (
    ActivationPlan,
    activations_bytes,
    cached_activations,
    fits_on_disk,
)
from core.training.networks.inputs import PictureSource, StemSource
from core.training.networks.schedule import learning_rate_at

_WEIGHT_DECAY, _CLIP_NORM = 1e-4, 5.0
_SAVE_WITHIN_EPOCH_SECONDS, _SAVE_EPOCHS_SECONDS = 60.0, 5.0
_REPORT_SECONDS = 0.5


class PairSource:
    """Two different augmented copies of each picture, float32 (B, 2, …)."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        # A source of cached copies gives another copy in each epoch.
        pairs = [self._source.draw(rows, targets, 2 * epoch + turn, seed + turn)[0] for turn in (0, 1)]
        return np.stack(pairs, axis=1), targets

    def plain(self, rows: np.ndarray) -> np.ndarray:
        raise NotImplementedError("an adaptation has no validation")


class AdaptationLoop:
    """One attempt at an adaptation, from its beginning or from its last checkpoint."""

    def __init__(
        self, directory: Path, config: AdaptationConfig, pictures: AdaptationPictures, progress: Progress
    ) -> None:
        self._directory, self._config = directory, config
        self._pictures, self._progress = pictures, progress
        self._files = AdaptationFiles(directory)
        self._backend = current_backend()
        self._point = AdaptationPoint(epoch=0, step=0, loss=math.nan, seconds=0.0)

    @property
    def summary(self) -> AdaptationSummary | None:
        """Result if the work ended now; None before the first whole epoch."""
        if not self._point.epoch:
            return None
        return AdaptationSummary(
            pictures=len(self._pictures.rows),
            left_out=self._pictures.left_out,
            epochs=self._point.epoch,
            loss=self._point.loss,
        )

    def run(self) -> None:
        """Train until all epochs are done.

        Raises:
            JobStopped, JobPaused: the user asked for it; before a pause, the state is saved.
            TrainingError: the loss became NaN, or a batch does not fit into memory.
        """
        self._point = self._files.point() or self._point
        self._progress.rewind(self._point.epoch)
        self._keep()
        self._build()
        self._progress.stage(Stage.ADAPTING)
        if self._point.epoch or self._point.step:
            self._files.restore(self._model)
        self._saved = self._reported = time.monotonic()
        step = self._backend.training_step(self._model)
        while self._point.epoch < self._config.epochs:
            self._epoch(step)

    def _keep(self) -> None:
        if self.summary is not None:
            self._progress.keep({"adaptation": self.summary.to_json()})

    def _build(self) -> None:
        """Build model and batches identically each time."""
        keras.utils.clear_session()
        self._backend.prepare(self._config.seed)
        backbone = self._config.sized_backbone
        with self._backend.devices():
            self._network = build_network(backbone, pretrained=True)
            cut = cut_at(self._network, self._config.unfreeze)
            if cut is None:
                raise TrainingError(
                    N_("{name} has no place between its blocks from which on it could be trained alone."),
                    name=backbone.name,
                )
            source = self._source(cut)
            blocks = trainable_blocks_of(self._network, cut)
            make_trainable(self._network, blocks, with_batch_norm=False)
            self._model = twin_model(blocks, cut.tensor.shape[1:])
            self._model.compile(
                optimizer=keras.optimizers.AdamW(
                    learning_rate=self._config.learning_rate,
                    weight_decay=_WEIGHT_DECAY,
                    global_clipnorm=_CLIP_NORM,
                ),
                loss=VicRegLoss(),
                jit_compile=False,
            )
            self._model.optimizer.build(self._model.trainable_variables)
            rows = self._pictures.rows
            self._batches = TrainingBatches(
                source,
                rows,
                np.zeros((len(rows), 1), np.float32),
                batch_size=self._config.batch_size,
                imbalance=Imbalance.NONE,
                task=Task.MULTI_CLASS,
                seed=self._config.seed,
            )
            batch = next(self._batches.of_epoch(0))
            self._backend.build_metrics(self._model, batch.inputs[:2], batch.targets[:2])

    def _source(self, cut: Cut) -> Source:
        """Return pairs of the frozen stem's outputs, cached if the disk has room."""
        backbone, dataset = self._config.sized_backbone, self._pictures.dataset
        stem = stem_engine(backbone, cut.layer, lambda: frozen_stem_of(backbone, self._network, cut))
        self._progress.stage(Stage.DECODING)
        read = open_pictures(dataset, backbone.input_size, self._progress).read
        pictures = PictureSource(read, AUGMENTATION)
        plan = ActivationPlan(
            train=self._pictures.rows,
            validation=np.empty(0, np.int64),
            copies=self._config.copies,
            augmentation=AUGMENTATION,
            seed=self._config.seed,
        )
        if not fits_on_disk(activations_bytes(plan, cut.numbers), self._directory):
            return PairSource(StemSource(pictures, FeatureExtractor(stem)))
        folder = activations_folder(self._directory)
        return PairSource(cached_activations(plan, pictures, stem, folder, self._progress))

    def _epoch(self, step: object) -> None:
        epoch, first = self._point.epoch, self._point.step
        self._began = time.monotonic() - self._point.seconds
        if not first:
            self._model.reset_metrics()
        for number, batch in enumerate(self._batches.of_epoch(epoch, first), start=first):
            self._set_learning_rate(epoch * len(self._batches) + number)
            self._train_on(batch.inputs, batch.targets, batch.weights, step)
            self._report(epoch, number + 1)
            self._handle_requests(epoch, number + 1)
        self._end_epoch(epoch)

    def _train_on(self, inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray, step: object) -> None:
        assert callable(step)
        try:
            step(inputs, targets, weights)
        except Exception as error:
            if self._backend.is_out_of_memory(error):
                raise TrainingError(
                    N_(
                        "A batch does not fit into memory. Close other programs, or choose a smaller backbone."
                    )
                ) from error
            raise

    def _set_learning_rate(self, step: int) -> None:
        steps = self._config.epochs * len(self._batches)
        rate = learning_rate_at(OptimizerConfig(), self._config.learning_rate, step, steps, 0)
        self._model.optimizer.learning_rate = rate

    def _report(self, epoch: int, step: int) -> None:
        if time.monotonic() - self._reported < _REPORT_SECONDS and step < len(self._batches):
            return
        self._reported = time.monotonic()
        done, total = epoch * len(self._batches) + step, self._config.epochs * len(self._batches)
        self._progress.advance(done, total)

    def _handle_requests(self, epoch: int, step: int) -> None:
        if step == len(self._batches):  # handled at the end of the epoch
            return
        try:
            raise_if_stopped(self._progress)
        except JobPaused:
            self._save(epoch, step)
            raise
        if time.monotonic() - self._saved > _SAVE_WITHIN_EPOCH_SECONDS:
            self._save(epoch, step)

    def _end_epoch(self, epoch: int) -> None:
        loss, seconds = float(self._model.get_metrics_result()["loss"]), time.monotonic() - self._began
        if not math.isfinite(loss):
            raise TrainingError(
                N_("The loss became NaN in epoch {epoch}. Choose a lower learning rate."), epoch=epoch + 1
            )
        write_arrays(self._files.network, arrays_of(self._network))
        self._point = AdaptationPoint(epoch=epoch + 1, step=0, loss=loss, seconds=0.0)
        self._keep()
        line = AdaptationEpoch(epoch=epoch + 1, loss=loss, seconds=round(seconds, 3)).to_json()
        self._progress.metric({name: value for name, value in line.items() if name != "time"})
        is_last = epoch + 1 == self._config.epochs
        if is_last or time.monotonic() - self._saved > _SAVE_EPOCHS_SECONDS:
            self._save(epoch + 1, 0)
        try:
            raise_if_stopped(self._progress)
        except JobPaused:
            self._save(epoch + 1, 0)
            raise

    def _save(self, epoch: int, step: int) -> None:
        seconds = time.monotonic() - self._began if step else 0.0
        point = AdaptationPoint(epoch=epoch, step=step, loss=self._point.loss, seconds=round(seconds, 3))
        self._files.save(point, self._model)
        self._saved = time.monotonic()
