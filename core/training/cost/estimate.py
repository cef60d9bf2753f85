"""Estimates of a run's time, memory and disk space from measurements on this machine.

Pages may call it: it imports no Keras. Before anything was measured, the figures are
guesses from the backbone's size and are marked as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.pixels.arrays import DECODED_PER_SECOND, arrays_bytes, arrays_path
from core.models.backbones import Backbone
from core.models.costs import times_the_work
from core.models.head import GRID_CELLS, MapPooling
from core.models.litert.conversion import cached_engine
from core.models.speeds import expected_seconds, measured_speed
from core.models.weights.store import weights_ready
from core.progress import Stage
from core.records import Record
from core.training.artifacts import map_pooling
from core.training.config import Recipe, TrainingConfig
from core.training.cost.stage_times import measured_keras_seconds, measured_seconds
from core.training.cost.throughput import Throughput, measured_throughput
from core.training.expected_epochs import likely_epochs
from core.training.features.cache import count_missing
from core.training.heads.data import reduction_of
from core.training.phases import Phase
from core.training.recipes import epochs_of, phases_of

_HEAD_SECONDS = 2.0
_CONVERSION_SECONDS = 4.0
_EXPORT_SECONDS = 5.0
_KERAS_SECONDS = 5.0  # its import, TensorFlow included
_START_SECONDS = 1.0
# Training pictures that the evaluation passes through a network of the run's own, for its stranger score.
MOST_SCORED_PICTURES = 2000
_EVALUATION_SECONDS = 1.0
_DOWNLOAD_BYTES_PER_SECOND = 5e6
_AUGMENTED_FACTOR = 1.5  # on the time of a feature
# Time of a training step against a forward pass in LiteRT, measured for EfficientNet-Lite0 on two cores.
_SLOWER_IN_TRAINING = {Phase.LAST_BLOCKS: 1.5, Phase.ALL_BLOCKS: 14.0, Phase.SCRATCH: 14.0}
_VALIDATION_SHARE = 0.35  # time of a validation picture against that of a training picture
_PROCESS_BYTES = 900 << 20  # of an idle worker with TensorFlow
_BYTES_A_WEIGHT = 20  # value, gradient, two moments, best so far
_BYTES_A_PIXEL = 500  # activations of one picture in all layers, needed by the backward pass
_OUTPUTS_SHARE = 0.1  # size of the stem's output against the input, before it was measured


@dataclass(frozen=True, kw_only=True)
class Estimate(Record):
    """Time, memory and disk space of a run."""

    seconds: float
    memory_bytes: int  # peak of the worker
    disk_bytes: int  # written beside the pictures while it runs
    is_measured: bool  # False: guessed from the backbone's size


def estimate(dataset: Dataset, settings: TrainingConfig) -> Estimate:
    """Estimate a run with these settings on these pictures, expected early stopping included."""
    phases = phases_of(settings)
    is_measured = all(measured_throughput(settings, phase) for phase in phases) and (
        settings.recipe is Recipe.SCRATCH or measured_speed(settings.sized_backbone) is not None
    )
    measured = {phase: _throughput(settings, phase) for phase in phases}
    memory = [
        throughput.memory_bytes if throughput else _guessed_memory(settings, phase)
        for phase, throughput in measured.items()
    ]
    return Estimate(
        seconds=_START_SECONDS + sum(expected_stages(dataset, settings).values()),
        memory_bytes=max([*memory, _head_memory(dataset, settings)]),
        disk_bytes=_disk_bytes(dataset, settings),
        is_measured=is_measured,
    )


def expected_stages(
    dataset: Dataset, settings: TrainingConfig, *, is_cold: bool = True
) -> Mapping[Stage, float]:
    """Return the seconds of each stage to come, in order; cached work takes none.

    Args:
        is_cold: Keras is not imported yet.
    """
    expected: dict[Stage, float] = {}
    if settings.recipe is not Recipe.SCRATCH:
        expected |= _head_stages(dataset, settings, is_cold=is_cold)
        is_cold &= Stage.CONVERTING not in expected and not settings.head.hidden_units
    if phases_of(settings):
        of_network = network_stages(dataset, settings, is_cold=is_cold)
        # A plan has each stage once: the second conversion counts with the stage after it.
        conversion = of_network.pop(Stage.CONVERTING, 0.0)
        if Stage.ACTIVATIONS in of_network:
            of_network[Stage.ACTIVATIONS] += conversion
        expected |= of_network
        is_cold = False
    return expected | stages_after_training(
        dataset, settings, own_network=bool(phases_of(settings)), is_cold=is_cold
    )


def network_stages(dataset: Dataset, settings: TrainingConfig, *, is_cold: bool) -> dict[Stage, float]:
    """Return the seconds of the stages that train a network, after heads are fitted.

    Args:
        is_cold: Keras is not imported yet.
    """
    backbone, phases = settings.sized_backbone, phases_of(settings)
    train, validation = len(dataset.rows(Split.TRAIN)), len(dataset.rows(Split.VALIDATION))
    expected: dict[Stage, float] = {}
    if not arrays_path(dataset, backbone.input_size).exists():
        expected[Stage.DECODING] = len(dataset.pictures) / DECODED_PER_SECOND
    if any(phase.has_frozen_stem for phase in phases):
        conversion = _short_stage(settings, Stage.CONVERTING, _CONVERSION_SECONDS, own_network=True)
        expected[Stage.CONVERTING] = conversion + (_keras_seconds() if is_cold else 0.0)
        cached = train * (1 + _augmented_copies(settings)) + validation
        expected[Stage.ACTIVATIONS] = expected_seconds(backbone, cached)
    seconds = 0.0
    for phase in phases:
        rate = training_rate(settings, phase)
        epochs = likely_epochs(epochs_of(settings, phase), patience=settings.patience)
        seconds += epochs * (train + _VALIDATION_SHARE * validation) / rate
    stage = Stage.TRAINING if settings.recipe is Recipe.SCRATCH else Stage.FINE_TUNING
    return expected | {stage: seconds}


def training_rate(settings: TrainingConfig, phase: Phase) -> float:
    """Return the pictures per second of a phase, measured or guessed."""
    throughput = _throughput(settings, phase)
    return throughput.pictures_per_second if throughput else _guessed_rate(settings.sized_backbone, phase)


def stages_after_training(
    dataset: Dataset, settings: TrainingConfig, *, own_network: bool, is_cold: bool
) -> dict[Stage, float]:
    """Return the seconds of evaluation and export, measured or guessed.

    Args:
        own_network: the run delivers a network of its own, not the pretrained backbone.
        is_cold: Keras is not imported yet.
    """
    judging = _EVALUATION_SECONDS
    if own_network:  # validation, test and some training pictures pass through the trained network
        judged = len(dataset.rows(Split.VALIDATION)) + len(dataset.rows(Split.TEST))
        judged += min(MOST_SCORED_PICTURES, len(dataset.rows(Split.TRAIN)))
        judging += _short_stage(settings, Stage.EVALUATING, _CONVERSION_SECONDS, own_network=True)
        judging += expected_seconds(settings.sized_backbone, judged)
    packing = _short_stage(settings, Stage.EXPORTING, _EXPORT_SECONDS, own_network=own_network)
    if is_cold:
        packing += _keras_seconds()
    return {Stage.EVALUATING: judging, Stage.EXPORTING: packing}


def _head_stages(dataset: Dataset, settings: TrainingConfig, *, is_cold: bool) -> dict[Stage, float]:
    backbone = settings.sized_backbone
    expected: dict[Stage, float] = {}
    pooling = map_pooling(settings)
    engine = cached_engine(backbone, pooling)
    extracting = feature_seconds(dataset, backbone, pooling)
    if not weights_ready(backbone):
        absent = sum(part.download_bytes for part in backbone.parts if not weights_ready(part))
        expected[Stage.DOWNLOADING] = absent / _DOWNLOAD_BYTES_PER_SECOND
    if engine is None:
        conversion = _short_stage(settings, Stage.CONVERTING, _CONVERSION_SECONDS, own_network=False)
        expected[Stage.CONVERTING] = conversion + (_keras_seconds() if is_cold else 0.0)
    if extracting:
        expected[Stage.DECODING] = len(dataset.pictures) / DECODED_PER_SECOND
        expected[Stage.FEATURES] = extracting
    if settings.augmentation.is_active:
        views = len(dataset.rows(Split.TRAIN)) * settings.augmented_views
        expected[Stage.AUGMENTING] = _AUGMENTED_FACTOR * expected_seconds(backbone, views)
    imports_keras = is_cold and settings.head.hidden_units and Stage.CONVERTING not in expected
    return expected | {Stage.TRAINING: _HEAD_SECONDS + (_keras_seconds() if imports_keras else 0.0)}


def _short_stage(settings: TrainingConfig, stage: Stage, guess: float, *, own_network: bool) -> float:
    """Return the measured seconds of a stage, else the guess; without the import of Keras."""
    measured = measured_seconds(settings, stage, own_network=own_network)
    return guess if measured is None else measured


def _keras_seconds() -> float:
    measured = measured_keras_seconds()
    return _KERAS_SECONDS if measured is None else measured


def _augmented_copies(settings: TrainingConfig) -> int:
    return settings.augmented_views if settings.augmentation.is_active else 0


def _throughput(settings: TrainingConfig, phase: Phase) -> Throughput | None:
    """Return the measured throughput, or scale that of the backbone's own picture size."""
    own_size = replace(settings, picture_size=0)
    measured = measured_throughput(settings, phase)
    at_own_size = None if measured else measured_throughput(own_size, phase)
    if at_own_size is None:
        return measured
    work = times_the_work(settings.sized_backbone)
    more_memory = _guessed_memory(settings, phase) - _guessed_memory(own_size, phase)
    return Throughput(
        pictures_per_second=at_own_size.pictures_per_second / work,
        memory_bytes=max(_PROCESS_BYTES, at_own_size.memory_bytes + more_memory),
        outputs=round(at_own_size.outputs * work),
    )


