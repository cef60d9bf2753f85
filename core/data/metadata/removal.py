"""Removal of metadata from a picture of any format."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

from PIL import Image

from core.data.images import picture
from core.data.metadata.boxes import strip_iso, strip_jpeg2000, strip_jpeg_xl
from core.data.metadata.chunks import strip_gif, strip_jpeg, strip_photoshop, strip_png, strip_webp
from core.data.metadata.tags import strip_tiff
from core.data.skip_reasons import SkipReason, unreadable_image

_BEST_QUALITY: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "MPO": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95},
    "HEIF": {"quality": 95},
    "TIFF": {"compression": "tiff_adobe_deflate"},
    "JXL": {"lossless": True},
}

_STRIPPERS: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": strip_jpeg,
    "MPO": strip_jpeg,
    "PNG": strip_png,
    "WEBP": strip_webp,
    "GIF": strip_gif,
    "TIFF": strip_tiff,
    "HEIF": strip_iso,
    "AVIF": strip_iso,
    "JPEG2000": strip_jpeg2000,
    "JXL": strip_jpeg_xl,
    "PSD": strip_photoshop,
}


def strip_metadata(data: bytes, format: str, pixel_range: tuple[float, float] | None = None) -> bytes:
    """Remove the metadata of a picture; its pixels do not change.

    A file that can be decoded but violates its format is encoded again, at the highest quality.

    Args:
        format: Pillow's name of the picture's format.
        pixel_range: values of deep pictures that become black and white where a file is encoded again.
    Raises:
        UnreadableImageError: the bytes are not a picture that can be read, or encoded again.
    """
    strip = _STRIPPERS.get(format)
    if strip is None:
        return data
    try:
        return strip(data)
    except (struct.error, IndexError, ValueError):
        return _encoded_again(data, format, pixel_range)


def _encoded_again(data: bytes, format: str, pixel_range: tuple[float, float] | None) -> bytes:
    stream = io.BytesIO()
    try:
        image = picture.decode_picture(picture.open_picture(data), pixel_range=pixel_range)
        pixels = Image.frombytes("RGB", image.size, image.tobytes())
        pixels.save(stream, format, **_BEST_QUALITY.get(format, {}))
    except picture.PictureError as error:
        raise unreadable_image(error.code, error.values) from error
    except picture.DECODER_ERRORS as error:
        raise unreadable_image(SkipReason.DAMAGED) from error
    return stream.getvalue()
