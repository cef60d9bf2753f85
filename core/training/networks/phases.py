"""The phases that train a network: what goes into it, batch by batch, and for how long.

Imported by workers only.
"""

from __future__ import annotations

from pathlib import Path

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.pixels.arrays import open_pictures
from core.models.litert.conversion import trunk_engine
from core.models.litert.engine import FeatureExtractor
from core.progress import Progress, Stage
from core.training.artifacts import activations_folder
from core.training.backends import current_backend
from core.training.batches import Source, TrainingBatches
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import epochs_of
from core.training.cost.stage_times import timed
from core.training.networks.activations import Plan, fits_on_disk, kept_bytes, kept_source
from core.training.networks.inputs import PictureSource, TrunkSource
from core.training.networks.loop import GradientPhase
from core.training.networks.models import TrainedNetwork
from core.training.phases import Phase

_WHOLE_NETWORK_FACTOR = 0.3  # on the learning rate, once all blocks are trained


def network_phase(
    name: Phase,
    network: TrainedNetwork,
    settings: TrainingConfig,
    dataset: Dataset,
    directory: Path,
    progress: Progress,
) -> GradientPhase:
    """Prepare a phase: pictures are decoded, and what the frozen trunk says of them is computed and kept.

    Raises:
        JobStopped, JobPaused: the user said so.
    """
    rows, validation = dataset.rows(Split.TRAIN), dataset.rows(Split.VALIDATION)
    source, outputs = _source(network, settings, dataset, directory, progress)
    progress.stage(Stage.FINE_TUNING if name.is_pretrained else Stage.TRAINING)
    return GradientPhase(
        name=name,
        epochs=epochs_of(settings, name),
        batches=TrainingBatches(
            source,
            rows,
            dataset.targets[rows],
            batch_size=settings.batch_size,
            imbalance=settings.imbalance,
            task=dataset.task,
            seed=settings.seed + len(name),  # phases do not repeat each other's order
        ),
        validation=source,
        validation_rows=validation,
        validation_targets=dataset.targets[validation],
        build=network.build,
        write_best=network.write_best,
        average=settings.recipe is Recipe.BEST,
        outputs=outputs,
        learning_rate_factor=_WHOLE_NETWORK_FACTOR if name is Phase.ALL_BLOCKS else 1.0,
    )


def _source(
    network: TrainedNetwork, settings: TrainingConfig, dataset: Dataset, directory: Path, progress: Progress
) -> tuple[Source, int]:
    """Pictures, or what the frozen trunk says of them: kept where the disk has room, else computed anew.

    Also how many numbers the trunk gives for a picture, 0 without one.
    """

    augmentation, backbone = settings.augmentation, settings.sized_backbone

    def pictures(*, on_device: bool) -> PictureSource:
        progress.stage(Stage.DECODING)
        read = open_pictures(dataset, backbone.input_size, progress).read
        return PictureSource(read, augmentation, on_device=on_device)

    if network.takes_pictures():
        return pictures(on_device=current_backend().has_accelerator), 0
    progress.stage(Stage.CONVERTING)
    with timed(settings, Stage.CONVERTING, own_network=True):
        cut, build = network.trunk()
        trunk = trunk_engine(backbone, cut.layer, build)
    shown = pictures(on_device=False)  # to the trunk, which runs on the processor
    plan = Plan(
        train=dataset.rows(Split.TRAIN),
        validation=dataset.rows(Split.VALIDATION),
        views=settings.augmented_views if augmentation.is_active else 0,
        augmentation=augmentation,
        seed=settings.seed,
    )
    # Mixed pictures are other ones in every epoch: there is nothing to keep of them.
    if augmentation.is_mixing or not fits_on_disk(kept_bytes(plan, cut.numbers), directory):
        return TrunkSource(shown, FeatureExtractor(trunk)), cut.numbers
    kept = kept_source(plan, shown, trunk, activations_folder(directory), progress)
    return kept, cut.numbers
