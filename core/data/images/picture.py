"""Picture bytes to pixels, the one way every part of Darkroom does it.

This file is also copied into every exported bundle, so that an export reads
pictures exactly as training did. It therefore needs Pillow and NumPy alone and
imports nothing of Darkroom. For HEIC it asks for pillow-heif, if that is there.
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

MAX_PIXELS = 89_000_000  # about a 9400 x 9400 picture: more is a mistake or an attack
_WHITE = (255, 255, 255, 255)
# Pillow would print warnings about damaged EXIF, unusual palettes and sizes above its own limit.
# All of that is judged here: sizes by MAX_PIXELS, damage by decoding. The filter stands for the whole
# process because pictures are decoded in threads, where `warnings.catch_warnings` is unsafe.
warnings.filterwarnings("ignore", module=r"PIL\.")
# What Pillow decodes by itself. EPS is not among them: it would be run, in Ghostscript.
_FORMATS = (
    *("JPEG", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "PPM", "JPEG2000", "ICO", "ICNS"),
    *("PCX", "PSD", "SGI", "TGA", "QOI", "AVIF"),  # those of newer Pillows last
)
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_BRANDS_END = 64  # bytes of a file within which it names its brands
# What EXIF says must be done to see the picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Sentences by code. Core's own table (core/data/skip_reasons.py) has the same, marked for translation.
FAULTS = {
    "not_a_picture": "it is not a picture, or of a kind that cannot be read",
    "too_large_to_decode": "it has more pixels than can be handled safely",
    "too_many_pixels": "it has {width} × {height} pixels, more than the {limit} million that can be handled safely",
    "damaged": "it is damaged or cut off",
    "no_heic_reader": "it is a HEIC picture, and the package pillow-heif that reads those is not installed",
}
# What Pillow's decoders raise on damaged or hostile bytes, found by feeding them such.
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
    """Bytes that cannot be read as a picture: a code of ``FAULTS``, and the values of its sentence."""

    def __init__(self, code: str, **values: Any) -> None:
        self.code = code
        self.values = values
        super().__init__(FAULTS[code].format(**values))


def open_picture(data: bytes) -> ImageFile.ImageFile:
    """Read a picture's header.

    Raises:
        PictureError: the bytes are no picture, or it has too many pixels.
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

    EXIF orientation is applied; transparency is composited on white; 16-bit
    pictures are reduced to 8 bits; of a moving picture the first frame is taken.

    Args:
        at_least: the side, or the width and height before turning, in pixels that
            the caller will shrink to. A JPEG is then decoded at the smallest of
            its built-in scales that still has twice that, which is several times
            faster.
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
    """Picture bytes to the square array that a classifier takes.

    The picture is stretched to a square, so that nothing of it is cut away.

    Returns:
        uint8 RGB, shape (size, size, 3), values 0 to 255.
    Raises:
        PictureError: the bytes are not a picture that can be read.
    """
    picture = decode_picture(open_picture(data), at_least=size)
    resized = picture.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(resized, dtype=np.uint8)


def _formats_for(data: bytes) -> tuple[str, ...]:
    """Pillow's formats, or HEIF where the bytes say that they are.

    Raises:
        PictureError: they do, and there is no reader for it.
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
    """True once the reader is at hand; it is large, so it is loaded with the first such picture."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    # An embedded thumbnail may show something else: it must not stand for the picture.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        image = _to_eight_bits(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, _WHITE)
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Grey values of 16 bits (0 to 65535) or of floats (0 to 1, else 0 to 255) as 0 to 255."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=np.inf)  # NaN: not measured
    if image.mode == "F":
        measured = values[np.isfinite(values)]
        scale = 255.0 if measured.size and measured.max() <= 1.0 else 1.0
    else:
        scale = 1 / 257.0
    return Image.fromarray(np.clip(np.rint(values * scale), 0, 255).astype(np.uint8))
