"""The step of a run that trains: from pictures to the best weights on disk.

Every recipe is a row of phases. Heads on frozen features come first and take
seconds; then come phases of gradients, each from the best so far. What is best of
all, on validation, is what the run delivers.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.data.split.splitting import MIN_PICTURES_PER_CLASS
from core.errors import DataError, TooFewClassesError, TrainingError
from core.messages import N_
from core.models.head import HeadWeights
from core.progress import JobStopped, Progress, Stage, raise_if_stopped
from core.training.artifacts import activations_folder, extractor_file, has_own_network, head_file
from core.training.checkpoint import Checkpoints
from core.training.config import DEFAULT_EPOCHS, DEFAULT_LEARNING_RATE, Loss, Pooling, Recipe, TrainingConfig
from core.training.cost.estimate import (
    epochs_of,
    expected_stages,
    network_stages,
    phases_of,
    stages_after_training,
)
from core.training.cost.stage_times import import_keras, is_cold
from core.training.curve import LearningCurve
from core.training.heads.data import HeadData, prepare_head_data, prepared_engine
from core.training.heads.fitting import (
    HeadKeeper,
    fit_linear_heads,
    fit_starting_head,
)
from core.training.live import LiveView
from core.training.phases import Phase
from core.training.tensorboard import EventFiles
from core.workspace import project_of

if TYPE_CHECKING:
    from core.training.networks.loop import GradientPhase

_HIDDEN_EPOCHS = 60


def train(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run the recipe. Stopped with a best so far, it returns as if it had finished."""
    settings = TrainingConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.dataset_version)
    require_all_parts(dataset)
    progress.plan(expected_stages(dataset, settings))
    run = Training(directory, settings, dataset, progress, events=EventFiles(directory))
    try:
        run.run()
    except JobStopped:
        if run.curve.best is None:
            raise
    require_learnt(run.curve)
    run.tidy_up()
    own_network = has_own_network(directory)
    progress.plan(stages_after_training(dataset, settings, own_network=own_network, is_cold=is_cold()))
    return run.curve.result()


def require_learnt(curve: LearningCurve) -> None:
    """Raises TrainingError where no epoch of a training gave a number."""
    if curve.best is None:
        raise TrainingError(
            N_(
                "Nothing was learnt: the loss was no number from the first epoch on. Choose a lower learning rate."
            )
        )


