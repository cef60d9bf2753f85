"""Conversion of Keras networks to LiteRT, with a cache for frozen backbones.

TensorFlow is imported only to convert: a job whose engine is in the cache starts without
waiting for that import. With Keras on another backend, a process of its own converts
(``core.models.litert.convert``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from core.files import digest_of, whole_file
from core.models.backbones import Backbone, WeightsSource
from core.models.committee import JOINT
from core.models.head import MapPooling
from core.models.weights.store import obtain_weights
from core.processes import run_module
from core.progress import ignore_counts, never_stop
from core.workspace import backbones_folder

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

ENGINE_VERSION = 1  # increase it when the same backbone would be converted differently
# A conversion computes nothing, so it leaves the GPU to training.
_WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
_DESCRIPTIVE_FACTS = {  # facts that change no number
    "name",
    "family",
    "source",
    "licence",
    "commercial_use",
    "good_for",
    "imagenet_top1",
    "billion_multiply_adds",
    "weights_url",
    "smallest_size",
    "size_step",
    "mixes_positions",
    "parent",
    "members",  # a committee's engine is named by those of its members
}
_MAX_SUFFIX = "-max"  # of engines with maximum pooling


def convert_to_tflite(model: keras.Model) -> bytes:
    """Convert the network to a LiteRT file: float32, built-in operations only, any batch size.

    ``model`` stays frozen afterwards: with trainable BatchNorm the converter would trace
    the training behaviour, and the file would be silently wrong.

    Raises:
        RuntimeError: the conversion process for another backend failed.
    """
    import keras

    model.trainable = False
    return _convert_here(model) if keras.backend.backend() == "tensorflow" else _convert_elsewhere(model)


def _convert_here(model: keras.Model) -> bytes:
    import tensorflow as tf

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


def _convert_elsewhere(model: keras.Model) -> bytes:
    """Convert in a process in which Keras runs on TensorFlow; the way there and back takes some 15 s."""
    with TemporaryDirectory(prefix="darkroom-") as folder:
        network, engine = Path(folder, "network.keras"), Path(folder, "engine.tflite")
        model.save(network)
        run_module(
            "core.models.litert.convert",
            (network, engine),
            failure=f"{model.name} could not be converted for LiteRT",
            environment={"KERAS_BACKEND": "tensorflow", **_WITHOUT_GPU},
        )
        return engine.read_bytes()


def feature_engine(
    backbone: Backbone,
    report: Callable[[int, int], None] = ignore_counts,
    should_stop: Callable[[], bool] = never_stop,
    *,
    pretrained: bool = True,
    pooling: MapPooling = "grid",
) -> Path:
    """Convert the backbone's feature extractor to a LiteRT file, once.

    For a committee, also those of its members, whose features are cached each by itself.

    Args:
        report: takes the bytes done and the bytes in all while weights are downloaded.
        pretrained: False gives random features, for tests.
    Raises:
        WeightsError: the weights are not available.
        ValueError: the backbone is trained from scratch, so it has no fixed features.
    """
    if pretrained and backbone.weights is WeightsSource.NONE:
        raise ValueError(f"{backbone.key} has no pretrained weights, so it has no fixed features")
    path = _engine_path(backbone, pretrained, pooling)
    for member in backbone.members:
        feature_engine(member, report, should_stop, pretrained=pretrained, pooling=pooling)
    if path.is_file():
        return path
    if pretrained and not backbone.members:
        obtain_weights(backbone, report, should_stop)

    def build() -> keras.Model:
        from core.models.architectures.classifier import build_feature_extractor

        return build_feature_extractor(backbone, pretrained=pretrained, pooling=pooling)

    return _converted(path, build)


def stem_engine(backbone: Backbone, cut: str, build: Callable[[], keras.Model]) -> Path:
    """Convert a pretrained backbone's frozen stem to a LiteRT file, once.

    Args:
        cut: name of the layer at which the stem ends.
        build: makes the stem: pictures uint8 (B, S, S, 3) in, float32 (B, h, w, c) out.
    """
    path = _engine_path(backbone, True)
    return _converted(path.with_name(f"{path.stem}-{cut}.tflite"), build)


def cached_engine(backbone: Backbone, pooling: MapPooling = "grid") -> Path | None:
    """Return the backbone's engine if it was converted before, else None; a committee's with those of its members."""
    path = _engine_path(backbone, True, pooling)
    return path if all(file.is_file() for file in {path, *member_engines(path)}) else None


def member_engines(engine: Path) -> tuple[Path, ...]:
    """Engines whose features, joined in this order, are those of an engine: a committee's members, or itself."""
    if engine.parent != _engines_folder():  # a run's own network
        return (engine,)
    return tuple(engine.with_name(f"{name}{engine.suffix}") for name in engine.stem.split(JOINT))


def pooling_of(engine: Path) -> MapPooling:
    """Pooling of the feature map inside an engine."""
    return "max" if engine.stem.endswith(_MAX_SUFFIX) else "grid"


def _converted(path: Path, build: Callable[[], keras.Model]) -> Path:
    if not path.is_file():
        content = convert_to_tflite(build())
        with whole_file(path) as temporary:
            temporary.write_bytes(content)
    return path


def _engine_path(backbone: Backbone, pretrained: bool, pooling: MapPooling = "grid") -> Path:
    suffix = "" if pooling == "grid" else _MAX_SUFFIX
    names = [f"{part.key}-{_engine_digest(part, pretrained)}{suffix}" for part in backbone.parts]
    return _engines_folder() / f"{JOINT.join(names)}.tflite"


def _engines_folder() -> Path:
    return backbones_folder() / "engines"


def _engine_digest(backbone: Backbone, pretrained: bool) -> str:
    """Name of the backbone's features, also in their cache."""
    facts = {
        key: value for key, value in dataclasses.asdict(backbone).items() if key not in _DESCRIPTIVE_FACTS
    }
    return digest_of({"version": ENGINE_VERSION, "pretrained": pretrained, **facts})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the converter's warnings, which are advice to programmers."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
