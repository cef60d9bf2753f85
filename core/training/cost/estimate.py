"""What a run will take: time, memory and disk, from what was measured on this machine.

Needs no Keras, so that a page may ask. Before anything was measured the figures are
guesses from the backbone's size, and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.pixels.arrays import DECODED_PER_SECOND, arrays_bytes, arrays_path
from core.models.backbones import Backbone
from core.models.litert.conversion import cached_engine
from core.models.speeds import expected_seconds, measured_speed, times_the_work
from core.models.weights.store import weights_ready
from core.progress import Stage
from core.training.artifacts import map_pooling
from core.training.config import Recipe, TrainingConfig
from core.training.cost.expected_epochs import likely_epochs
from core.training.cost.stage_times import measured_keras_seconds, measured_seconds
from core.training.cost.throughput import Pace, measured_pace
from core.training.features import count_missing
from core.training.phases import Phase

_HEAD_SECONDS = 2.0
_CONVERSION_SECONDS = 4.0
_EXPORT_SECONDS = 5.0
_KERAS_SECONDS = 5.0  # its import, with TensorFlow's
_START_SECONDS = 1.0
_EVALUATION_SECONDS = 1.0
_DOWNLOAD_BYTES_PER_SECOND = 5e6
_AUGMENTED_FACTOR = 1.5  # on the time of a feature
# Training against a forward pass in LiteRT, measured for EfficientNet-Lite0 on two cores.
_SLOWER_IN_TRAINING = {Phase.LAST_BLOCKS: 1.5, Phase.ALL_BLOCKS: 14.0, Phase.SCRATCH: 14.0}
_JUDGING_SHARE = 0.35  # of a training step's time, that a picture takes to be judged
_PROCESS_BYTES = 900 << 20  # a worker with TensorFlow, before it does anything
_BYTES_A_WEIGHT = 20  # value, gradient, two moments, the best so far
_BYTES_A_PIXEL = 500  # of one picture in a batch, in all layers: training keeps them for the way back
_OUTPUTS_SHARE = 0.1  # of a picture's numbers, that a trunk gives, before it was measured


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run will take."""

    seconds: float
    memory_bytes: int  # the most that the worker will hold
    disk_bytes: int  # written beside the pictures while it runs
    is_measured: bool  # on this machine; else guessed from the backbone's size


def estimate(dataset: Dataset, settings: TrainingConfig) -> Estimate:
    """What a run with these settings on these pictures will take.

    Early stopping is reckoned with, as far as it can be foreseen.
    """
    phases = phases_of(settings)
    is_measured = all(measured_pace(settings, phase) for phase in phases) and (
        settings.recipe is Recipe.SCRATCH or measured_speed(settings.sized_backbone) is not None
    )
    paces = {phase: _pace(settings, phase) for phase in phases}
    memory = [
        pace.memory_bytes if pace else _guessed_memory(settings, phase) for phase, pace in paces.items()
    ]
    return Estimate(
        seconds=_START_SECONDS + sum(expected_stages(dataset, settings).values()),
        memory_bytes=max(memory, default=_PROCESS_BYTES),
        disk_bytes=_disk_bytes(dataset, settings),
        is_measured=is_measured,
    )


def phases_of(settings: TrainingConfig) -> list[Phase]:
    """The phases in which a network is trained, in order."""
    return {
        Recipe.QUICK: [],
        Recipe.BALANCED: [Phase.LAST_BLOCKS],
        Recipe.BEST: [Phase.LAST_BLOCKS, Phase.ALL_BLOCKS],
        Recipe.SCRATCH: [Phase.SCRATCH],
    }[settings.recipe]


