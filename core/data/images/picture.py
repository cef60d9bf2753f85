"""Picture decoder, shared by every part of Darkroom.

This file is copied into every exported bundle, so that an export decodes pictures exactly as
training did. It therefore needs only Pillow and NumPy and imports nothing of Darkroom. HEIC
needs pillow-heif, which is optional.
"""

from __future__ import annotations

import io
import struct
import sys
import warnings
import zlib
from functools import cache
from typing import Any, NamedTuple

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
# Modes of Pillow with one channel of more than 8 bits.
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
# Raw modes that read the lower byte of each value, by those that read the higher one.
_LOWER_BYTES = {
    f"{bands};16{order}": f"{bands};16{other}"
    for bands in ("RGB", "RGBA", "RGBX", "R", "G", "B")
    for order, other in (("B", "L"), ("L", "B"), ("N", "B" if sys.byteorder == "little" else "L"))
}
_TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_PLANES, _TIFF_SAMPLE_FORMAT = 258, 262, 284, 339
_SEPARATE_PLANES, _WHITE_IS_ZERO, _SIGNED = 2, 0, 2
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


class PixelRange(NamedTuple):
    """Measured values that become black and white, the same for all pictures of a dataset.

    It applies to pictures with more than 8 bits a channel: 10 to 32 bits, signed, floats.
    """

    low: float
    high: float


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


def decode_picture(
    image: ImageFile.ImageFile,
    at_least: int | tuple[int, int] | None = None,
    pixel_range: tuple[float, float] | None = None,
) -> Image.Image:
    """Decode an opened picture to RGB, upright.

    EXIF orientation is applied; transparency is composited on white; the first frame of an
    animation is used. Pictures with more than 8 bits a channel are reduced to 8 bits.

    Args:
        at_least: side, or width and height before rotation, in pixels, to which the caller will
            shrink. A JPEG is then decoded at the smallest of its built-in scales that has
            twice that, which is several times faster.
        pixel_range: measured values that become black and white; see ``PixelRange``. None:
            0 to 65535 for integers; 0 to 1, otherwise 0 to 255, for floats.
    Raises:
        PictureError: the bytes are damaged or cut off.
    """
    try:
        if at_least is not None:
            width, height = at_least if isinstance(at_least, tuple) else (at_least, at_least)
            image.draft(None, (2 * width, 2 * height))
        decoded = _to_eight_bits(image, pixel_range)
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
        return _to_rgb(decoded if turn is None else decoded.transpose(turn))
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise PictureError("damaged") from error


def load_picture(data: bytes, size: int, pixel_range: tuple[float, float] | None = None) -> np.ndarray:
    """Decode picture bytes to the square array that is a classifier's input.

    The picture is stretched to a square, so nothing is cropped.

    Args:
        pixel_range: measured values that become black and white; see ``decode_picture``.
    Returns:
        uint8 RGB, shape (size, size, 3), values 0 to 255.
    Raises:
        PictureError: the bytes are not a picture that can be read.
    """
    picture = decode_picture(open_picture(data), at_least=size, pixel_range=pixel_range)
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


def measured_values(image: ImageFile.ImageFile) -> np.ndarray | None:
    """Read the values of an opened, not yet decoded picture with more than 8 bits a channel.

    Returns:
        numbers, shape (height, width) or, for colours, (height, width, 3), not turned upright;
        None for a picture with 8 bits a channel.
    Raises:
        PictureError: the bytes are damaged or cut off.
    """
    try:
        return _measured_values(image) if is_deep(image) else None
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise PictureError("damaged") from error


def is_deep(image: ImageFile.ImageFile) -> bool:
    """True if an opened, not yet decoded picture has more than 8 bits a channel."""
    return image.mode in _DEEP_MODES or _has_deep_colours(image)


def _has_deep_colours(image: ImageFile.ImageFile) -> bool:
    if image.mode not in {"RGB", "RGBA"}:
        return False
    # Not “BGR;16”: 16 bits for all three channels.
    has_two_bytes = any(_raw_mode(tile).endswith((";16B", ";16L", ";16N")) for tile in image.tile)
    return has_two_bytes or _has_misread_planes(image)


def _raw_mode(tile: Any) -> str:
    return str(tile.args if isinstance(tile.args, str) else (tile.args or ("",))[0])


