"""How much each backbone computes for a picture: what its speed is guessed from before it was ever timed.

Billions of multiply-adds for one picture of the backbone's own size, as its publication
or its authors' model table gives them; of ResNets in Keras's form, as counted there.
"""

from __future__ import annotations

_BILLIONS = {
    "efficientnet_lite0": 0.407,
    "efficientnet_lite1": 0.631,
    "efficientnet_lite2": 0.899,
    "efficientnet_b0": 0.39,
    "efficientnet_b1": 0.70,
    "efficientnet_b2": 1.0,
    "efficientnet_b3": 1.8,
    "efficientnet_b4": 4.2,
    "efficientnet_b5": 9.9,
    "efficientnet_b6": 19.0,
    "efficientnet_b7": 37.0,
    "efficientnet_v2_b0": 0.72,
    "efficientnet_v2_b1": 1.2,
    "efficientnet_v2_b2": 1.7,
    "efficientnet_v2_b3": 3.0,
    "efficientnet_v2_s": 8.8,
    "efficientnet_v2_m": 24.0,
    "efficientnet_v2_l": 53.0,
    "mobilenet_v2": 0.30,
    "mobilenet_v3_small": 0.056,
    "mobilenet_v3_large": 0.219,
    "nasnet_mobile": 0.564,
    "densenet121": 2.9,
    "densenet169": 3.4,
    "densenet201": 4.3,
    "resnet50": 3.9,
    "resnet101": 7.6,
    "resnet152": 11.3,
    "resnet50_v2": 3.5,
    "resnet101_v2": 7.2,
    "resnet152_v2": 10.9,
    "inception_v3": 5.7,
    "inception_resnet_v2": 13.2,
    "xception": 8.4,
    "convnext_tiny": 4.5,
    "convnext_small": 8.7,
    "convnext_base": 15.4,
    "convnext_large": 34.4,
    "vgg16": 15.5,
    "vgg19": 19.6,
}


def multiply_adds(key: str) -> float | None:
    """Of one picture; None for a backbone whose figure is not known."""
    billions = _BILLIONS.get(key)
    return None if billions is None else 1e9 * billions
