"""Orientation of a picture: read it, and write it alone as EXIF."""

from __future__ import annotations

import struct

from PIL import ExifTags

from core.data.images import picture

UPRIGHT = 1
EXIF_MARK = b"Exif\x00\x00"


def orientation(data: bytes) -> int:
    """Read the orientation from EXIF or XMP, as the decoder does."""
    try:
        image = picture.open_picture(data)
        return int(image.getexif().get(ExifTags.Base.Orientation, UPRIGHT))
    except (picture.PictureError, *picture.DECODER_ERRORS):
        return UPRIGHT


def only_orientation(orientation: int) -> bytes:
    """Make an EXIF record, as a TIFF file, with the orientation alone."""
    entry = struct.pack("<HHIHH", ExifTags.Base.Orientation, 3, 1, orientation, 0)
    return struct.pack("<2sHIH", b"II", 42, 8, 1) + entry + bytes(4)
