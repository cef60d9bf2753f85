"""Pictures with more than 8 bits a channel: their measured values, and the range that maps them to 8 bits.

Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import io
import sys
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
_TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_PLANES, _TIFF_SAMPLE_FORMAT = 258, 262, 284, 339
# Range of values of 16 bits.
_FULL = (0, 65535)
_SEPARATE_PLANES, _WHITE_IS_ZERO, _SIGNED = 2, 0, 2


class PixelRange(NamedTuple):
    """Measured values that become black and white, the same for all pictures of a dataset.

    It applies to pictures with more than 8 bits a channel: 10 to 32 bits, signed, floats.
    """

    low: float
    high: float


def to_eight_bits(image: ImageFile.ImageFile, pixel_range: tuple[float, float] | None) -> Image.Image:
    """Decode a picture and map values of more than 8 bits to 0 to 255."""
    is_grey = image.mode in _DEEP_MODES or _has_signed_bytes(image)
    # Pillow's own conversion of colours is that of the full range.
    if not is_grey and (tuple(pixel_range or _FULL) == _FULL or not _has_deep_colours(image)):
        _correct_planes(image)
        image.load()
        return image
    values = values_of(image)
    low, high = pixel_range or _full_range(values)
    # NaN marks pixels without a measurement.
    known = np.nan_to_num(values.astype(np.float32), nan=low, posinf=np.inf, neginf=-np.inf)
    levels = np.clip(np.rint((known - low) * (255.0 / (high - low))), 0, 255).astype(np.uint8)
    if image.mode in _DEEP_MODES and _tags(image).get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO:
        levels = 255 - levels
    mapped = Image.fromarray(levels)
    if image.mode == "RGBA":
        mapped.putalpha(image.getchannel("A"))
    return mapped


def is_deep(image: ImageFile.ImageFile) -> bool:
    """True if an opened, not yet decoded picture has more than 8 bits a channel."""
    return image.mode in _DEEP_MODES or _has_signed_bytes(image) or _has_deep_colours(image)


def _has_signed_bytes(image: ImageFile.ImageFile) -> bool:
    """True for grey TIFF with values from -128 to 127, which Pillow reads as 0 to 255."""
    tags = _tags(image)
    return image.mode == "L" and tags.get(_TIFF_SAMPLE_FORMAT) == (_SIGNED,) and tags.get(_TIFF_BITS) == (8,)


def _has_deep_colours(image: ImageFile.ImageFile) -> bool:
    if image.mode not in {"RGB", "RGBA"}:
        return False
    # Not “BGR;16”: 16 bits for all three channels.
    has_two_bytes = any(_raw_mode(tile).endswith((";16B", ";16L", ";16N")) for tile in image.tile)
    return has_two_bytes or _has_misread_planes(image)


def _raw_mode(tile: Any) -> str:
    # A plain tuple in packages that add formats to Pillow.
    arguments = tile[3]
    return str(arguments if isinstance(arguments, str) else (arguments or ("",))[0])


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


def values_of(image: ImageFile.ImageFile) -> np.ndarray:
    """Decode the values of a deep picture: (height, width) or, for colours, (height, width, 3)."""
    if image.mode in {"RGB", "RGBA"}:
        return _deep_colours(image)
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
    return values.view(np.uint32) if is_unsigned and tags.get(_TIFF_BITS, (0,))[0] == 32 else values


def _deep_colours(image: ImageFile.ImageFile) -> np.ndarray:
    """Read colours of 16 bits, of which Pillow decodes one byte at a time."""
    lower = Image.open(io.BytesIO(image.fp.getvalue()), formats=[image.format])  # type: ignore[union-attr, list-item]
    _correct_planes(image)
    tiles = image.tile
    higher_bytes = np.asarray(image)[..., :3].astype(np.uint16) * 256
    is_split_by_libtiff = tiles[0][0] == "libtiff" and _tags(image).get(_TIFF_PLANES) == _SEPARATE_PLANES
    if is_split_by_libtiff or any(_raw_mode(tile) not in _LOWER_BYTES for tile in tiles):
        # Pillow cannot read the lower bytes: the middle of what they can be.
        return higher_bytes + 128
    lower.tile = [with_raw_mode(tile, _LOWER_BYTES[_raw_mode(tile)]) for tile in tiles]
    return higher_bytes + np.asarray(lower)[..., :3]


def _correct_planes(image: ImageFile.ImageFile) -> None:
    if _has_misread_planes(image):
        order = "L" if _tags(image).prefix == b"II" else "B"
        image.tile = [with_raw_mode(tile, f"{_raw_mode(tile)};16{order}") for tile in image.tile]


def with_raw_mode(tile: Any, raw_mode: str) -> Any:
    """A part of a picture's file, read by another raw mode of Pillow."""
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
