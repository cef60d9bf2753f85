"""Presets of the range of pictures with more than 8 bits: cameras, and windows of computed tomography.

Windows: Hounsfield units, level ± width / 2, as radiology commonly sets them.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.data.images.depth import PixelRange
from core.messages import N_


@dataclass(frozen=True, kw_only=True)
class RangePreset:
    """A named range."""

    label: str
    pixel_range: PixelRange


def _window(level: float, width: float) -> PixelRange:
    return PixelRange(level - width / 2, level + width / 2)


# By codes that are never renamed.
RANGE_PRESETS = {
    "bits_10": RangePreset(label=N_("10 bits"), pixel_range=PixelRange(0, 1023)),
    "bits_12": RangePreset(
        label=N_("12 bits: microscopes, industrial cameras, X-ray"), pixel_range=PixelRange(0, 4095)
    ),
    "bits_14": RangePreset(label=N_("14 bits"), pixel_range=PixelRange(0, 16383)),
    "bits_16": RangePreset(label=N_("16 bits: all values"), pixel_range=PixelRange(0, 65535)),
    "ct_soft_tissue": RangePreset(label=N_("CT: soft tissue"), pixel_range=_window(40, 400)),
    "ct_lung": RangePreset(label=N_("CT: lung"), pixel_range=_window(-600, 1500)),
    "ct_bone": RangePreset(label=N_("CT: bone"), pixel_range=_window(400, 1800)),
    "ct_brain": RangePreset(label=N_("CT: brain"), pixel_range=_window(40, 80)),
    "ct_liver": RangePreset(label=N_("CT: liver"), pixel_range=_window(60, 160)),
    "ct_all": RangePreset(label=N_("CT: all tissues"), pixel_range=PixelRange(-1024, 3071)),
}
