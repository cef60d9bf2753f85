"""Profiling job: times a few steps of a run, for estimates of its time and memory."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.data.pixels.arrays import PictureStore
from core.models.litert.conversion import feature_engine, stem_engine
from core.models.litert.engine import FeatureExtractor
from core.models.speeds import measured_speed, remember_speed, speed_key
from core.models.weights.store import obtain_weights
from core.progress import Progress, Stage, raise_if_stopped
from core.training.artifacts import map_pooling
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import estimate
from core.training.cost.throughput import Throughput, peak_memory_bytes, remember_throughput
from core.training.kernels.choice import use_faster_kernels
from core.training.phases import Phase
from core.training.recipes import phases_of
from core.workspace import project_of

_STEPS = 4  # timed, after one that is traced
_FEATURE_PICTURES = 48  # whose features are timed


def measure(directory: Path, config: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Time the work of a run with these settings, and store the times for estimates."""
    settings = TrainingConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.dataset_version)
    phases = phases_of(settings)
    if phases:
        use_faster_kernels(progress)
    progress.stage(Stage.PROFILING)
    progress.advance(0, 1 + len(phases))
    if settings.recipe is not Recipe.SCRATCH:
        _time_features(dataset, settings, progress)
    for done, phase in enumerate(phases, start=1):
        progress.advance(done, 1 + len(phases))
        raise_if_stopped(progress)
        remember_throughput(settings, phase, _throughput_of(phase, dataset, settings))
    progress.advance(1 + len(phases), 1 + len(phases))
    return {"estimate": asdict(estimate(dataset, settings))}


def _time_features(dataset: Dataset, settings: TrainingConfig, progress: Progress) -> None:
    backbone = settings.sized_backbone
    for part in backbone.parts:
        obtain_weights(part, should_stop=progress.should_stop)
        extractor = FeatureExtractor(feature_engine(part, pooling=map_pooling(settings)))
        if measured_speed(part) is not None:
            continue
        pictures = _pictures(dataset, extractor.input_size, _FEATURE_PICTURES)
        extractor.run(pictures[:2])  # the first call plans its memory
        began = time.monotonic()
        extractor.run(pictures)
        remember_speed(speed_key(part), len(pictures) / (time.monotonic() - began))


def _throughput_of(phase: Phase, dataset: Dataset, settings: TrainingConfig) -> Throughput:
    """Time a few steps of a phase on one batch, with a randomly initialised head."""
    from core.training.backends import current_backend
    from core.training.networks.compiling import compile_for_training
    from core.training.networks.models import TrainedNetwork

    backend = current_backend()
    backend.prepare(settings.seed)
    network = TrainedNetwork(
        settings,
        len(dataset.class_names),
        dataset.task,
        start=lambda: (None, None),
        all_blocks=not phase.has_frozen_stem,
        pretrained=phase.is_pretrained,
    )
    inputs, outputs = _inputs(network, dataset, settings)
    rows = dataset.rows(Split.TRAIN)[: len(inputs)]
    targets, weights = dataset.targets[rows], np.ones(len(rows), np.float32)
    with backend.devices():
        model = network.build()
        compile_for_training(
            model, settings, dataset.task, average=settings.recipe is Recipe.BEST, micro_batches=1
        )
    step = backend.training_step(model)
    step(inputs, targets, weights)
    began = time.monotonic()
    for _ in range(_STEPS):
        step(inputs, targets, weights)
    model.get_metrics_result()  # waits for the device
    rate = _STEPS * len(inputs) / (time.monotonic() - began)
    return Throughput(pictures_per_second=rate, memory_bytes=peak_memory_bytes(), outputs=outputs)


def _inputs(network: Any, dataset: Dataset, settings: TrainingConfig) -> tuple[np.ndarray, int]:
    """Return a batch for the model, and the size of the stem's output for a picture (0 without a stem)."""
    backbone = settings.sized_backbone
    pictures = _pictures(dataset, backbone.input_size, settings.batch_size)
    stem = network.frozen_stem()
    if stem is None:
        return pictures, 0
    cut, build = stem
    return FeatureExtractor(stem_engine(backbone, cut.layer, build)).run(pictures), cut.numbers


def _pictures(dataset: Dataset, size: int, limit: int) -> np.ndarray:
    """Read the first training pictures, uint8 RGB (n, size, size, 3)."""
    with PictureStore(dataset, size) as store:
        return store.read(dataset.rows(Split.TRAIN)[:limit])
