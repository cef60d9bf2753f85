"""Picture decoder, shared by every part of Darkroom.

This file and those it imports are copied into every exported bundle, so that an export decodes
pictures exactly as training did. They therefore need only Pillow (9.4 or newer) and NumPy and
import nothing of Darkroom. Optional: pillow-heif for HEIC, pillow-jxl-plugin for JPEG XL, pydicom
for DICOM.
"""

from __future__ import annotations

import io
import struct
import sys
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageFile, JpegImagePlugin

from . import colour, dicom, jpeg, kinds, tiff
from .faults import DECODER_ERRORS, FAULTS, DecoderError, PictureError, undecodable
from .readers import formats_for

__all__ = [
    "DECODER_ERRORS",
    "FAULTS",
    "MAX_PIXELS",
    "DecoderError",
    "PictureError",
    "PixelRange",
    "decode_picture",
    "is_deep",
    "load_picture",
    "measured_values",
    "open_picture",
]

# About 9400 × 9400. To decode more takes too much memory.
MAX_PIXELS = 89_000_000
# A JPEG is decoded at an eighth of its sides, where that is enough. Phones write up to 200 million.
MAX_JPEG_PIXELS = 250_000_000
# A progressive one takes 2 to 6 bytes a pixel all the same, for its coefficients.
MAX_BUFFERED_JPEG_PIXELS = 130_000_000
_WHITE = (255, 255, 255, 255)
# Pillow warns about damaged EXIF, unusual palettes and sizes above its own limit. This module checks
# sizes (MAX_PIXELS) and damage itself. The filter applies to the whole process because pictures are
# decoded in threads, where `warnings.catch_warnings` is unsafe.
warnings.filterwarnings("ignore", module=r"PIL\.")
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
# Range of values of 16 bits.
_FULL = (0, 65535)
_SEPARATE_PLANES, _WHITE_IS_ZERO, _SIGNED = 2, 0, 2
# Those of converting decoded pixels: other errors there are faults of this program.
_PIXEL_ERRORS = (OSError, SyntaxError, ValueError, IndexError, OverflowError, struct.error)
_JPEG_SIGNATURE = b"\xff\xd8\xff"
_JPEG_FORMATS = {"JPEG", "MPO"}
# Kinds that could have DICOM's mark among their pixels.
_SIGNATURES = (_JPEG_SIGNATURE, b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"II", b"MM")


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
        DecoderError: Pillow does not work here.
    """
    if dicom.is_dicom(data) and not data.startswith(_SIGNATURES):
        return _open_dicom(data)
    refusal = kinds.refusal_of(data)
    if refusal is not None:
        raise PictureError(refusal.code, **refusal.values)
    image = _open(_with_main_page(data))
    if image.format == "PNG":
        image.info[colour.CICP] = colour.read_cicp(data)
    _require_size(image.size, _limit(image, data))
    return image


def decode_picture(
    image: ImageFile.ImageFile,
    at_least: int | tuple[int, int] | None = None,
    pixel_range: tuple[float, float] | None = None,
) -> Image.Image:
    """Decode an opened picture to RGB, upright.

    EXIF orientation is applied; colours become sRGB; transparency is composited on white; the first frame of an
    animation is used. Pictures with more than 8 bits a channel are reduced to 8 bits.

    Args:
        at_least: side, or width and height before rotation, in pixels, to which the caller will
            shrink. A JPEG is then decoded at the smallest of its built-in scales that has
            twice that, which is several times faster.
        pixel_range: measured values that become black and white; see ``PixelRange``. None:
            0 to 65535 for integers; 0 to 1, otherwise 0 to 255, for floats.
    Raises:
        PictureError: the bytes are damaged or cut off, or the picture is too large to decode.
        DecoderError: Pillow does not work here.
    """
    try:
        if at_least is not None:
            width, height = at_least if isinstance(at_least, tuple) else (at_least, at_least)
            image.draft(None, (2 * width, 2 * height))
        _require_size(image.size, MAX_PIXELS)
        decoded = _to_eight_bits(image, pixel_range)
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise undecodable(_bytes_of(image), error, image.format) from error
    try:
        return _to_rgb(decoded if turn is None else decoded.transpose(turn), image.info)
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except _PIXEL_ERRORS as error:
        raise undecodable(_bytes_of(image), error, image.format) from error


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


def _open(data: bytes) -> ImageFile.ImageFile:
    try:
        return Image.open(io.BytesIO(data), formats=formats_for(data))
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        if not data.startswith(_JPEG_SIGNATURE):
            raise PictureError("too_large_to_decode") from error
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise undecodable(data, error, None) from error
    # Pillow's limit is for declared pixels, this module's for decoded ones.
    try:
        return JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    except DECODER_ERRORS as error:
        raise PictureError("not_a_picture") from error


def _open_dicom(data: bytes) -> ImageFile.ImageFile:
    if not dicom.can_read():
        raise PictureError("no_dicom_reader")
    try:
        header = dicom.read_header(data)
        _require_size(dicom.size_of(header), MAX_PIXELS)
        image = dicom.read_frame(header)
    except PictureError:
        raise
    except dicom.DicomError as error:
        raise PictureError(error.code, **error.values) from error
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise PictureError("damaged") from error
    return image


def _with_main_page(data: bytes) -> bytes:
    """Let a TIFF begin with its picture, where its first page is a thumbnail of a later one."""
    pages = tiff.read_pages(data)
    if not pages:
        return data
    page = tiff.main_page(pages)
    return data if page is pages[0] else tiff.starting_with(data, page)


def _limit(image: ImageFile.ImageFile, data: bytes) -> int:
    """Return the pixels that a picture may declare; what is decoded is checked later."""
    if image.format not in _JPEG_FORMATS:
        return MAX_PIXELS
    return MAX_BUFFERED_JPEG_PIXELS if jpeg.is_buffered(data) else MAX_JPEG_PIXELS


def _bytes_of(image: ImageFile.ImageFile) -> bytes:
    """Return the file of an opened picture; none once it is loaded."""
    stream = image.fp
    return stream.getvalue() if isinstance(stream, io.BytesIO) else b""


def _require_size(size: tuple[int, int], limit: int) -> None:
    width, height = size
    if width * height > limit:
        raise PictureError("too_many_pixels", width=width, height=height, limit=limit // 1_000_000)


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
        raise undecodable(_bytes_of(image), error, image.format) from error


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
    lower.tile = [_with_raw_mode(tile, _LOWER_BYTES[_raw_mode(tile)]) for tile in tiles]
    return higher_bytes + np.asarray(lower)[..., :3]


def _correct_planes(image: ImageFile.ImageFile) -> None:
    if _has_misread_planes(image):
        order = "L" if _tags(image).prefix == b"II" else "B"
        image.tile = [_with_raw_mode(tile, f"{_raw_mode(tile)};16{order}") for tile in image.tile]


def _with_raw_mode(tile: Any, raw_mode: str) -> Any:
    return tile._replace(args=raw_mode if isinstance(tile.args, str) else (raw_mode, *tile.args[1:]))


def _to_rgb(image: Image.Image, info: Mapping[Any, Any]) -> Image.Image:
    """Convert a picture of 8 bits to RGB in sRGB, on white. ``info``: ``Image.info`` as it was opened."""
    image = colour.to_srgb(image, info)
    if colour.has_transparency(image):
        layer = image.convert("RGBA")
        background = Image.new("RGBA", layer.size, _WHITE)
        return Image.alpha_composite(background, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: ImageFile.ImageFile, pixel_range: tuple[float, float] | None) -> Image.Image:
    """Decode a picture and map values of more than 8 bits to 0 to 255."""
    is_grey = image.mode in _DEEP_MODES
    # Pillow's own conversion of colours is that of the full range.
    if not is_grey and (tuple(pixel_range or _FULL) == _FULL or not _has_deep_colours(image)):
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
        return _FULL
    measured = values[np.isfinite(values)]
    return (0, 1) if measured.size and measured.max() <= 1.0 else (0, 255)
