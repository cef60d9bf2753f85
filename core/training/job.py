"""Training step of a run: from pictures to the best weights on disk.

A recipe is a sequence of phases. Heads on frozen features come first and take seconds;
then come phases of gradient descent, each starting from the best so far. The run
delivers the epoch that is best on validation. Costs are planned by a listener.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
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
from core.training.adaptation.pictures import require_unseen_tests
from core.training.artifacts import activations_folder, extractor_file, has_own_network, head_file
from core.training.checkpoint import Checkpoints
from core.training.config import DEFAULT_EPOCHS, DEFAULT_LEARNING_RATE, Loss, Pooling, Recipe, TrainingConfig
from core.training.cost.plan import RunPlan
from core.training.curve import LearningCurve
from core.training.facts import HeadsFitted, Trained, import_keras
from core.training.heads.data import HeadData, prepare_head_data
from core.training.heads.fitting import HeadRecorder, fit_linear_heads, fit_starting_head
from core.training.kernels.choice import use_kernels
from core.training.live import LiveView
from core.training.phases import Phase
from core.training.recipes import epochs_of, phases_of
from core.training.records import ResumePoint
from core.training.tensorboard import EventFiles
from core.workspace import project_of

if TYPE_CHECKING:
    from core.training.networks.loop import GradientPhase

_HIDDEN_EPOCHS = 60


def train(directory: Path, config: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Run the recipe. Stopped with a best epoch so far, it returns as if it had finished."""
    settings = TrainingConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.dataset_version)
    require_all_splits(dataset)
    progress = RunPlan(dataset, settings, progress)
    run = Training(directory, settings, dataset, progress, events=EventFiles(directory))
    try:
        run.run()
    except JobStopped:
        if run.curve.best is None:
            raise
    require_learnt(run.curve)
    run.finish()
    progress.fact(Trained(own_network=has_own_network(directory)))
    return run.curve.result()


