"""Sampling of transform parameters: the same seed means the same changes on every engine."""

from __future__ import annotations

from core.models.augmentation import table
from core.models.augmentation.config import AugmentationConfig
from core.models.augmentation.samplers import some, stream
from core.models.augmentation.transform_params import TransformParams


def sample_transforms(config: AugmentationConfig, count: int, seed: int) -> TransformParams:
    """Sample the parameters of ``count`` pictures."""
    params = TransformParams.neutral(count)
    # The names of the streams stay as they are: they decide which numbers a seed gives.
    if config.flip in ("horizontal", "both"):
        params.flip_horizontal = some(stream(seed, "mirrored"), 0.5, count)
    if config.flip in ("vertical", "both"):
        params.flip_vertical = some(stream(seed, "upside_down"), 0.5, count)
    for augmentation in table.AUGMENTATIONS:
        strength = config[augmentation.name]
        if strength and augmentation.sample is not None:
            augmentation.sample(params, strength, stream(seed, augmentation.name))
    return params
