"""Picture decoder, shared by every part of Darkroom.

This file is copied into every exported bundle, so that an export decodes pictures exactly as
training did. It therefore needs only Pillow and NumPy and imports nothing of Darkroom. HEIC
needs pillow-heif, which is optional.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from functools import cache
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFile

# About 9400 × 9400. A larger picture is a mistake or an attack.
MAX_PIXELS = 89_000_000
_WHITE = (255, 255, 255, 255)
# Pillow warns about damaged EXIF, unusual palettes and sizes above its own limit. This module checks
# sizes (MAX_PIXELS) and damage itself. The filter applies to the whole process because pictures are
# decoded in threads, where `warnings.catch_warnings` is unsafe.
warnings.filterwarnings("ignore", module=r"PIL\.")
# Formats that Pillow decodes by itself. Not EPS, which Ghostscript would execute.
_FORMATS = (
    *("JPEG", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "PPM", "JPEG2000", "ICO", "ICNS"),
    # Formats of newer versions of Pillow last.
    *("PCX", "PSD", "SGI", "TGA", "QOI", "AVIF"),
)
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
# A file lists its brands within so many bytes.
_BRANDS_END = 64
# Transposition by EXIF orientation that makes the picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Sentences by code. core/data/skip_reasons.py has the same, marked for translation.
FAULTS = {
    "not_a_picture": "it is not a picture, or of a kind that cannot be read",
    "too_large_to_decode": "it has more pixels than can be handled safely",
    "too_many_pixels": "it has {width} × {height} pixels, more than the {limit} million that can be handled safely",
    "damaged": "it is damaged or cut off",
    "no_heic_reader": "it is a HEIC picture, and the package pillow-heif that reads those is not installed",
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


class PictureError(ValueError):
    """Error for bytes that are not a readable picture: a code of ``FAULTS`` with the values of its sentence."""

    def __init__(self, code: str, **values: Any) -> None:
        self.code = code
        self.values = values
        super().__init__(FAULTS[code].format(**values))


def open_picture(data: bytes) -> ImageFile.ImageFile:
    """Read a picture's header.

    Raises:
        PictureError: the bytes are not a picture, or it has too many pixels.
    """
    formats = _formats_for(data)
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise PictureError("not_a_picture") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PictureError(
            "too_many_pixels",
            width=width,
            height=height,
            limit=MAX_PIXELS // 1_000_000,
        )
    return image


def decode_picture(image: ImageFile.ImageFile, at_least: int | tuple[int, int] | None = None) -> Image.Image:
    """Decode an opened picture to RGB, upright.

    EXIF orientation is applied; transparency is composited on white; 16-bit pictures are
    reduced to 8 bits; the first frame of an animation is used.

    Args:
        at_least: side, or width and height before rotation, in pixels, to which the caller will
            shrink. A JPEG is then decoded at the smallest of its built-in scales that has
            twice that, which is several times faster.
    Raises:
        PictureError: the bytes are damaged or cut off.
    """
    try:
        if at_least is not None:
            width, height = at_least if isinstance(at_least, tuple) else (at_least, at_least)
            image.draft(None, (2 * width, 2 * height))
        image.load()
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
        return _to_rgb(image if turn is None else image.transpose(turn))
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise PictureError("damaged") from error


def load_picture(data: bytes, size: int) -> np.ndarray:
    """Decode picture bytes to the square array that is a classifier's input.

    The picture is stretched to a square, so nothing is cropped.

    Returns:
        uint8 RGB, shape (size, size, 3), values 0 to 255.
    Raises:
        PictureError: the bytes are not a picture that can be read.
    """
    picture = decode_picture(open_picture(data), at_least=size)
    resized = picture.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(resized, dtype=np.uint8)


def _formats_for(data: bytes) -> tuple[str, ...]:
    """Choose Pillow's formats to try: HEIF if the bytes name its brands, otherwise all others.

    Raises:
        PictureError: the file is HEIF, and its reader is not installed.
    """
    brands = data[8:_BRANDS_END]
    is_heif = data[4:8] == b"ftyp" and any(
        brands[i : i + 4] in _HEIF_BRANDS for i in range(0, len(brands), 4)
    )
    if not is_heif:
        return _FORMATS
    if not _can_read_heif():
        raise PictureError("no_heic_reader")
    return ("HEIF",)


@cache
def _can_read_heif() -> bool:
    """True if pillow-heif is installed; it is large, so the first HEIC picture loads it."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    # An embedded thumbnail can show something else than the picture.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        image = _to_eight_bits(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        background = Image.new("RGBA", layer.size, _WHITE)
        return Image.alpha_composite(background, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Convert grey values of 16 bits (0 to 65535) or floats (0 to 1, otherwise 0 to 255) to 0 to 255."""
    # NaN marks pixels without a measurement.
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=np.inf)
    if image.mode == "F":
        measured = values[np.isfinite(values)]
        scale = 255.0 if measured.size and measured.max() <= 1.0 else 1.0
    else:
        scale = 1 / 257.0
    return Image.fromarray(np.clip(np.rint(values * scale), 0, 255).astype(np.uint8))
