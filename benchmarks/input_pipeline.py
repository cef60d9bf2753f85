"""Reading and changing pictures against what a network takes of them, and the memory of reading 50,000.

Pictures of random pixels, decoded already, are read in a shuffled order. Their
consumers are measured in the same process: features in LiteRT, which the recipe
*quick* and the frozen part of *balanced* take, and training of a whole network, as in
*best*. The changes are the light ones that ``fine_tuning`` makes.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np
import psutil

from benchmarks.commands import log
from benchmarks.figures import Figure, Reference, Target
from benchmarks.fine_tuning import BRIGHTNESS, CONTRAST, ROTATION, ZOOM
from benchmarks.options import Options
from benchmarks.synthetic import synthetic_project, write_decoded
from core.data.dataset import Dataset
from core.data.pixels.arrays import PictureStore
from core.models.architectures.classifier import build_feature_extractor
from core.models.augmentation import AugmentationConfig, augment
from core.models.backbones import DEFAULT_BACKBONE, get_backbone
from core.models.litert.conversion import feature_engine
from core.models.litert.engine import FeatureExtractor

_PICTURES, _QUICK_PICTURES = 50_000, 200
_BATCH, _CLASSES = 32, 10
_LEAST_SECONDS, _QUICK_LEAST_SECONDS = 10.0, 1.0  # that a speed is measured for
_ENOUGH = 3.0  # times what is taken
_MOST_GROWTH = 100.0  # MB
_LIGHT = AugmentationConfig(
    flip="horizontal", rotation=ROTATION, zoom=ZOOM, brightness=BRIGHTNESS, contrast=CONTRAST
)


def run(options: Options) -> list[Figure]:
    count = _QUICK_PICTURES if options.quick else _PICTURES
    seconds = _QUICK_LEAST_SECONDS if options.quick else _LEAST_SECONDS
    backbone = get_backbone(DEFAULT_BACKBONE)
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["DARKROOM_HOME"] = temporary
        log(f"writing {count} decoded pictures")
        dataset = write_decoded(synthetic_project("random", count, _CLASSES), backbone.input_size)
        growth, read_all = _read_everything(dataset, backbone.input_size)
        with PictureStore(dataset, backbone.input_size) as store:
            batches = _Batches(store, len(dataset.pictures))
            changing = _speed(lambda: augment(batches.next(), _LIGHT, 1), seconds)
            some = batches.next()
        features = _speed(_feature_work(feature_engine(backbone), some), seconds)
        training = _speed(_training_work(some), seconds)
    return [
        Figure(
            name=f"reading {count:,} decoded pictures in a shuffled order",
            measured=read_all,
            unit="pictures/s",
            reference=Reference(name="features in LiteRT take", value=features),
            target=Target(of="ratio", at_least=_ENOUGH),
        ),
        Figure(
            name="reading and changing pictures lightly",
            measured=changing,
            unit="pictures/s",
            reference=Reference(name="training the whole network takes", value=training),
            target=Target(of="ratio", at_least=_ENOUGH),
        ),
        Figure(
            name=f"growth of memory while {count:,} pictures are read",
            measured=growth,
            unit="MB",
            reference=Reference(name="these pictures", value=count * 3 * backbone.input_size**2 / 1e6),
            less_is_better=True,
            target=Target(at_most=_MOST_GROWTH),
        ),
    ]


class _Batches:
    """Endless batches of pictures by chance."""

    def __init__(self, store: PictureStore, count: int) -> None:
        self._store, self._count, self._draw = store, count, np.random.default_rng(0)

    def next(self) -> np.ndarray:
        """uint8 (_BATCH, S, S, 3)."""
        return self._store.read(self._draw.integers(0, self._count, _BATCH))


def _read_everything(dataset: Dataset, size: int) -> tuple[float, float]:
    """Megabytes by which this process grew, and pictures per second, while every picture was read once."""
    order = np.random.default_rng(0).permutation(len(dataset.pictures))
    process = psutil.Process()
    with PictureStore(dataset, size) as store:
        store.read(order[:_BATCH])
        before, most = process.memory_info().rss, 0
        began = time.perf_counter()
        for start in range(0, len(order), _BATCH):
            store.read(order[start : start + _BATCH])
            most = max(most, process.memory_info().rss)
        seconds = time.perf_counter() - began
    return (most - before) / 1e6, len(order) / seconds


def _feature_work(engine: Path, pictures: np.ndarray) -> Callable[[], Any]:
    extractor = FeatureExtractor(engine)
    return lambda: extractor.run(pictures)


def _training_work(pictures: np.ndarray) -> Callable[[], Any]:
    """One step of ``fit`` on a batch in memory, every weight of the network trained."""
    extractor = build_feature_extractor(get_backbone(DEFAULT_BACKBONE), trainable=True)
    logits = keras.layers.Dense(_CLASSES, dtype="float32")(extractor.output)
    model = keras.Model(extractor.input, logits)
    model.compile("adamw", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    labels = np.arange(len(pictures)) % _CLASSES
    return lambda: model.train_on_batch(pictures, labels)


def _speed(work: Callable[[], Any], seconds: float) -> float:
    """Pictures per second of work on batches, after one that does not count."""
    work()
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        work()
        done += _BATCH
    return done / (time.perf_counter() - began)
