"""Pictures with more than 8 bits a channel: their measured values, and the range that maps them to 8 bits.

Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import io
import sys
import zlib
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageFile

# Modes of Pillow with one channel of more than 8 bits.
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
# Raw modes that read the lower byte of each value, by those that read the higher one.
_LOWER_BYTES = {
    f"{bands};16{order}": f"{bands};16{other}"
    for bands in ("RGB", "RGBA", "RGBX", "R", "G", "B")
    for order, other in (("B", "L"), ("L", "B"), ("N", "B" if sys.byteorder == "little" else "L"))
}
# Raw mode of PNG with grey and opacity of 16 bits, which Pillow opens as RGBA.
_GREY_ALPHA = "LA;16B"
# Raw modes of compressed TIFF: libtiff returns values in the machine's byte order, Pillow expects the file's.
_NATIVE_MODES = {
    "I;16S": "I;16NS",
    "I;16BS": "I;16NS",
    "I;32S": "I;32NS",
    "I;32BS": "I;32NS",
    "I;32B": "I;32N",
    "F;32F": "F;32NF",
    "F;32BF": "F;32NF",
}
_TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_SAMPLE_FORMAT = 258, 262, 339
# GDAL's.
_TIFF_NO_DATA = 42113
# Range of values of 16 bits.
_FULL = (0, 65535)
# Largest values of 8, 10, 12 and 14 bits, which mean opaque where no pixel has more.
_OPAQUE = {255, 1023, 4095, 16383}
_WHITE_IS_ZERO, _SIGNED = 0, 2


# Key of ``Image.info`` with measured values for which Pillow has no mode: floats or signed numbers in
# three channels, shape (height, width, 3).
MEASURED = "measured"


class PixelRange(NamedTuple):
    """Measured values that become black and white, the same for all pictures of a dataset.

    It applies to pictures with more than 8 bits a channel: 10 to 32 bits, signed, floats.
    """

    low: float
    high: float


def to_eight_bits(image: ImageFile.ImageFile, pixel_range: tuple[float, float] | None) -> Image.Image:
    """Decode a picture and map values of more than 8 bits to 0 to 255."""
    is_grey = image.mode in _DEEP_MODES or _has_signed_bytes(image) or MEASURED in image.info
    # Pillow's own conversion of colours is that of the full range.
    if not is_grey and (tuple(pixel_range or _FULL) == _FULL or not _has_deep_colours(image)):
        image.load()
        return image
    values, opacity = values_and_opacity(image)
    low, high = pixel_range or _full_range(values)
    # NaN marks pixels without a measurement.
    known = np.nan_to_num(values.astype(np.float32), nan=low, posinf=np.inf, neginf=-np.inf)
    levels = np.clip(np.rint((known - low) * (255.0 / (high - low))), 0, 255).astype(np.uint8)
    if image.mode in _DEEP_MODES and _tags(image).get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO:
        levels = 255 - levels
    mapped = Image.fromarray(levels)
    if opacity is not None:
        mapped.putalpha(Image.fromarray(opacity))
    return mapped


def is_deep(image: ImageFile.ImageFile) -> bool:
    """True if an opened, not yet decoded picture has more than 8 bits a channel."""
    is_grey = image.mode in _DEEP_MODES or _has_signed_bytes(image)
    return is_grey or MEASURED in image.info or _has_deep_colours(image)


def _has_signed_bytes(image: ImageFile.ImageFile) -> bool:
    """True for grey TIFF with values from -128 to 127, which Pillow reads as 0 to 255."""
    tags = _tags(image)
    return image.mode == "L" and tags.get(_TIFF_SAMPLE_FORMAT) == (_SIGNED,) and tags.get(_TIFF_BITS) == (8,)


def _has_deep_colours(image: ImageFile.ImageFile) -> bool:
    # Not “BGR;16”: 16 bits for all three channels.
    raw_modes = {_raw_mode(tile) for tile in image.tile}
    return image.mode in {"RGB", "RGBA"} and bool(raw_modes) and raw_modes <= {*_LOWER_BYTES, _GREY_ALPHA}


def _raw_mode(tile: Any) -> str:
    # A plain tuple in packages that add formats to Pillow.
    arguments = tile[3]
    return str(arguments if isinstance(arguments, str) else (arguments or ("",))[0])


def _tags(image: ImageFile.ImageFile) -> Any:
    """Tags of a TIFF file; none for other formats."""
    return getattr(image, "tag_v2", {})


def values_of(image: ImageFile.ImageFile) -> np.ndarray:
    """Decode the values of a deep picture: (height, width) or, for colours, (height, width, 3)."""
    return values_and_opacity(image)[0]


def values_and_opacity(image: ImageFile.ImageFile) -> tuple[np.ndarray, np.ndarray | None]:
    """Decode the values of a deep picture, and its opacity: uint8 (height, width), None without any."""
    if MEASURED in image.info:
        return image.info[MEASURED], None
    if image.mode == "RGBA" and _raw_mode(image.tile[0]) == _GREY_ALPHA:
        samples = _deep_grey_with_opacity(image)
        return samples[..., 0], _opacity(samples[..., 1])
    values = _deep_colours(image) if image.mode in {"RGB", "RGBA"} else _grey_values(image)
    if image.mode == "RGBA":
        return values[..., :3], _opacity(values[..., 3])
    transparent = image.info.get("transparency")
    if image.format != "PNG" or transparent is None:
        return values, None
    is_shown = values != np.asarray(transparent)
    return values, np.uint8(255) * (is_shown if values.ndim == 2 else is_shown.any(axis=-1))


def _opacity(samples: np.ndarray) -> np.ndarray:
    """Reduce opacity of 16 bits to 8; instruments with fewer bits store their own largest value."""
    largest = int(samples.max(initial=0))
    opaque = largest if largest in _OPAQUE else 65535
    return np.rint(samples * (255.0 / opaque)).astype(np.uint8)


def _grey_values(image: ImageFile.ImageFile) -> np.ndarray:
    for index, tile in enumerate(image.tile):
        if tile[0] == "libtiff" and (native := _NATIVE_MODES.get(_raw_mode(tile))):
            image.tile[index] = with_raw_mode(tile, native)
    image.load()
    if _has_signed_bytes(image):
        # Pillow has inverted them where 0 is white.
        return np.asarray(image).view(np.int8)
    values = np.asarray(image)
    tags = _tags(image)
    is_unsigned = image.mode == "I" and tags.get(_TIFF_SAMPLE_FORMAT, (1,))[0] != _SIGNED
    # Pillow reads unsigned values of 32 bits as signed ones.
    values = values.view(np.uint32) if is_unsigned and tags.get(_TIFF_BITS, (0,))[0] == 32 else values
    return _without_stated_gaps(values, tags.get(_TIFF_NO_DATA))


def _without_stated_gaps(values: np.ndarray, no_data: object) -> np.ndarray:
    """Mark the value that a GeoTIFF states for “not measured” as NaN."""
    try:
        is_gap = values == float(str(no_data).strip("\0 "))
    except ValueError:
        return values
    return np.where(is_gap, np.float32(np.nan), values.astype(np.float32)) if is_gap.any() else values


def _deep_colours(image: ImageFile.ImageFile) -> np.ndarray:
    """Read samples of 16 bits (height, width, 3 or 4), of which Pillow decodes one byte at a time."""
    lower = Image.open(io.BytesIO(image.fp.getvalue()), formats=[image.format])  # type: ignore[union-attr, list-item]
    tiles = image.tile
    higher_bytes = np.asarray(image).astype(np.uint16) * 256
    lower.tile = [with_raw_mode(tile, _LOWER_BYTES[_raw_mode(tile)]) for tile in tiles]
    return higher_bytes + np.asarray(lower)


def _deep_grey_with_opacity(image: ImageFile.ImageFile) -> np.ndarray:
    """Read grey and opacity of 16 bits (height, width, 2): PNG packs them as four channels of 8 bits."""
    data = image.fp.getvalue()  # type: ignore[union-attr]
    header = data[12:24] + bytes((8, 6)) + data[26:29]
    relabelled = data[:12] + header + zlib.crc32(header).to_bytes(4, "big") + data[33:]
    # Metadata may follow the pixels.
    image.load()
    with Image.open(io.BytesIO(relabelled), formats=["PNG"]) as four:
        samples = np.asarray(four).astype(np.uint16)
    return samples[..., ::2] * 256 + samples[..., 1::2]


def with_raw_mode(tile: Any, raw_mode: str) -> Any:
    """Return one of ``image.tile`` that Pillow unpacks in another way."""
    args = raw_mode if isinstance(tile[3], str) else (raw_mode, *tile[3][1:])
    return tile._replace(args=args) if hasattr(tile, "_replace") else (*tile[:3], args)


def _full_range(values: np.ndarray) -> tuple[float, float]:
    """Range of integers of 16 bits, or of floats: 0 to 1, otherwise 0 to 255."""
    if values.dtype == np.int8:
        return (-128, 127)
    if values.dtype.kind != "f":
        return _FULL
    measured = values[np.isfinite(values)]
    return (0, 1) if measured.size and measured.max() <= 1.0 else (0, 255)