def _has_misread_planes(image: ImageFile.ImageFile) -> bool:
    """True for colours of 16 bits in separate planes, which Pillow reads as 8 bits."""
    tags = _tags(image)
    return (
        tags.get(_TIFF_PLANES) == _SEPARATE_PLANES
        and set(tags.get(_TIFF_BITS, ())) == {16}
        and {_raw_mode(tile) for tile in image.tile} <= {"R", "G", "B", "A"}
    )


def _tags(image: ImageFile.ImageFile) -> Any:
    """Tags of a TIFF file; none for other formats."""
    return getattr(image, "tag_v2", {})


def _measured_values(image: ImageFile.ImageFile) -> np.ndarray:
    if image.mode not in _DEEP_MODES:
        return _deep_colours(image)
    image.load()
    values = np.asarray(image)
    tags = _tags(image)
    is_unsigned = image.mode == "I" and tags.get(_TIFF_SAMPLE_FORMAT, (1,))[0] != _SIGNED
    # Pillow reads unsigned values of 32 bits as signed ones.
    return values.view(np.uint32) if is_unsigned and tags.get(_TIFF_BITS, (0,))[0] == 32 else values


def _deep_colours(image: ImageFile.ImageFile) -> np.ndarray:
    """Read colours of 16 bits, of which Pillow decodes one byte at a time."""
    lower = Image.open(io.BytesIO(image.fp.getvalue()), formats=[image.format])  # type: ignore[union-attr, list-item]
    _correct_planes(image)
    tiles = image.tile
    higher_bytes = np.asarray(image)[..., :3].astype(np.uint16) * 256
    is_split_by_libtiff = (
        tiles[0].codec_name == "libtiff" and _tags(image).get(_TIFF_PLANES) == _SEPARATE_PLANES
    )
    if is_split_by_libtiff or any(_raw_mode(tile) not in _LOWER_BYTES for tile in tiles):
        # Pillow cannot read the lower bytes: the middle of what they can be.
        return higher_bytes + 128
    lower.tile = [_with_raw_mode(tile, _LOWER_BYTES[_raw_mode(tile)]) for tile in tiles]  # type: ignore[attr-defined]
    return higher_bytes + np.asarray(lower)[..., :3]


def _correct_planes(image: ImageFile.ImageFile) -> None:
    if _has_misread_planes(image):
        order = "L" if _tags(image).prefix == b"II" else "B"
        image.tile = [_with_raw_mode(tile, f"{_raw_mode(tile)};16{order}") for tile in image.tile]


def _with_raw_mode(tile: Any, raw_mode: str) -> Any:
    return tile._replace(args=raw_mode if isinstance(tile.args, str) else (raw_mode, *tile.args[1:]))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        background = Image.new("RGBA", layer.size, _WHITE)
        return Image.alpha_composite(background, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: ImageFile.ImageFile, pixel_range: tuple[float, float] | None) -> Image.Image:
    """Decode a picture and map values of more than 8 bits to 0 to 255."""
    is_grey = image.mode in _DEEP_MODES
    # Pillow's own conversion of colours is that of the full range.
    if not is_grey and (pixel_range in {None, (0, 65535)} or not _has_deep_colours(image)):
        _correct_planes(image)
        image.load()
        return image
    values = _measured_values(image)
    low, high = pixel_range or _full_range(values)
    # NaN marks pixels without a measurement.
    known = np.nan_to_num(values.astype(np.float32), nan=low, posinf=np.inf, neginf=-np.inf)
    levels = np.clip(np.rint((known - low) * (255.0 / (high - low))), 0, 255).astype(np.uint8)
    if is_grey and _tags(image).get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO:
        levels = 255 - levels
    mapped = Image.fromarray(levels)
    if image.mode == "RGBA":
        mapped.putalpha(image.getchannel("A"))
    return mapped


def _full_range(values: np.ndarray) -> tuple[float, float]:
    """Range of integers of 16 bits, or of floats: 0 to 1, otherwise 0 to 255."""
    if values.dtype.kind != "f":
        return 0, 65535
    measured = values[np.isfinite(values)]
    return (0, 1) if measured.size and measured.max() <= 1.0 else (0, 255)
