"""Fourth band of a TIFF in colour that is no transparency, such as infrared.

Some programs state it as transparency all the same. Travels in exports beside ``picture.py``: imports
nothing of Darkroom.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

# Key of ``Image.info``: True for a picture whose fourth band is left out.
LEFT_OUT = "fourth_band"
# A mask is opaque or transparent almost everywhere, or has few levels in between.
_MAX_MASKED_SHARE = 0.5
_MIN_LEVELS = 64
_SAMPLES, _EXTRA = 277, 338
_TRANSPARENCIES = {(1,), (2,)}


def without_measurement(decoded: Image.Image, opened: Image.Image) -> Image.Image:
    """Leave out the fourth band of a decoded picture if it is no transparency; mark the opened one."""
    if opened.format != "TIFF":
        return decoded
    if decoded.mode == "RGBA" and is_measurement(decoded.getchannel("A")):
        opened.info[LEFT_OUT] = True
        return decoded.convert("RGB")
    tags = getattr(opened, "tag_v2", {})
    is_plain = decoded.mode == "RGB" and tags.get(_EXTRA) not in _TRANSPARENCIES
    opened.info[LEFT_OUT] = is_plain and tags.get(_SAMPLES) == 4
    return decoded


def is_measurement(band: Image.Image) -> bool:
    """True for levels that vary as those of a picture do."""
    counts = np.array(band.histogram())
    is_mask = counts[0] + counts[255] > _MAX_MASKED_SHARE * counts.sum()
    return bool(not is_mask and np.count_nonzero(counts) >= _MIN_LEVELS)
