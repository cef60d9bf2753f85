"""Reading of stored thumbnails as grey levels or YCbCr, without the time that Pillow takes to open a file."""

from __future__ import annotations

import io
import struct
from typing import Literal

from PIL import Image

# Start of a baseline JPEG's frame header with 8 bits: marker and length. Pillow writes all thumbnails so.
_FRAME = b"\xff\xc0\x00\x11\x08"
_COMPONENTS = 3
_SCALES = (8, 4, 2, 1)


def read_thumbnail(data: bytes, mode: Literal["L", "YCbCr"], at_least: int) -> Image.Image:
    """Decode a thumbnail (``dataset.thumbnail_path``) as Pillow does after ``draft``.

    Args:
        at_least: pixels of both sides; the smallest of JPEG's scales that has as many is decoded.
    """
    frame = data.find(_FRAME)
    if frame >= 0 and data[frame + 9] == _COMPONENTS:
        height, width = struct.unpack_from(">HH", data, frame + 5)
        scale = next((s for s in _SCALES if min(width, height) // at_least >= s), 1)
        size = (width + scale - 1) // scale, (height + scale - 1) // scale
        try:
            return Image.frombytes(mode, size, data, "jpeg", mode, "", scale, 0)
        # Damaged: Pillow's way of opening says so.
        except ValueError:
            pass
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        image.draft(mode, (at_least, at_least))
        return image.convert(mode)
