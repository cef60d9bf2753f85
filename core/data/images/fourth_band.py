"""Fourth band of a TIFF: transparency, or a measurement such as infrared that programs store as transparency.

Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

# A mask is opaque or transparent almost everywhere, or has few levels in between.
_MAX_MASKED_SHARE = 0.5
_MIN_LEVELS = 64


def without_measurement(image: Image.Image, format: str | None) -> Image.Image:
    """Leave out the fourth band of a decoded picture if it is no transparency."""
    return image.convert("RGB") if _has_measurement(image, format) else image


def _has_measurement(image: Image.Image, format: str | None) -> bool:
    if format != "TIFF" or image.mode != "RGBA":
        return False
    counts = np.array(image.getchannel("A").histogram())
    is_mask = counts[0] + counts[255] > _MAX_MASKED_SHARE * counts.sum()
    return not is_mask and np.count_nonzero(counts) >= _MIN_LEVELS
