"""Pictures with channels of their own: those of microscopes, one page each (OME-TIFF, ImageJ), and bands of satellites.

Three of them are red, green and blue: the first, or those that a project has chosen.
Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import io
import re
import struct
from math import prod
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile

from . import depth, tiff, tiff_samples
from .tiff import Page

# Key of ``Image.info`` with the number of channels.
CHANNELS = "channels"
_EXTRA_SAMPLES, _GDAL_METADATA = 338, 42112
_GREY, _RGB, _ALPHA = {0, 1}, 2, {1, 2}
_OME_NAMES = re.compile(rb'<Channel\b[^>]*\bName="([^"]{1,80})"')
_GDAL_NAMES = re.compile(rb'sample="(\d{1,4})" role="description">([^<]{1,80})<')
_OME_SIZES = re.compile(rb'\bSize([CZT])="(\d{1,6})"')
_OME_ORDER = re.compile(rb'\bDimensionOrder="XY([CZT]{3})"')
_IMAGEJ_CHANNELS = re.compile(rb"^channels=(\d{1,6})\s*$", re.MULTILINE)


class ChannelMapping(NamedTuple):
    """Channels that are red, green and blue, counted from 1; 0 for black. The same for a whole project."""

    red: int
    green: int
    blue: int


def channel_pages(pages: list[Page]) -> list[Page]:
    """Return the pages of all channels of the first plane; none if the pages are no channels."""
    chain = [page for page in pages if not page.is_inner]
    if not chain or chain[0].samples != 1:
        return []
    count, stride = _channels(chain[0].description)
    channels = chain[: count * stride : stride] if count > 1 else []
    is_uniform = len({(page.size, page.bits, page.is_float) for page in channels}) == 1
    return channels if is_uniform and len(channels) > 1 else []


def count_channels(pages: list[Page], *, is_chosen: bool = False) -> int:
    """Number of the channels of a picture that is neither grey nor in colour; 0 for a usual picture.

    Args:
        is_chosen: somebody has chosen among them, so infrared beside red, green and blue counts too.
    """
    if not pages:
        return 0
    if channels := channel_pages(pages):
        return len(channels)
    page = tiff.main_page(pages)
    is_grey = page.photometric in _GREY
    if page.samples > 4 or (page.samples > 2 and is_grey):
        return page.samples
    has_alpha = page.number(_EXTRA_SAMPLES) in _ALPHA
    return 4 if is_chosen and page.samples == 4 and page.photometric == _RGB and not has_alpha else 0


def open_channels(
    data: bytes, pages: list[Page], chosen: ChannelMapping | None = None
) -> ImageFile.ImageFile:
    """Decode three channels, as an opened picture in RGB; by default the first three.

    Raises:
        OSError, ValueError, struct.error: the file is damaged, or of a kind that has no channels here.
    """
    count = count_channels(pages, is_chosen=chosen is not None)
    wanted = chosen or ChannelMapping(*(number if number <= count else 0 for number in (1, 2, 3)))
    shown = sorted({number - 1 for number in wanted if number})
    values = _planes(data, pages, shown)
    black = np.zeros(values.shape[:2], values.dtype)
    planes = [values[..., shown.index(number - 1)] if number else black for number in wanted]
    image = _opened(np.stack(planes, axis=-1))
    image.info[CHANNELS] = count
    return image


def channel_names(data: bytes, pages: list[Page]) -> tuple[str, ...]:
    """Names of the channels as OME-TIFF and GDAL write them; () without one for each."""
    page = pages[0]
    ome = [name.decode("utf-8", "replace") for name in _OME_NAMES.findall(page.description)]
    gdal = {
        int(number): name.decode("utf-8", "replace")
        for number, name in _GDAL_NAMES.findall(page.texts.get(_GDAL_METADATA, b""))
    }
    names = ome or [gdal[number] for number in sorted(gdal)]
    return tuple(names) if len(names) == count_channels(pages) else ()


def _planes(data: bytes, pages: list[Page], shown: list[int]) -> np.ndarray:
    """Stored values of some channels, counted from 0: shape (height, width, channels)."""
    if channels := channel_pages(pages):
        return np.stack([_plane(data, channels[index]) for index in shown], axis=-1)
    return tiff_samples.read_samples(data, tiff.main_page(pages), shown)


def _plane(data: bytes, page: Page) -> np.ndarray:
    if tiff_samples.is_unusual(page):
        return tiff_samples.read_samples(data, page, [0])[..., 0]
    with Image.open(io.BytesIO(tiff.starting_with(data, page)), formats=["TIFF"]) as image:
        return depth.values_of(image) if depth.is_deep(image) else np.asarray(image)


def _opened(values: np.ndarray) -> ImageFile.ImageFile:
    """Make an opened picture in RGB; Pillow has no mode for signed values and floats."""
    is_plain = values.dtype in (np.uint8, np.uint16)
    pixels = values if is_plain else np.zeros(values.shape, np.uint8)
    image = Image.open(io.BytesIO(_packed(pixels)), formats=["TIFF"])
    if not is_plain:
        image.info[depth.MEASURED] = values
    return image


def _channels(description: bytes) -> tuple[int, int]:
    """Number of channels, and the pages from one to the next; (1, 1) if the description names none."""
    if b"<OME" in description:
        sizes = {name: int(size) for name, size in reversed(_OME_SIZES.findall(description))}
        order = _OME_ORDER.search(description)
        if order is None or not {b"C", b"Z", b"T"} <= sizes.keys():
            return 1, 1
        before = order[1][: order[1].index(b"C")]
        return sizes[b"C"], max(1, prod(sizes[bytes([name])] for name in before))
    if description.startswith(b"ImageJ="):
        match = _IMAGEJ_CHANNELS.search(description)
        return (int(match[1]), 1) if match else (1, 1)
    return 1, 1


def _packed(pixels: np.ndarray) -> bytes:
    """Lay out an uncompressed RGB TIFF: uint8 or uint16, shape (height, width, 3)."""
    height, width, _ = pixels.shape
    bits = 8 * pixels.dtype.itemsize
    strip = pixels.astype(f"<u{pixels.dtype.itemsize}").tobytes()
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 134), (259, 3, 1, 1), (262, 3, 1, 2)]
    entries += [(273, 4, 1, 140), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(strip))]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = (struct.pack("<2sHI", b"II", 42, 8) + directory + bytes(4)).ljust(134, b"\x00")
    return head + struct.pack("<3H", bits, bits, bits) + strip
