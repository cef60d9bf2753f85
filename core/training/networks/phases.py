"""Phases that train a network: inputs, batches and length. Imported by workers only."""

from __future__ import annotations

from pathlib import Path

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.pixels.arrays import open_pictures
from core.models.litert.conversion import stem_engine
from core.models.litert.engine import FeatureExtractor
from core.progress import Progress, Stage
from core.training.artifacts import activations_folder
from core.training.backends import current_backend
from core.training.batches import Source, TrainingBatches
from core.training.config import Recipe, TrainingConfig
from core.training.facts import timed
from core.training.networks.activations import (
    ActivationPlan,
    activations_bytes,
    cached_activations,
    fits_on_disk,
)
from core.training.networks.inputs import PictureSource, StemSource
from core.training.networks.loop import GradientPhase
from core.training.networks.models import TrainedNetwork
from core.training.phases import Phase
from core.training.recipes import epochs_of

_ALL_BLOCKS_FACTOR = 0.3  # on the learning rate of all blocks


def network_phase(
    phase: Phase,
    network: TrainedNetwork,
    settings: TrainingConfig,
    dataset: Dataset,
    directory: Path,
    progress: Progress,
) -> GradientPhase:
    """Prepare a phase: decode pictures, and compute the frozen stem's outputs where they are cached.

    Raises:
        JobStopped, JobPaused: the user asked for it.
    """
    rows, validation = dataset.rows(Split.TRAIN), dataset.rows(Split.VALIDATION)
    source, outputs = _source(network, settings, dataset, directory, progress)
    progress.stage(Stage.FINE_TUNING if phase.is_pretrained else Stage.TRAINING)
    return GradientPhase(
        name=phase,
        epochs=epochs_of(settings, phase),
        batches=TrainingBatches(
            source,
            rows,
            dataset.targets[rows],
            batch_size=settings.batch_size,
            imbalance=settings.imbalance,
            task=dataset.task,
            seed=settings.seed + phase.seed_offset,
        ),
        validation=source,
        validation_rows=validation,
        validation_targets=dataset.targets[validation],
        build=network.build,
        write_best=network.write_best,
        average=settings.recipe is Recipe.BEST,
        outputs=outputs,
        learning_rate_factor=_ALL_BLOCKS_FACTOR if phase is Phase.ALL_BLOCKS else 1.0,
    )


def _source(
    network: TrainedNetwork, settings: TrainingConfig, dataset: Dataset, directory: Path, progress: Progress
) -> tuple[Source, int]:
    """Return the inputs, and the size of the stem's output for a picture (0 without a stem).

    Inputs are pictures, or the frozen stem's outputs: cached if the disk has room, else
    computed in every epoch.
    """
    augmentation, backbone = settings.augmentation, settings.sized_backbone

    def pictures(*, on_device: bool) -> PictureSource:
        progress.stage(Stage.DECODING)
        read = open_pictures(dataset, backbone.input_size, progress).read
        return PictureSource(read, augmentation, on_device=on_device)

    stem = None if network.trains_all_blocks else _converted_stem(network, settings, progress)
    if stem is None:
        return pictures(on_device=current_backend().has_accelerator), 0
    engine, numbers = stem
    drawn = pictures(on_device=False)  # the stem runs on the processor
    plan = ActivationPlan(
        train=dataset.rows(Split.TRAIN),
        validation=dataset.rows(Split.VALIDATION),
        copies=settings.augmented_views if augmentation.is_active else 0,
        augmentation=augmentation,
        seed=settings.seed,
    )
    # Pictures are mixed differently in every epoch, so their outputs cannot be cached.
    if augmentation.is_mixing or not fits_on_disk(activations_bytes(plan, numbers), directory):
        return StemSource(drawn, FeatureExtractor(engine)), numbers
    cached = cached_activations(plan, drawn, engine, activations_folder(directory), progress)
    return cached, numbers


def _converted_stem(
    network: TrainedNetwork, settings: TrainingConfig, progress: Progress
) -> tuple[Path, int] | None:
    """Return the frozen stem's LiteRT file and the size of its output for a picture; None without a stem."""
    progress.stage(Stage.CONVERTING)
    with timed(progress, settings, Stage.CONVERTING, own_network=True):
        stem = network.frozen_stem()
        if stem is None:
            return None
        cut, build = stem
        return stem_engine(settings.sized_backbone, cut.layer, build), cut.numbers
