"""Turns Keras networks into LiteRT files, and keeps those of frozen backbones.

TensorFlow is imported where something is converted: a job that finds its engine
in the cache starts without waiting for that import.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.files import digest_of, whole_file
from core.models.backbones import Backbone, WeightsSource
from core.models.weights import ignore, never, obtain_weights
from core.workspace import backbones_folder

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from core.models.classifier import MapPooling

ENGINE_VERSION = 1  # raise it when the same backbone would be converted differently
_WORDS_ONLY = {  # facts that change no number
    "name",
    "family",
    "source",
    "licence",
    "good_for",
    "imagenet_top1",
    "weights_url",
}


def convert_to_tflite(model: keras.Model) -> bytes:
    """The network as a LiteRT file: float32, built-in operations only, any batch size.

    Freezes ``model`` for good: with trainable BatchNorm the converter would trace
    the training behaviour, and the file would be silently wrong.
    """
    import tensorflow as tf

    model.trainable = False

    def call(picture: tf.Tensor) -> tf.Tensor:
        return model(picture, training=False)

    specification = tf.TensorSpec(model.input_shape, model.input.dtype, name=model.input.name)
    with _quiet():
        function = tf.function(call, input_signature=[specification]).get_concrete_function()
        # Without its second argument the converter freezes the variables itself:
        # 1.3 s for Lite0. With it they would be lost; the way through a SavedModel takes 9 s.
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return bytes(converter.convert())


def feature_engine(
    backbone: Backbone,
    report: Callable[[int, int], None] = ignore,
    should_stop: Callable[[], bool] = never,
    *,
    pretrained: bool = True,
    pooling: MapPooling = "quarters",
) -> Path:
    """The backbone's feature extractor as a LiteRT file, converted once and kept.

    Args:
        report: is told the bytes done and in all where weights must be downloaded.
        pretrained: False gives random features, for tests of speed and plumbing.
    Raises:
        WeightsError: the weights cannot be had.
        ValueError: the backbone is trained from scratch, so it has no fixed features.
    """
    if pretrained and backbone.weights is WeightsSource.NONE:
        raise ValueError(f"{backbone.key} has no pretrained weights, so its features are not worth keeping")
    path = _engine_path(backbone, pretrained, pooling)
    if path.is_file():
        return path
    if pretrained:
        obtain_weights(backbone, report, should_stop)

    def build() -> keras.Model:
        from core.models.classifier import build_feature_extractor

        return build_feature_extractor(backbone, pretrained=pretrained, pooling=pooling)

    return _converted(path, build)


def trunk_engine(backbone: Backbone, cut: str, build: Callable[[], keras.Model]) -> Path:
    """A pretrained backbone's frozen trunk as a LiteRT file, converted once and kept.

    Args:
        cut: names where the trunk ends.
        build: makes the trunk: pictures uint8 (B, S, S, 3) in, float32 (B, h, w, c) out.
    """
    path = _engine_path(backbone, True)
    return _converted(path.with_name(f"{path.stem}-{cut}.tflite"), build)


def cached_engine(backbone: Backbone, pooling: MapPooling = "quarters") -> Path | None:
    """The backbone's engine if it was converted before, else None."""
    path = _engine_path(backbone, True, pooling)
    return path if path.is_file() else None


def _converted(path: Path, build: Callable[[], keras.Model]) -> Path:
    if not path.is_file():
        content = convert_to_tflite(build())
        with whole_file(path) as temporary:
            temporary.write_bytes(content)
    return path


def _engine_path(backbone: Backbone, pretrained: bool, pooling: MapPooling = "quarters") -> Path:
    suffix = "" if pooling == "quarters" else f"-{pooling}"
    return (
        backbones_folder()
        / "engines"
        / f"{backbone.key}-{_engine_digest(backbone, pretrained)}{suffix}.tflite"
    )


def _engine_digest(backbone: Backbone, pretrained: bool) -> str:
    """A name for the numbers that the backbone computes; features are cached under it, too."""
    facts = {key: value for key, value in dataclasses.asdict(backbone).items() if key not in _WORDS_ONLY}
    return digest_of({"version": ENGINE_VERSION, "pretrained": pretrained, **facts})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the converter's advice to programmers out of the worker's log."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
