"""Pictures read for Darkroom itself: errors in its own tree, facts and thumbnails."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image

from core.data import picture
from core.errors import UnreadableImageError
from core.messages import N_

THUMBNAIL_SIDE = 160  # pixels
_ON_ITS_SIDE = {5, 6, 7, 8}  # EXIF orientations that swap width and height
_EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif"}
PICTURE_REASONS = (
    N_("it has more pixels than can be handled safely"),
    N_("it is not a picture, or of a kind that cannot be read"),
    N_("it has {width} × {height} pixels, more than the {limit} million that can be handled safely"),
    N_("it is damaged or cut off"),
)  # the sentences of core/data/picture.py, which cannot mark its own


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """What one decoding tells about a picture. Sizes are upright, in pixels."""

    width: int
    height: int
    format: str  # Pillow's name: "JPEG", "PNG", …
    extension: str
    thumbnail: bytes  # JPEG


def load_picture(data: bytes, size: int) -> np.ndarray:
    """``core.data.picture.load_picture`` with Darkroom's error.

    Returns:
        uint8 RGB, shape (size, size, 3).
    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        return picture.load_picture(data, size)
    except picture.PictureError as error:
        raise UnreadableImageError(error.template, **error.values) from error


def examine_picture(data: bytes) -> PictureFacts:
    """Decode a picture once: prove that it is one, and make its thumbnail.

    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        image = picture.open_picture(data)
        kind, (width, height) = image.format or "", image.size
        decoded = picture.decode_picture(image, at_least=THUMBNAIL_SIDE)
    except picture.PictureError as error:
        raise UnreadableImageError(error.template, **error.values) from error
    turned = image.getexif().get(ExifTags.Base.Orientation) in _ON_ITS_SIDE
    return PictureFacts(
        width=height if turned else width,
        height=width if turned else height,
        format=kind,
        extension=_EXTENSIONS.get(kind, kind.lower()),
        thumbnail=make_thumbnail(decoded),
    )


def make_thumbnail(image: Image.Image) -> bytes:
    """A small JPEG of an RGB picture, its longer side at most 160 pixels."""
    small = image.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=82)
    return stream.getvalue()
