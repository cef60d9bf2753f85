"""Computational cost of backbones, and the speed estimated from it before any measurement.

Multiply-adds are from the networks' publications, for one picture of the backbone's
input size. On two cores with AVX2, LiteRT does 44 to 84 billion of them a second, for
depthwise networks fewer than for dense ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from core.models.backbones import BACKBONES, Backbone

_BILLIONS_PER_SECOND = 60.0  # on a machine without any measurement
_BILLIONS_PER_MILLION_PARAMETERS = 0.15  # of ResNet50; used for a network that is not in the table

# Billions of multiply-adds, by the name that builds the network.
_BILLIONS = {
    "lite0": 0.41,
    "lite1": 0.63,
    "lite2": 0.90,
    "small_cnn": 0.05,
    "VGG16": 15.5,
    "VGG19": 19.6,
    "ResNet50": 3.9,
    "ResNet101": 7.6,
    "ResNet152": 11.3,
    "ResNet50V2": 3.5,
    "ResNet101V2": 7.2,
    "ResNet152V2": 10.9,
    "InceptionV3": 5.7,
    "InceptionResNetV2": 13.2,
    "Xception": 8.4,
    "MobileNet": 0.57,
    "MobileNetV2": 0.30,
    "MobileNetV3Small": 0.06,
    "MobileNetV3Large": 0.22,
    "DenseNet121": 2.9,
    "DenseNet169": 3.4,
    "DenseNet201": 4.3,
    "NASNetMobile": 0.56,
    "NASNetLarge": 23.8,
    "EfficientNetB0": 0.39,
    "EfficientNetB1": 0.70,
    "EfficientNetB2": 1.0,
    "EfficientNetB3": 1.8,
    "EfficientNetB4": 4.2,
    "EfficientNetB5": 9.9,
    "EfficientNetB6": 19.0,
    "EfficientNetB7": 37.0,
    "EfficientNetV2B0": 0.7,
    "EfficientNetV2B1": 1.2,
    "EfficientNetV2B2": 1.7,
    "EfficientNetV2B3": 3.0,
    "EfficientNetV2S": 8.8,
    "EfficientNetV2M": 24.0,
    "EfficientNetV2L": 53.0,
    "ConvNeXtTiny": 4.5,
    "ConvNeXtSmall": 8.7,
    "ConvNeXtBase": 15.4,
    "ConvNeXtLarge": 34.4,
    "ConvNeXtXLarge": 60.9,
}


def multiply_adds(backbone: Backbone) -> float:
    """Billions of multiply-adds for one picture."""
    guess = _BILLIONS_PER_MILLION_PARAMETERS * backbone.parameters / 1e6
    return _BILLIONS.get(backbone.builder, guess)


def pictures_per_second(backbone: Backbone, speeds: Mapping[str, float]) -> float:
    """Estimate the backbone's pictures per second on this machine's processor.

    Args:
        speeds: measured pictures per second, by backbone key; a backbone without a
            measurement is estimated from those of others.
    """
    if backbone.key in speeds:
        return speeds[backbone.key]
    rates = [
        speed * multiply_adds(BACKBONES[key])
        for key, speed in speeds.items()
        if key in BACKBONES and BACKBONES[key].imagenet_top1 is not None
    ]
    return (median(rates) if rates else _BILLIONS_PER_SECOND) / multiply_adds(backbone)
