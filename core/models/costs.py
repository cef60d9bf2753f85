"""Computational cost of backbones, and the speed estimated from it before any measurement.

On two cores with AVX2, LiteRT does 44 to 84 billion multiply-adds a second, for
depthwise networks fewer than for dense ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from core.models.backbones import BACKBONES, Backbone, find_backbone

_BILLIONS_PER_SECOND = 60.0  # on a machine without any measurement


def pictures_per_second(backbone: Backbone, speeds: Mapping[str, float]) -> float:
    """Estimate the backbone's pictures per second on this machine's processor, at its own picture size.

    Args:
        speeds: measured pictures per second, by backbone key; a backbone without a
            measurement is estimated from those of others.
    """
    if backbone.key in speeds:
        return speeds[backbone.key]
    if backbone.members:
        return 1 / sum(
            times_the_work(member) / pictures_per_second(member, speeds) for member in backbone.members
        )
    rates = [
        speed * BACKBONES[key].billion_multiply_adds
        for key, speed in speeds.items()
        if key in BACKBONES and BACKBONES[key].imagenet_top1 is not None
    ]
    return (median(rates) if rates else _BILLIONS_PER_SECOND) / backbone.billion_multiply_adds


def times_the_work(backbone: Backbone) -> float:
    """Cost of a picture of ``input_size``, relative to one of the backbone's own size."""
    return (backbone.input_size / own_size(backbone)) ** 2


def own_size(backbone: Backbone) -> int:
    """Side in pixels of the pictures that a backbone takes where no other size was chosen."""
    return (find_backbone(backbone.key) or backbone).input_size
