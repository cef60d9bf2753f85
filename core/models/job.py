"""Backbone jobs: downloading weights, measuring speed."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, Backbone, get_backbone
from core.models.litert.engine import FeatureExtractor
from core.models.speeds import remember_speed
from core.models.weights.store import is_pretrained_here, obtain_weights, weights_ready
from core.progress import Progress, Stage, raise_if_stopped
from core.records import JsonObject

_MEASURE_SECONDS = 4.0


def download(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Download the weights of ``config["backbone"]``."""
    backbone = get_backbone(config["backbone"])
    progress.stage(Stage.DOWNLOADING)
    paths = [obtain_weights(part, progress.advance, progress.should_stop) for part in backbone.parts]
    return {"backbone": backbone.key, "size_bytes": sum(path.stat().st_size for path in paths)}


def measure(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Measure pictures per second on this machine, of ``config["backbones"]`` or of all that are ready.

    A backbone whose weights are not here is measured with random ones: the speed is the same.
    """
    progress.stage(Stage.MEASURING)
    speeds = {}
    backbones = [get_backbone(key) for key in config.get("backbones") or _ready_backbones()]
    for done, backbone in enumerate(backbones):
        progress.advance(done, len(backbones))
        raise_if_stopped(progress)
        speeds[backbone.key] = _pictures_per_second(backbone, directory, progress)
        # A committee's follows from those of its members.
        if not backbone.members:
            remember_speed(backbone.key, speeds[backbone.key])
    progress.advance(len(backbones), len(backbones))
    return {"pictures_per_second": speeds}


def _ready_backbones() -> list[str]:
    """The default and every other backbone whose weights are ready."""
    return [key for key, backbone in BACKBONES.items() if key == DEFAULT_BACKBONE or weights_ready(backbone)]


def _pictures_per_second(backbone: Backbone, directory: Path, progress: Progress) -> float:
    from core.models.architectures.classifier import build_feature_extractor
    from core.models.litert.conversion import convert_to_tflite, feature_engine

    if is_pretrained_here(backbone):
        return _timed(feature_engine(backbone), progress)
    path = directory / f"{backbone.key}.tflite"
    path.write_bytes(convert_to_tflite(build_feature_extractor(backbone, pretrained=False)))
    try:
        return _timed(path, progress)
    finally:
        path.unlink()


def _timed(engine: Path, progress: Progress) -> float:
    extractor = FeatureExtractor(engine)
    size = extractor.input_size
    pictures = np.random.default_rng(0).integers(0, 256, (32, size, size, 3), dtype=np.uint8)
    extractor.run(pictures[:2])  # the first call plans its memory
    began, count = time.monotonic(), 0
    while time.monotonic() - began < _MEASURE_SECONDS:
        raise_if_stopped(progress)
        batch = pictures if count else pictures[:8]  # a slow network shows itself on a few
        count += len(extractor.run(batch, should_stop=progress.should_stop))
    return count / (time.monotonic() - began)
