"""Frames of animations, and pages of a file: a picture is the first of them.

Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

from PIL import ImageFile

from . import tiff
from .channels import CHANNELS
from .picture import DECODER_ERRORS, open_picture

# Not MPO: phones store the depth behind a photograph.
_FORMATS_WITH_FRAMES = {"GIF", "TIFF", "PNG", "WEBP", "AVIF", "HEIF"}
# Pillow counts their frames by reading them, which changes the image.
_FRAMES_NEED_SEEKING = {"GIF", "TIFF"}
_JPEG_SIGNATURE = b"\xff\xd8\xff"


def count_frames(image: ImageFile.ImageFile, data: bytes) -> int:
    """Count the frames, or the pages, of an opened picture; 1 where its pages are channels.

    Args:
        data: the file's bytes.
    """
    if image.format not in _FORMATS_WITH_FRAMES or CHANNELS in image.info:
        return 1
    if image.format in _FRAMES_NEED_SEEKING:
        image = open_picture(data)
    try:
        return int(getattr(image, "n_frames", 1))
    except DECODER_ERRORS:
        # A later frame is damaged; only the first is used.
        return 1


def shows_several(data: bytes, channels: tuple[int, int, int] | None = None) -> bool:
    """True for a file with several pictures: an animation, or pages that are neither masks nor smaller versions.

    Unlike counting, it reads no more than the beginning of the second frame.

    Args:
        channels: those that are red, green and blue; see ``open_picture``.
    Raises:
        PictureError: the bytes are not a picture that can be read.
    """
    if data.startswith(_JPEG_SIGNATURE):
        return False
    image = open_picture(data, channels)
    if image.format not in _FORMATS_WITH_FRAMES or CHANNELS in image.info:
        return False
    if pages := tiff.read_pages(data):
        return bool(tiff.other_pictures(pages))
    try:
        return bool(getattr(image, "is_animated", False))
    except DECODER_ERRORS:
        return False
