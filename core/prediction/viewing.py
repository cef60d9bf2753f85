"""Small views of pictures that are in no dataset, for pages."""

from __future__ import annotations

import io

from PIL import Image

from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.images.picture import PictureError, decode_picture, open_picture
from core.data.skip_reasons import unreadable_image

THUMBNAIL_SIDE = 220  # pixels
LARGE_SIDE = 1200
_QUALITY = 88


def view(
    data: bytes, side: int, pixel_range: PixelRange | None = None, channels: ChannelMapping | None = None
) -> bytes:
    """Draw picture bytes upright, at most ``side`` pixels a side: a JPEG without metadata.

    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        image = decode_picture(open_picture(data, channels), side, pixel_range)
    except PictureError as error:
        raise unreadable_image(error.code, error.values) from error
    image.thumbnail((side, side), Image.Resampling.BILINEAR)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()