def require_learnt(curve: LearningCurve) -> None:
    """Raise TrainingError if no epoch gave a finite loss."""
    if curve.best is None:
        raise TrainingError(
            N_("Nothing was learnt: the loss was NaN from the first epoch on. Choose a lower learning rate.")
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
            head_data: features that heads are trained on, if they are in memory already.
            on_best: takes the validation logits of the best epoch, float32 (v, C).
            on_logits: takes those of every epoch of gradient descent.
            hidden_alone: for a head with hidden layers, no linear head is tried before.
            events: TensorBoard files for the curve.
        """
        self._head_data, self._on_best, self._hidden_alone = head_data, on_best, hidden_alone
        self._on_logits = on_logits
        self._directory, self._settings = directory, settings
        self._dataset, self._progress = dataset, progress
        self._checkpoints = Checkpoints(directory)
        self.curve = LearningCurve(settings, progress, events)
        self._live = LiveView(directory, dataset, self.curve, progress)

    def run(self) -> None:
        """Run every phase that is still to come.

        Raises:
            JobStopped, JobPaused: the user asked for it.
            TrainingError: the backbone was adapted to test pictures.
        """
        require_unseen_tests(self._dataset, self._settings.sized_backbone)
        point = self._begin()
        phases = phases_of(self._settings)
        if phases:
            resumed = point is not None and point.phase in phases
            use_kernels(self._directory, self._progress, is_resumed=resumed)
        trains_heads = self._settings.recipe is not Recipe.SCRATCH
        if trains_heads and (point is None or point.phase is Phase.HIDDEN_LAYERS):
            self._train_heads(point)
            point = None
        first = phases.index(point.phase) if point else 0
        if phases[first:]:
            self._progress.fact(HeadsFitted())
        for phase in phases[first:]:
            self._train_network(phase, phases, point if point and point.phase is phase else None)

    def finish(self) -> None:
        """Show the delivered epoch and remove the cached outputs of the frozen stem."""
        self._live.show_delivered()
        shutil.rmtree(activations_folder(self._directory), ignore_errors=True)

    def _begin(self) -> ResumePoint | None:
        """Restore the last checkpoint, or start anew where there is none."""
        point = self._checkpoints.resume_point()
        if point is None:
            self.curve.begin()
            self._checkpoints.remove_all()
            return None
        self.curve.restore(point.curve)
        if point.best_name:
            self._checkpoints.point_to_best(point.best_name)
            # A later best epoch than this checkpoint's may stand there.
            self._progress.keep(self.curve.result())
        self._live.resume()
        return point

    # -- heads on frozen features

    def _train_heads(self, point: ResumePoint | None) -> None:
        """Train linear heads, then one with hidden layers if the settings ask for it."""
        data = self._head_data
        if data is None:
            data = prepare_head_data(self._dataset, self._settings, self._progress)
        self._progress.stage(Stage.TRAINING)
        raise_if_stopped(self._progress)
        if point is None and not (self._hidden_alone and self._wants_gradient_head()):
            self._train_linear_heads(data)
        if self._wants_gradient_head():
            self._train_hidden_head(data, point)

    def _train_linear_heads(self, data: HeadData) -> None:
        """Fit linear heads; for recipes that train a network, also the head that it starts with."""
        rows = np.concatenate([self._dataset.rows(split) for split in (Split.TRAIN, Split.VALIDATION)])
        recorder = HeadRecorder(
            self.curve,
            self._checkpoints,
            self._progress,
            self._live,
            picture_ids=self._dataset.pictures["id"].iloc[rows].tolist(),
        )
        is_quick = self._settings.recipe is Recipe.QUICK
        epochs = self._settings.epochs if is_quick else DEFAULT_EPOCHS[Recipe.QUICK]
        try:
            fit_linear_heads(
                data,
                self._settings,
                self._dataset.task,
                recorder,
                self.curve,
                epochs=epochs,
                check=lambda: raise_if_stopped(self._progress),
            )
        finally:
            recorder.save()
        self.curve.end_linear_heads()
        if recorder.best is not None:
            self._on_best(recorder.best.validation_logits)
        self._live.show_delivered()
        if not is_quick:
            head = fit_starting_head(data.train, self._settings, self._dataset.task)
            (head.for_grid_features() if data.is_reduced else head).save(self._starting_head)

    def _train_hidden_head(self, data: HeadData, point: ResumePoint | None) -> None:
        """Train a head by gradient descent on the features that suit a linear head best."""
        from core.training.batches import TrainingBatches
        from core.training.networks.inputs import FeatureSource
        from core.training.networks.loop import GradientPhase
        from core.training.networks.models import HeadNetwork

        only_global = data.is_reduced or self._settings.head.pooling is Pooling.GLOBAL
        is_global = only_global or self.curve.linear_phase is Phase.GLOBAL_POOLING
        if is_global:
            data = data.globally_pooled()
        train, validation = data.train, data.validation
        has_floor = point is None or point.has_deviation_floor
        network = HeadNetwork(
            self._settings,
            train.num_classes,
            self._dataset.task,
            train.features,
            is_global=is_global,
            has_deviation_floor=has_floor,
        )
        epochs = (
            min(_HIDDEN_EPOCHS, self._settings.epochs)
            if self._settings.recipe is Recipe.QUICK
            else _HIDDEN_EPOCHS
        )
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
            learning_rate_factor=self._rate_of_head / self._settings.learning_rate,
            has_deviation_floor=has_floor,
        )
        self._run(phase, point, later_epochs=0)

    @property
    def _rate_of_head(self) -> float:
        """The highest learning rate of a head on features; where a network is trained, the settings' is that one's."""
        is_quick = self._settings.recipe is Recipe.QUICK
        return self._settings.learning_rate if is_quick else DEFAULT_LEARNING_RATE[Recipe.QUICK]

    def _wants_gradient_head(self) -> bool:
        """Return True for heads that a linear fit cannot give: hidden layers or the focal loss."""
        return bool(self._settings.head.hidden_units) or self._settings.loss.kind is Loss.FOCAL

    # -- networks

    def _train_network(self, phase: Phase, phases: list[Phase], point: ResumePoint | None) -> None:
        if phase.has_frozen_stem:
            self._progress.stage(Stage.CONVERTING)
        import_keras(self._progress)
        from core.training.networks.models import TrainedNetwork
        from core.training.networks.phases import network_phase

        network = TrainedNetwork(
            self._settings,
            len(self._dataset.class_names),
            self._dataset.task,
            start=self._start,
            all_blocks=not phase.has_frozen_stem,
            pretrained=phase.is_pretrained,
        )
        later = sum(epochs_of(self._settings, other) for other in phases[phases.index(phase) + 1 :])
        prepared = network_phase(
            phase, network, self._settings, self._dataset, self._directory, self._progress
        )
        self._run(prepared, point, later_epochs=later)

    def _start(self) -> tuple[HeadWeights | None, Path | None]:
        """Return the starting head and network weights: the best so far, or the regularised linear head."""
        if self._settings.recipe is Recipe.SCRATCH:
            return None, None
        if has_own_network(self._directory):
            return HeadWeights.load(head_file(self._directory)), extractor_file(self._directory)
        best = self.curve.best
        is_hidden = best is not None and best.phase is Phase.HIDDEN_LAYERS
        return HeadWeights.load(head_file(self._directory) if is_hidden else self._starting_head), None

    def _run(self, phase: GradientPhase, point: ResumePoint | None, *, later_epochs: int) -> None:
        from core.training.networks.loop import TrainingContext, run_phase

        if point is None:
            self.curve.begin_phase(phase.name, phase.epochs + later_epochs)
        else:
            self.curve.resume_phase(phase.name, phase.epochs - point.phase_epoch + later_epochs)
        context = TrainingContext(
            settings=self._settings,
            task=self._dataset.task,
            curve=self.curve,
            checkpoints=self._checkpoints,
            progress=self._progress,
            on_epoch=self._after_epoch,
            write_predictions=self._live.write_predictions,
        )
        run_phase(phase, context, point)

    def _after_epoch(self, logits: np.ndarray) -> None:
        self._on_logits(logits)
        if self.curve.best is not None and self.curve.best.epoch == self.curve.epoch:
            self._on_best(logits)
        self._live.show(logits)

    @property
    def _starting_head(self) -> Path:
        return self._directory / "checkpoints" / "start.npz"


def require_all_splits(dataset: Dataset) -> None:
    """Raise DataError unless there are two classes, and pictures in every split."""
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
