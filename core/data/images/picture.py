"""Picture decoder, shared by every part of Darkroom.

This file and those it imports are copied into every exported bundle, so that an export decodes
pictures exactly as training did. They therefore need only Pillow (9.4 or newer) and NumPy and
import nothing of Darkroom. Optional: pillow-heif for HEIC, pillow-jxl-plugin for JPEG XL, pydicom
for DICOM.
"""

from __future__ import annotations

import io
import struct
import warnings

import numpy as np
from PIL import ExifTags, Image, ImageFile, JpegImagePlugin

from . import colour, depth, dicom, fourth_band, jpeg, kinds, tiff, tiff_samples
from .channels import ChannelMapping, count_channels, open_channels
from .faults import DECODER_ERRORS, FAULTS, DecoderError, PictureError, undecodable
from .readers import formats_for

__all__ = [
    "DECODER_ERRORS",
    "FAULTS",
    "MAX_PIXELS",
    "DecoderError",
    "PictureError",
    "decode_picture",
    "load_picture",
    "measured_pixels",
    "measured_values",
    "open_picture",
    "stretch",
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
# Those of converting decoded pixels: other errors there are faults of this program.
_PIXEL_ERRORS = (OSError, SyntaxError, ValueError, IndexError, OverflowError, struct.error)
_JPEG_SIGNATURE = b"\xff\xd8\xff"
_JPEG_FORMATS = {"JPEG", "MPO"}
# Kinds that could have DICOM's mark among their pixels. Not TIFF: scanners begin DICOM files like one.
_SIGNATURES = (_JPEG_SIGNATURE, b"\x89PNG", b"GIF8", b"RIFF", b"BM")


def open_picture(data: bytes, channels: tuple[int, int, int] | None = None) -> ImageFile.ImageFile:
    """Read a picture's header.

    Args:
        channels: those that are red, green and blue; see ``channels.ChannelMapping``. None: the first three.
    Raises:
        PictureError: the bytes are not a picture, or it has too many pixels.
        DecoderError: Pillow does not work here.
    """
    if not data:
        raise PictureError("empty_file")
    if dicom.is_dicom(data) and not data.startswith(_SIGNATURES):
        return _open_dicom(data)
    refusal = kinds.refusal_of(data)
    if refusal is not None:
        raise PictureError(refusal.code, **refusal.values)
    pages = tiff.read_pages(data)
    if count := count_channels(pages, is_chosen=channels is not None):
        return _open_channels(data, pages, count, ChannelMapping(*channels) if channels else None)
    image = _open(_with_main_page(data, pages))
    if image.format == "PNG":
        image.info[colour.CICP] = colour.read_cicp(data)
    if jpeg.has_plain_ink(image):
        # Pillow inverts the ink of every JPEG.
        image.tile = [depth.with_raw_mode(tile, "CMYK") for tile in image.tile]
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
        pixel_range: measured values that become black and white; see ``depth.PixelRange``. None:
            0 to 65535 for integers; 0 to 1, otherwise 0 to 255, for floats.
    Raises:
        PictureError: the bytes are damaged or cut off, or the picture is too large to decode.
        DecoderError: Pillow does not work here.
    """
    shrunk = (at_least, at_least) if isinstance(at_least, int) else at_least
    try:
        if shrunk is not None:
            image.draft(None, (2 * shrunk[0], 2 * shrunk[1]))
        _require_size(image.size, MAX_PIXELS)
        decoded = depth.to_eight_bits(image, pixel_range)
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise undecodable(_bytes_of(image), error, image.format) from error
    try:
        decoded = fourth_band.without_measurement(decoded, image)
        decoded = colour.to_srgb(decoded, image.info, shrunk)
        return _to_rgb(decoded if turn is None else decoded.transpose(turn))
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except _PIXEL_ERRORS as error:
        raise undecodable(_bytes_of(image), error, image.format) from error


def load_picture(
    data: bytes,
    size: int,
    pixel_range: tuple[float, float] | None = None,
    channels: tuple[int, int, int] | None = None,
) -> np.ndarray:
    """Decode picture bytes to the square array that is a classifier's input.

    The picture is stretched to a square, so nothing is cropped.

    Args:
        pixel_range: measured values that become black and white; see ``decode_picture``.
        channels: those that are red, green and blue; see ``open_picture``.
    Returns:
        uint8 RGB, shape (size, size, 3), values 0 to 255.
    Raises:
        PictureError: the bytes are not a picture that can be read.
    """
    picture = decode_picture(open_picture(data, channels), at_least=size, pixel_range=pixel_range)
    return stretch(picture, size)


def stretch(picture: Image.Image, size: int) -> np.ndarray:
    """Stretch an RGB picture to the square that is a classifier's input: uint8, (size, size, 3)."""
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
    except DECODER_ERRORS + dicom.pydicom_errors() as error:
        raise PictureError("damaged") from error
    return image


def _with_main_page(data: bytes, pages: list[tiff.Page]) -> bytes:
    """Let a TIFF begin with its picture, where its first page is a thumbnail, in a layout that Pillow reads."""
    if not pages:
        return data
    page = tiff.main_page(pages)
    if not tiff_samples.is_unusual(page):
        return data if page is pages[0] else tiff.starting_with(data, page)
    _require_size(page.size, MAX_PIXELS)
    try:
        return tiff_samples.laid_out(data, page)
    except (MemoryError, Image.DecompressionBombError) as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise undecodable(data, error, "TIFF") from error


def _open_channels(
    data: bytes, pages: list[tiff.Page], count: int, chosen: ChannelMapping | None
) -> ImageFile.ImageFile:
    if chosen is not None and max(chosen) > count:
        raise PictureError("channel_missing", count=count, number=max(chosen))
    page = tiff.main_page(pages)
    _require_size(page.size, MAX_PIXELS)
    if page.pixels * page.samples > MAX_PIXELS:
        raise PictureError("too_large_to_decode")
    try:
        return open_channels(data, pages, chosen)
    except (MemoryError, Image.DecompressionBombError) as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise undecodable(data, error, "TIFF") from error


def _limit(image: ImageFile.ImageFile, data: bytes) -> int:
    """Return the pixels that a picture may declare; what is decoded is checked later."""
    if image.format not in _JPEG_FORMATS:
        return MAX_PIXELS
    is_large = image.width * image.height > MAX_PIXELS
    return MAX_BUFFERED_JPEG_PIXELS if is_large and jpeg.is_buffered(data) else MAX_JPEG_PIXELS


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
    measured = measured_pixels(image)
    return measured[0] if measured else None


def measured_pixels(image: ImageFile.ImageFile) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Read the same values with their opacity: uint8, shape (height, width); None where all is opaque."""
    try:
        if not depth.is_deep(image):
            return None
        values, opacity = depth.values_and_opacity(image)
        has_band = opacity is not None and image.format == "TIFF"
        if has_band and fourth_band.is_measurement(Image.fromarray(np.asarray(opacity))):
            opacity = None
        return values, opacity
    except MemoryError as error:
        raise PictureError("too_large_to_decode") from error
    except DECODER_ERRORS as error:
        raise undecodable(_bytes_of(image), error, image.format) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if colour.has_transparency(image):
        layer = image.convert("RGBA")
        background = Image.new("RGBA", layer.size, _WHITE)
        return Image.alpha_composite(background, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
