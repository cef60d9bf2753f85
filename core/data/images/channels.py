"""Microscope pictures with one page a channel (OME-TIFF, ImageJ): the first three as red, green and blue.

Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import io
import re
import struct
from math import prod

import numpy as np
from PIL import Image, ImageFile

from . import tiff
from .tiff import Page

# Key of ``Image.info`` with the number of channels.
CHANNELS = "channels"
_SHOWN = 3
_OME_SIZES = re.compile(rb'\bSize([CZT])="(\d{1,6})"')
_OME_ORDER = re.compile(rb'\bDimensionOrder="XY([CZT]{3})"')
_IMAGEJ_CHANNELS = re.compile(rb"^channels=(\d{1,6})\s*$", re.MULTILINE)


def channel_pages(pages: list[Page]) -> list[Page]:
    """Return the pages of all channels of the first plane; none if the pages are no channels."""
    chain = [page for page in pages if not page.is_inner]
    if not chain or chain[0].samples != 1:
        return []
    count, stride = _channels(chain[0].description)
    channels = chain[: count * stride : stride] if count > 1 else []
    is_uniform = len({(page.size, page.bits, page.is_float) for page in channels}) == 1
    return channels if is_uniform and len(channels) > 1 else []


def open_channels(data: bytes, pages: list[Page]) -> ImageFile.ImageFile:
    """Decode the first three channels, as an opened picture in RGB of 8 or 16 bits.

    Raises:
        OSError: a page is damaged, or its values are neither of 8 nor of 16 bits.
    """
    planes = [_plane(tiff.starting_with(data, page)) for page in pages[:_SHOWN]]
    planes += [np.zeros_like(planes[0])] * (_SHOWN - len(planes))
    stream = io.BytesIO(_packed(np.stack(planes, axis=-1)))
    image = Image.open(stream, formats=["TIFF"])
    image.info[CHANNELS] = len(pages)
    return image


def _plane(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
        values = np.asarray(image)
    if values.ndim != 2 or values.dtype not in (np.uint8, np.uint16):
        raise OSError
    return values


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
