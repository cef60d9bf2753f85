"""Preparation of a training before it is asked for, in a warm worker."""

from __future__ import annotations

import os

from core.models.backbones import WeightsSource
from core.models.litert.conversion import cached_engine, feature_engine
from core.records import JsonObject
from core.training.artifacts import map_pooling
from core.training.config import TrainingConfig


def prepare(config: JsonObject) -> None:
    """Convert the backbone of a training that was never converted on this machine.

    Only one whose weights come with Darkroom: those are small, and convert in seconds. Not where a
    GPU is visible, because TensorFlow would take hold of it.
    """
    settings = TrainingConfig.from_json(config)
    backbone, pooling = settings.sized_backbone, map_pooling(settings)
    is_small = all(part.weights is WeightsSource.BUNDLED for part in backbone.parts)
    has_no_gpu = os.environ.get("CUDA_VISIBLE_DEVICES") == "-1"
    if is_small and has_no_gpu and cached_engine(backbone, pooling) is None:
        feature_engine(backbone, pooling=pooling)
