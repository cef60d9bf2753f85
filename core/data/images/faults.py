"""Errors of the decoder: reasons why a file is no usable picture, told apart from faults of the installation.

Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from typing import Any

from PIL import Image
from PIL import __version__ as pillow_version

from . import dicom, kinds

# Sentences by code. core/data/skip_reasons.py has the same, marked for translation.
FAULTS = {
    "empty_file": "it is empty (0 bytes)",
    "not_a_picture": "it is not a picture, or of a kind that cannot be read",
    "too_large_to_decode": "it has more pixels than can be handled safely",
    "too_many_pixels": "it has {width} × {height} pixels, more than the {limit} million that can be handled safely",
    "channel_missing": "it has {count} channels, and channel {number} is one of those that are shown",
    "damaged": "it is damaged or cut off",
    "no_heic_reader": "it is a HEIC picture, and the package pillow-heif that reads those is not installed",
    "no_jpeg_xl_reader": "it is a JPEG XL picture, and the package pillow-jxl-plugin that reads those is not installed: pip install -r requirements-formats.txt",
    **dicom.SENTENCES,
    **kinds.SENTENCES,
}
# Errors of Pillow's decoders for damaged or hostile bytes, collected in tests with such files.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    ZeroDivisionError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
# Modes and formats of the pictures that are decoded to see if Pillow works.
_PROBED_MODES = ("L", "RGB", "P", "RGBA", "I;16")
_PROBED_FORMATS = ("PNG", "JPEG")
# An MPO is opened by the reader of JPEG.
_READ_AS = {"MPO": "JPEG"}


class PictureError(ValueError):
    """Error for bytes that are not a readable picture: a code of ``FAULTS`` with the values of its sentence."""

    def __init__(self, code: str, **values: Any) -> None:
        self.code = code
        self.values = values
        super().__init__(FAULTS[code].format(**values))


class DecoderError(Exception):
    """Error for a decoder that fails on a good picture too: not the file's fault, but the installation's."""


def undecodable(data: bytes, error: Exception, format: str | None) -> PictureError:
    """Find the reason why decoding failed.

    Args:
        format: Pillow's name; None if the file was not recognised.
    Raises:
        DecoderError: Pillow fails on a good picture too.
    """
    for probed in (_READ_AS.get(format, format),) if format else _PROBED_FORMATS:
        if not _works(probed):
            raise DecoderError(
                f"Pillow {pillow_version} cannot decode {probed} pictures here: {error!r}. "
                "Install the packages that requirements.txt names."
            ) from error
    explanation = kinds.explanation_of(data)
    if explanation is not None:
        return PictureError(explanation.code, **explanation.values)
    return PictureError("damaged" if format else "not_a_picture")


@cache
def _works(format: str) -> bool:
    """True if tiny pictures of a format can be decoded, or Pillow cannot write any."""
    for mode in _PROBED_MODES:
        stream = io.BytesIO()
        try:
            Image.new(mode, (8, 8)).save(stream, format)
        except (OSError, ValueError, KeyError):
            # Not a mode or a format that is written.
            continue
        try:
            with Image.open(stream, formats=(format,)) as image:
                image.load()
                image.getexif()
                image.convert("RGB" if mode != "I;16" else "I")
        except DECODER_ERRORS:
            return False
    return True
