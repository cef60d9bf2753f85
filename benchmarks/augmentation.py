"""Changing pictures: Darkroom's one resampling with Pillow against Keras's own layers, one after the other.

Both make the same kinds of changes, as strong, to the same batch, turn by turn; the
fastest turn counts. Keras's layers are built once and run eagerly.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # both on the processor

import keras
import numpy as np

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from core.models.augmentation import LIMITS, MIXING, AugmentationConfig, augment, mix
from core.models.augmentation.presets import PRESETS

_BATCH, _SIDE, _ROUNDS = 32, 224, 12
_LEAST_RATE = 300.0  # pictures/s: more than a processor trains on
_COMPARED = ("light", "strong")


def run(options: Options) -> list[Figure]:
    side, rounds = (64, 1) if options.quick else (_SIDE, _ROUNDS)
    pictures = np.random.default_rng(0).integers(0, 256, (_BATCH, side, side, 3), np.uint8)
    figures = [_preset(name, pictures, rounds) for name in PRESETS if PRESETS[name].config.is_active]
    figures += [_single(name, pictures, rounds) for name in LIMITS if name not in MIXING]
    return [*figures, _mixing(pictures, rounds)]


def _preset(name: str, pictures: np.ndarray, rounds: int) -> Figure:
    config = PRESETS[name].config
    reference = None
    ours: Callable[[int], Any] = lambda seed: augment(pictures, config, seed)  # noqa: E731 - one line says it
    if name in _COMPARED:
        layers = _keras_layers(config)
        turns = [
            (_seconds(ours, seed), _seconds(lambda _: _in_keras(pictures, layers), seed))
            for seed in range(rounds + 1)
        ]
        fastest, keras_fastest = (min(column) for column in zip(*turns[1:], strict=True))
        reference = Reference(name="Keras layers", value=_BATCH / keras_fastest)
    else:
        fastest = _fastest(ours, rounds)
    target = Target(at_least=_LEAST_RATE) if name == "light" else None
    return Figure(
        name=f"changes, preset {name}",
        measured=_BATCH / fastest,
        unit="pictures/s",
        reference=reference,
        target=target,
        details={"side": pictures.shape[1], "batch": _BATCH},
    )


def _single(name: str, pictures: np.ndarray, rounds: int) -> Figure:
    config = AugmentationConfig.from_json({name: LIMITS[name]})
    fastest = _fastest(lambda seed: augment(pictures, config, seed), rounds)
    return Figure(name=f"{name} alone, at its strongest", measured=_BATCH / fastest, unit="pictures/s")


def _mixing(pictures: np.ndarray, rounds: int) -> Figure:
    config = AugmentationConfig(mixup=0.2, cutmix=1.0)
    targets = np.eye(len(pictures), dtype=np.float32)
    fastest = _fastest(lambda seed: mix(pictures, targets, config, seed), rounds)
    return Figure(name="MixUp and CutMix", measured=_BATCH / fastest, unit="pictures/s")


def _keras_layers(config: AugmentationConfig) -> list[keras.Layer]:
    """Build the presets *light* and *strong* from Keras layers."""
    fill = {"fill_mode": "reflect", "interpolation": "bilinear"}
    return [
        keras.layers.RandomRotation(config.rotation, seed=1, **fill),
        keras.layers.RandomZoom(config.zoom, seed=2, **fill),
        keras.layers.RandomTranslation(config.shift, config.shift, seed=3, **fill),
        keras.layers.RandomBrightness(config.brightness, value_range=(0, 255), seed=4),
        keras.layers.RandomContrast((config.contrast, config.contrast), value_range=(0, 255), seed=5),
    ]


def _in_keras(pictures: np.ndarray, layers: list[keras.Layer]) -> np.ndarray:
    x = keras.ops.convert_to_tensor(pictures.astype(np.float32))
    for layer in layers:
        x = layer(x, training=True)
    changed: np.ndarray = np.rint(np.clip(keras.ops.convert_to_numpy(x), 0, 255)).astype(np.uint8)
    return changed


def _fastest(work: Callable[[int], Any], rounds: int) -> float:
    """Of so many turns, after one that does not count."""
    return min([_seconds(work, seed) for seed in range(rounds + 1)][1:])


def _seconds(work: Callable[[int], Any], seed: int) -> float:
    began = time.perf_counter()
    work(seed)
    return time.perf_counter() - began