def _guessed_rate(backbone: Backbone, phase: Phase) -> float:
    """Return pictures per second, from the speed of a forward pass."""
    return 1.0 / (_SLOWER_IN_TRAINING[phase] * expected_seconds(backbone, 1))


def _guessed_memory(settings: TrainingConfig, phase: Phase) -> int:
    backbone = settings.sized_backbone
    share = settings.unfreeze if phase.has_frozen_stem else 1.0
    batch = settings.batch_size * backbone.input_size**2 * _BYTES_A_PIXEL
    return int(_PROCESS_BYTES + backbone.parameters * _BYTES_A_WEIGHT + share * batch)


def _head_memory(dataset: Dataset, settings: TrainingConfig) -> int:
    """Return the memory of a worker that fits heads: itself, the networks and the features."""
    if settings.recipe is Recipe.SCRATCH:
        return _PROCESS_BYTES
    backbone = settings.sized_backbone
    pictures = len(dataset.pictures) + _augmented_copies(settings) * len(dataset.rows(Split.TRAIN))
    is_whole = reduction_of(dataset, settings, GRID_CELLS * backbone.feature_size) is None
    width = backbone.feature_size * (GRID_CELLS if is_whole and map_pooling(settings) == "grid" else 1)
    copies = 2 if backbone.members else 1  # while they are joined
    return _PROCESS_BYTES + 4 * (backbone.parameters + copies * pictures * width)


