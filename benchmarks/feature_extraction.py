"""Frozen features: the converted engine against Keras ``predict``, and against the machine's limit.

Both compute the same network on the same pictures in the same process, turn by
turn, so that whatever else the machine does slows both; the fastest turn counts.
The limit, the float32 matrix product, is measured between the networks.
Random pixels and, where ImageNet's are not here, random weights: neither changes
how much there is to compute.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # both on the processor

import keras
import numpy as np
import tensorflow as tf

from benchmarks.figures import Figure, Reference, Target
from benchmarks.machine import matrix_product_rate
from benchmarks.operations import count_operations
from benchmarks.options import Options
from core.models.architectures.classifier import build_feature_extractor
from core.models.backbones import Backbone, get_backbone
from core.models.litert.conversion import convert_to_tflite
from core.models.litert.engine import FeatureExtractor
from core.models.weights.store import weights_ready

KERAS_BATCH = 32
_ROUNDS = 4
_MOST_RELATIVE_DIFFERENCE = 1e-3  # of the largest feature: more is another computation


@dataclass(frozen=True, kw_only=True)
class Case:
    """A backbone, how many pictures a turn takes, and the speed-up it should reach."""

    backbone: str
    pictures: int
    speed_up: float  # over Keras predict


CASES = (
    Case(backbone="efficientnet_lite0", pictures=128, speed_up=4.0),
    Case(backbone="efficientnet_b0", pictures=128, speed_up=3.0),
    Case(backbone="inception_v3", pictures=32, speed_up=1.8),
    Case(backbone="vgg16", pictures=32, speed_up=1.5),
    Case(backbone="resnet50", pictures=32, speed_up=1.2),
)


@dataclass(frozen=True, kw_only=True)
class Speeds:
    """Pictures per second of the fastest turn, and the arithmetic of one picture."""

    engine: float
    keras: float
    operations: int


def run(options: Options) -> list[Figure]:
    tf.get_logger().setLevel("ERROR")  # predict is traced once for each network, as it must be
    rounds = 1 if options.quick else _ROUNDS
    limits, measured = [matrix_product_rate(rounds)], []
    for case in CASES:
        backbone = get_backbone(case.backbone)
        print(f"  {backbone.name} …", file=sys.stderr, flush=True)
        measured.append((backbone, case, measure(backbone, 8 if options.quick else case.pictures, rounds)))
        keras.backend.clear_session()
        limits.append(matrix_product_rate(rounds))
    limit, library = max(limits)
    return [
        figure
        for backbone, case, speeds in measured
        for figure in _figures(backbone, case, speeds, limit, library)
    ]


def measure(backbone: Backbone, pictures: int, rounds: int) -> Speeds:
    """Both engines in turn, after one turn each that does not count.

    Raises:
        RuntimeError: their features differ, so the speeds cannot be compared.
    """
    extractor = build_feature_extractor(backbone, pretrained=weights_ready(backbone))
    size = backbone.input_size
    pixels = np.random.default_rng(0).integers(0, 256, (pictures, size, size, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "engine.tflite"
        path.write_bytes(convert_to_tflite(extractor))
        engine = FeatureExtractor(path)

        def run_engine() -> np.ndarray:
            return engine.run(pixels)

        def run_keras() -> np.ndarray:
            return extractor.predict(pixels, batch_size=KERAS_BATCH, verbose=0)

        _require_same(run_engine(), run_keras())
        turns = [(_seconds(run_engine), _seconds(run_keras)) for _ in range(rounds)]
    engine_seconds, keras_seconds = (min(column) for column in zip(*turns, strict=True))
    return Speeds(
        engine=pictures / engine_seconds,
        keras=pictures / keras_seconds,
        operations=count_operations(extractor),
    )


def _figures(backbone: Backbone, case: Case, speeds: Speeds, limit: float, library: str) -> list[Figure]:
    return [
        Figure(
            name=f"features, {backbone.name}",
            measured=speeds.engine,
            unit="pictures/s",
            reference=Reference(name=f"Keras predict, batches of {KERAS_BATCH}", value=speeds.keras),
            target=Target(of="ratio", at_least=case.speed_up),
            details={"pretrained": weights_ready(backbone)},
        ),
        Figure(
            name=f"arithmetic, {backbone.name}",
            measured=speeds.engine * speeds.operations / 1e9,
            unit="GFLOP/s",
            reference=Reference(name=f"float32 matrix product ({library})", value=limit),
            details={"flop_per_picture": speeds.operations},
        ),
    ]


def _require_same(features: np.ndarray, expected: np.ndarray) -> None:
    difference = float(np.abs(features - expected).max() / max(np.abs(expected).max(), 1e-30))
    if not difference <= _MOST_RELATIVE_DIFFERENCE:
        raise RuntimeError(f"the engine's features differ from Keras's by {difference:.1e} of the largest")


def _seconds(compute: Callable[[], Any]) -> float:
    began = time.perf_counter()
    compute()
    return time.perf_counter() - began