class Training:
    """One attempt at a run, from its beginning or from its last checkpoint."""

    def __init__(
        self,
        directory: Path,
        settings: TrainingConfig,
        dataset: Dataset,
        progress: Progress,
        *,
        head_data: HeadData | None = None,
        on_best: Callable[[np.ndarray], None] = lambda logits: None,
        on_logits: Callable[[np.ndarray], None] = lambda logits: None,
        hidden_alone: bool = False,
        events: EventFiles | None = None,
    ) -> None:
        """Prepare a training.

        Args:
            head_data: what heads are trained on, where it is in memory already.
            on_best: is told the best's logits, float32 (v, C), of the validation pictures.
            on_logits: is told those of every epoch of gradients.
            hidden_alone: where the head has hidden layers, no linear one is tried before.
            events: what the curve is written to for TensorBoard.
        """
        self._head_data, self._on_best, self._hidden_alone = head_data, on_best, hidden_alone
        self._on_logits = on_logits
        self._directory, self._settings = directory, settings
        self._dataset, self._progress = dataset, progress
        self._checkpoints = Checkpoints(directory)
        self.curve = LearningCurve(settings, progress, events)
        self._live = LiveView(dataset, settings, self.curve, progress)

    def run(self) -> None:
        """Every phase that is still to come.

        Raises:
            JobStopped, JobPaused: the user said so.
        """
        place = self._checkpoints.place()
        if place is None:
            self.curve.begin()
            self._checkpoints.forget_all()
        else:
            self.curve.restore(place["curve"])
            if place["best_name"]:
                self._checkpoints.point_to_best(place["best_name"])
        phases = phases_of(self._settings)
        if self._settings.recipe is not Recipe.SCRATCH and (
            place is None or place["phase"] == Phase.HIDDEN_LAYERS
        ):
            self._train_heads(place)
            place = None
        first = phases.index(place["phase"]) if place else 0
        if phases[first:]:
            self._progress.plan(network_stages(self._dataset, self._settings, is_cold=is_cold()))
        for name in phases[first:]:
            self._train_network(name, phases, place if place and place["phase"] == name else None)

    def tidy_up(self) -> None:
        """Leave what is worth keeping: no kept outputs of the trunk."""
        shutil.rmtree(activations_folder(self._directory), ignore_errors=True)

    # -- heads on frozen features

    def _train_heads(self, place: dict[str, Any] | None) -> None:
        """Linear heads, then one with hidden layers where the settings ask for it."""
        data = self._head_data
        if data is None:
            prepared_engine(self._settings, self._progress)
            self._progress.plan(expected_stages(self._dataset, self._settings, is_cold=is_cold()))
            data = prepare_head_data(self._dataset, self._settings, self._progress)
        self._progress.stage(Stage.TRAINING)
        raise_if_stopped(self._progress)
        if place is None and not (self._hidden_alone and self._wants_gradient_head()):
            self._train_linear_heads(data)
        if self._wants_gradient_head():
            self._train_hidden_head(data, place)

    def _train_linear_heads(self, data: HeadData) -> None:
        """Linear heads; for recipes that go on from them, also the one that they begin with."""
        keeper = HeadKeeper(
            self.curve,
            self._checkpoints,
            self._progress,
            on_look=lambda head: self._live.show(_logits(head, data.validation.features)),
        )
        is_quick = self._settings.recipe is Recipe.QUICK
        epochs = self._settings.epochs if is_quick else DEFAULT_EPOCHS[Recipe.QUICK]
        try:
            fit_linear_heads(
                data,
                self._settings,
                self._dataset.task,
                keeper,
                self.curve,
                epochs=epochs,
            )
        finally:
            keeper.save()
        self.curve.end_linear_heads()
        best = HeadWeights.load(head_file(self._directory))
        logits = _logits(best, data.validation.features)
        self._on_best(logits)
        self._live.show(logits, at_once=True)
        if not is_quick:
            head = fit_starting_head(data.train, self._settings, self._dataset.task)
            (head.spread_over_quarters() if data.is_reduced else head).save(self._starting_head)

    def _train_hidden_head(self, data: HeadData, place: dict[str, Any] | None) -> None:
        """A head trained by gradients, on the features that suit a linear one best."""
        from core.training.batches import TrainingBatches
        from core.training.networks.inputs import FeatureSource
        from core.training.networks.loop import GradientPhase
        from core.training.networks.models import HeadNetwork

        is_mean = data.is_reduced or self._settings.head.pooling is Pooling.MEAN
        on_mean = is_mean or self.curve.linear_phase is Phase.GLOBAL_POOLING
        if on_mean:
            data = data.of_whole_pictures()
        train, validation = data.train, data.validation
        network = HeadNetwork(
            self._settings, train.num_classes, self._dataset.task, train.features, on_mean=on_mean
        )
        epochs = (
            min(_HIDDEN_EPOCHS, self._settings.epochs)
            if self._settings.recipe is Recipe.QUICK
            else _HIDDEN_EPOCHS
        )
        own_rate = self._settings.optimizer.learning_rate > 0
        phase = GradientPhase(
            name=Phase.HIDDEN_LAYERS,
            epochs=epochs,
            batches=TrainingBatches(
                FeatureSource(network.standardised(train.features)),
                np.arange(len(train.features)),
                train.targets,
                batch_size=self._settings.batch_size,
                imbalance=self._settings.imbalance,
                task=self._dataset.task,
                seed=self._settings.seed,
            ),
            validation=FeatureSource(network.standardised(validation.features)),
            validation_rows=np.arange(len(validation.features)),
            validation_targets=validation.targets,
            build=network.build,
            write_best=network.write_best,
            learning_rate_factor=1.0
            if own_rate
            else DEFAULT_LEARNING_RATE[Recipe.QUICK] / self._settings.learning_rate,
        )
        self._run(phase, place, later_epochs=0)

    def _wants_gradient_head(self) -> bool:
        """What a linear fit cannot do: hidden layers, and the focal loss."""
        return bool(self._settings.head.hidden_units) or self._settings.loss.kind is Loss.FOCAL

    # -- networks

    def _train_network(self, name: Phase, phases: list[Phase], place: dict[str, Any] | None) -> None:
        if name.has_frozen_stem:
            self._progress.stage(Stage.CONVERTING)
        import_keras()
        from core.training.networks.models import TrainedNetwork
        from core.training.networks.phases import network_phase

        network = TrainedNetwork(
            self._settings,
            len(self._dataset.class_names),
            self._dataset.task,
            start=self._start,
            whole=not name.has_frozen_stem,
            pretrained=name.is_pretrained,
        )
        later = sum(epochs_of(self._settings, other) for other in phases[phases.index(name) + 1 :])
        phase = network_phase(name, network, self._settings, self._dataset, self._directory, self._progress)
        self._run(phase, place, later_epochs=later)

    def _start(self) -> tuple[HeadWeights | None, Path | None]:
        """What a network begins with: the best network so far with its head, or the first head that is not too sure."""
        if self._settings.recipe is Recipe.SCRATCH:
            return None, None
        if has_own_network(self._directory):
            return HeadWeights.load(head_file(self._directory)), extractor_file(self._directory)
        best = self.curve.best
        is_hidden = best is not None and best["phase"] == Phase.HIDDEN_LAYERS
        return HeadWeights.load(head_file(self._directory) if is_hidden else self._starting_head), None

    def _run(self, phase: GradientPhase, place: dict[str, Any] | None, *, later_epochs: int) -> None:
        from core.training.networks.loop import Surroundings, run_phase

        if place is None:
            self.curve.begin_phase(phase.name, phase.epochs + later_epochs)
        else:
            self.curve.go_on_with_phase(phase.name, phase.epochs - place["phase_epoch"] + later_epochs)
            if phase.epochs > place["phase_epochs"]:
                self.curve.renew_patience()  # more epochs were asked for
        surroundings = Surroundings(
            settings=self._settings,
            task=self._dataset.task,
            curve=self.curve,
            checkpoints=self._checkpoints,
            progress=self._progress,
            on_epoch=self._after_epoch,
        )
        run_phase(phase, surroundings, place)

    def _after_epoch(self, logits: np.ndarray) -> None:
        self._on_logits(logits)
        if self.curve.best is not None and self.curve.best["epoch"] == self.curve.epoch:
            self._on_best(logits)
        self._live.show(logits)

    @property
    def _starting_head(self) -> Path:
        return self._directory / "checkpoints" / "start.npz"


def require_all_parts(dataset: Dataset) -> None:
    if len(dataset.class_names) < 2:
        raise TooFewClassesError(
            N_(
                "There are {count} classes with enough pictures; a classifier needs at least two, "
                "with {minimum} pictures each. Add pictures on the Data page."
            ),
            count=len(dataset.class_names),
            minimum=MIN_PICTURES_PER_CLASS,
        )
    if not all(len(dataset.rows(split)) for split in Split):
        raise DataError(
            N_(
                "The dataset lacks pictures to train, to validate or to test with. "
                "Add pictures, or divide them anew on the Data page."
            )
        )


def _logits(head: HeadWeights, features: np.ndarray) -> np.ndarray:
    """Of a head for quarters, also where only their means were read."""
    fits = head.feature_size == features.shape[1]
    return (head if fits else head.gathered_from_quarters()).logits(features)
