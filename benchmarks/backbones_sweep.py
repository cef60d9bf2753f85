"""Every backbone: built, converted, and the converted engine's features against Keras's own.

Random weights, with BatchNorm's statistics set to those of noise: with Keras's
first statistics the signal dies in deep networks, and comparing two zeros proves
nothing. Not one of the benchmarks that run by default: it takes about half an hour.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np
import tensorflow as tf

from benchmarks.figures import Figure, Target
from benchmarks.options import Options
from core.models.architectures.classifier import build_feature_extractor
from core.models.architectures.networks import BACKBONE_LAYER
from core.models.backbones import BACKBONES, Backbone
from core.models.head import GRID_CELLS
from core.models.litert.conversion import convert_to_tflite
from core.models.litert.engine import Engine

QUICK = ("efficientnet_lite0", "mobilenet_v3_small", "small_cnn", "vit")
_PICTURES = 2
# Of the largest feature. Hundreds of random layers amplify rounding; a lost or
# misplaced weight is off by as much as the signal itself.
_MOST_DIFFERENCE = 1e-3
_LEAST_SIGNAL = 1e-3  # how much the two pictures' features must differ, of the largest feature


def run(options: Options) -> list[Figure]:
    tf.get_logger().setLevel("ERROR")
    keys = QUICK if options.quick else tuple(BACKBONES)
    return [_figure(BACKBONES[key]) for key in keys]


def _figure(backbone: Backbone) -> Figure:
    """Raises RuntimeError: a fact of the registry is wrong, or the network is blind."""
    print(f"  {backbone.name} …", file=sys.stderr, flush=True)
    seconds: dict[str, float] = {}
    with _timed(seconds, "build"):
        extractor = build_feature_extractor(backbone, pretrained=False)
    _require_facts(backbone, extractor)
    size = backbone.input_size
    pictures = np.random.default_rng(7).integers(0, 256, (_PICTURES, size, size, 3), np.uint8)
    enliven(extractor, pictures)
    expected = np.asarray(extractor(pictures))
    with _timed(seconds, "convert"):
        content = convert_to_tflite(extractor)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "engine.tflite"
        path.write_bytes(content)
        engine = Engine(path)
        answers = engine.run(pictures)
        with _timed(seconds, "run"):
            engine.run(pictures)
    largest = float(np.abs(expected).max())
    if np.abs(expected[0] - expected[1]).max() < _LEAST_SIGNAL * largest:
        raise RuntimeError(f"{backbone.name} does not see its input, so that nothing is compared")
    del extractor, engine
    keras.backend.clear_session()
    gc.collect()
    return Figure(
        name=f"engine against Keras, {backbone.name}",
        measured=float(np.abs(answers - expected).max()) / largest,
        unit="of the largest feature",
        less_is_better=True,
        target=Target(at_most=_MOST_DIFFERENCE),
        details={"engine_bytes": len(content), "seconds": seconds},
    )


def enliven(extractor: keras.Model, pictures: np.ndarray) -> None:
    """Set BatchNorm's statistics to those of the pictures, uint8 (B, S, S, 3)."""
    network = extractor.get_layer(BACKBONE_LAYER)
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    extractor.trainable = True
    for norm in norms:
        norm.momentum = 0.0
    extractor(pictures, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    extractor.trainable = False


def _require_facts(backbone: Backbone, extractor: keras.Model) -> None:
    found = (extractor.count_params(), extractor.output_shape[1])
    if found != (backbone.parameters, GRID_CELLS * backbone.feature_size):
        raise RuntimeError(f"{backbone.name} has {found} parameters and features")
    for layer in extractor.get_layer(BACKBONE_LAYER).layers:
        if layer.name.startswith("_") or "." in layer.name:
            raise RuntimeError(f"LiteRT would refuse the layer {layer.name} of {backbone.name}")


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - began, 2)