def epochs_of(settings: TrainingConfig, phase: Phase) -> int:
    """The most epochs of a phase.

    Best spends a quarter of its epochs on the last blocks: what is above them has then settled.
    """
    if settings.recipe is not Recipe.BEST:
        return settings.epochs
    on_last_blocks = max(1, settings.epochs // 4)
    return on_last_blocks if phase is Phase.LAST_BLOCKS else max(1, settings.epochs - on_last_blocks)


def expected_stages(
    dataset: Dataset, settings: TrainingConfig, *, is_cold: bool = True
) -> Mapping[Stage, float]:
    """Seconds of each stage that will come, in order; what is cached takes none.

    Args:
        is_cold: nothing has imported Keras yet.
    """
    expected: dict[Stage, float] = {}
    if settings.recipe is not Recipe.SCRATCH:
        expected |= _head_stages(dataset, settings, is_cold=is_cold)
        is_cold &= Stage.CONVERTING not in expected and not settings.head.hidden_units
    if phases_of(settings):
        of_network = network_stages(dataset, settings, is_cold=is_cold)
        # The stages go round once more: the second conversion counts with what follows it.
        conversion = of_network.pop(Stage.CONVERTING, 0.0)
        if Stage.ACTIVATIONS in of_network:
            of_network[Stage.ACTIVATIONS] += conversion
        expected |= of_network
        is_cold = False
    return expected | stages_after_training(
        dataset, settings, own_network=bool(phases_of(settings)), is_cold=is_cold
    )


def network_stages(dataset: Dataset, settings: TrainingConfig, *, is_cold: bool) -> dict[Stage, float]:
    """Seconds of what comes once heads are fitted: the phases in which a network is trained.

    Args:
        is_cold: nothing has imported Keras yet.
    """
    backbone, phases = settings.sized_backbone, phases_of(settings)
    train, validation = len(dataset.rows(Split.TRAIN)), len(dataset.rows(Split.VALIDATION))
    expected: dict[Stage, float] = {}
    if not arrays_path(dataset, backbone.input_size).exists():
        expected[Stage.DECODING] = len(dataset.pictures) / DECODED_PER_SECOND
    if any(phase.has_frozen_stem for phase in phases):
        conversion = _short_stage(settings, Stage.CONVERTING, _CONVERSION_SECONDS, own_network=True)
        expected[Stage.CONVERTING] = conversion + (_keras_seconds() if is_cold else 0.0)
        kept = train * (1 + _views(settings)) + validation
        expected[Stage.ACTIVATIONS] = expected_seconds(backbone, kept)
    seconds = 0.0
    for phase in phases:
        pace = _pace(settings, phase)
        rate = pace.pictures_per_second if pace else _guessed_rate(backbone, phase)
        epochs = likely_epochs(epochs_of(settings, phase), patience=settings.patience)
        seconds += epochs * (train + _JUDGING_SHARE * validation) / rate
    stage = Stage.TRAINING if settings.recipe is Recipe.SCRATCH else Stage.FINE_TUNING
    return expected | {stage: seconds}


def stages_after_training(
    dataset: Dataset, settings: TrainingConfig, *, own_network: bool, is_cold: bool
) -> dict[Stage, float]:
    """Seconds of what follows once a run is trained: as they were measured, or guessed.

    Args:
        own_network: the run delivers another network than the backbone as it came.
        is_cold: nothing has imported Keras yet.
    """
    judging = _EVALUATION_SECONDS
    if own_network:  # validation and test pictures go through the network that was trained
        judged = len(dataset.rows(Split.VALIDATION)) + len(dataset.rows(Split.TEST))
        judging += _short_stage(settings, Stage.EVALUATING, _CONVERSION_SECONDS, own_network=True)
        judging += expected_seconds(settings.sized_backbone, judged)
    packing = _short_stage(settings, Stage.EXPORTING, _EXPORT_SECONDS, own_network=own_network)
    if is_cold:
        packing += _keras_seconds()
    return {Stage.EVALUATING: judging, Stage.EXPORTING: packing}


def _head_stages(dataset: Dataset, settings: TrainingConfig, *, is_cold: bool) -> dict[Stage, float]:
    backbone = settings.sized_backbone
    expected: dict[Stage, float] = {}
    engine = cached_engine(backbone, map_pooling(settings))
    missing = count_missing(dataset, engine)
    if not weights_ready(backbone):
        expected[Stage.DOWNLOADING] = backbone.download_bytes / _DOWNLOAD_BYTES_PER_SECOND
    if engine is None:
        conversion = _short_stage(settings, Stage.CONVERTING, _CONVERSION_SECONDS, own_network=False)
        expected[Stage.CONVERTING] = conversion + (_keras_seconds() if is_cold else 0.0)
    if missing:
        expected[Stage.DECODING] = len(dataset.pictures) / DECODED_PER_SECOND
        expected[Stage.FEATURES] = expected_seconds(backbone, missing)
    if settings.augmentation.is_active:
        views = len(dataset.rows(Split.TRAIN)) * settings.augmented_views
        expected[Stage.AUGMENTING] = _AUGMENTED_FACTOR * expected_seconds(backbone, views)
    imports_keras = is_cold and settings.head.hidden_units and Stage.CONVERTING not in expected
    return expected | {Stage.TRAINING: _HEAD_SECONDS + (_keras_seconds() if imports_keras else 0.0)}


def _short_stage(settings: TrainingConfig, stage: Stage, guess: float, *, own_network: bool) -> float:
    """As it was measured here, or guessed; Keras being there."""
    measured = measured_seconds(settings, stage, own_network=own_network)
    return guess if measured is None else measured


def _keras_seconds() -> float:
    measured = measured_keras_seconds()
    return _KERAS_SECONDS if measured is None else measured


def _views(settings: TrainingConfig) -> int:
    return settings.augmented_views if settings.augmentation.is_active else 0


def _pace(settings: TrainingConfig, phase: Phase) -> Pace | None:
    """As it was measured, or reckoned from what was with pictures of the backbone's own size."""
    own_size = replace(settings, picture_size=0)
    measured = measured_pace(settings, phase)
    at_own_size = None if measured else measured_pace(own_size, phase)
    if at_own_size is None:
        return measured
    work = times_the_work(settings.sized_backbone)
    more_memory = _guessed_memory(settings, phase) - _guessed_memory(own_size, phase)
    return Pace(
        pictures_per_second=at_own_size.pictures_per_second / work,
        memory_bytes=max(_PROCESS_BYTES, at_own_size.memory_bytes + more_memory),
        outputs=round(at_own_size.outputs * work),
    )


def _guessed_rate(backbone: Backbone, phase: Phase) -> float:
    """Pictures per second, from the speed of a forward pass."""
    return 1.0 / (_SLOWER_IN_TRAINING[phase] * expected_seconds(backbone, 1))


def _guessed_memory(settings: TrainingConfig, phase: Phase) -> int:
    backbone = settings.sized_backbone
    share = settings.unfreeze if phase.has_frozen_stem else 1.0
    batch = settings.batch_size * backbone.input_size**2 * _BYTES_A_PIXEL
    return int(_PROCESS_BYTES + backbone.parameters * _BYTES_A_WEIGHT + share * batch)


def _disk_bytes(dataset: Dataset, settings: TrainingConfig) -> int:
    """Decoded pictures, the trunk's outputs, and checkpoints."""
    backbone = settings.sized_backbone
    decoded = (
        0
        if arrays_path(dataset, backbone.input_size).exists()
        else arrays_bytes(dataset, backbone.input_size)
    )
    if settings.recipe is Recipe.QUICK:
        return decoded + 4 * backbone.parameters * 2
    kept = 0
    if Phase.LAST_BLOCKS in phases_of(settings):
        pace = _pace(settings, Phase.LAST_BLOCKS)
        outputs = pace.outputs if pace else int(_OUTPUTS_SHARE * 3 * backbone.input_size**2)
        pictures = len(dataset.rows(Split.TRAIN)) * (1 + _views(settings)) + len(
            dataset.rows(Split.VALIDATION)
        )
        kept = 2 * outputs * pictures
    return decoded + kept + _BYTES_A_WEIGHT * backbone.parameters