def feature_seconds(dataset: Dataset, backbone: Backbone, pooling: MapPooling = "grid") -> float:
    """Estimate the seconds of computing the features that are not cached, of all members of a committee."""
    return sum(
        expected_seconds(part, count_missing(dataset, cached_engine(part, pooling)))
        for part in backbone.parts
    )


def _disk_bytes(dataset: Dataset, settings: TrainingConfig) -> int:
    """Return the disk space of decoded pictures, cached stem outputs and checkpoints."""
    backbone = settings.sized_backbone
    decoded = (
        0
        if arrays_path(dataset, backbone.input_size).exists()
        else arrays_bytes(dataset, backbone.input_size)
    )
    if settings.recipe is Recipe.QUICK:
        return decoded + 4 * backbone.parameters * 2
    cached = 0
    if Phase.LAST_BLOCKS in phases_of(settings):
        throughput = _throughput(settings, Phase.LAST_BLOCKS)
        outputs = throughput.outputs if throughput else int(_OUTPUTS_SHARE * 3 * backbone.input_size**2)
        pictures = len(dataset.rows(Split.TRAIN)) * (1 + _augmented_copies(settings)) + len(
            dataset.rows(Split.VALIDATION)
        )
        cached = 2 * outputs * pictures
    return decoded + cached + _BYTES_A_WEIGHT * backbone.parameters
