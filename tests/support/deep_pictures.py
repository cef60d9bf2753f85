"""Files of pictures with more than 8 bits a channel, written byte by byte."""

from __future__ import annotations

import struct
import zlib
from typing import Literal

import numpy as np

_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


def tiff(
    values: np.ndarray,
    *,
    white_is_zero: bool = False,
    separate_planes: bool = False,
    max_sample: int | None = None,
    order: Literal["<", ">"] = "<",
    compressed: bool = False,
) -> bytes:
    """A TIFF of numbers, shape (height, width) or (height, width, 3)."""
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    planes = np.moveaxis(values, 2, 0) if separate_planes else values[np.newaxis]
    strips = [
        np.ascontiguousarray(plane).astype(values.dtype.newbyteorder(order)).tobytes() for plane in planes
    ]
    if compressed:
        strips = [zlib.compress(strip) for strip in strips]
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [values.itemsize * 8] * channels),
        259: (3, [8 if compressed else 1]),
        262: (3, [2 if channels == 3 else int(not white_is_zero)]),
        273: (4, [8 + sum(map(len, strips[:index])) for index in range(len(strips))]),
        277: (3, [channels]),
        278: (4, [height]),
        279: (4, [len(strip) for strip in strips]),
        284: (3, [1 + separate_planes]),
        339: (3, [_SAMPLE_FORMATS[values.dtype.kind]] * channels),
    }
    if max_sample is not None:
        tags[281] = (3, [max_sample])
    return _tiff_file(b"".join(strips), dict(sorted(tags.items())), order)


def _tiff_file(pixels: bytes, tags: dict[int, tuple[int, list[int]]], order: str) -> bytes:
    start = 8 + len(pixels)
    behind, entries = b"", b""
    for tag, (kind, numbers) in tags.items():
        content = struct.pack(f"{order}{len(numbers)}{'H' if kind == 3 else 'I'}", *numbers)
        if len(content) > 4:
            offset = start + 2 + 12 * len(tags) + 4 + len(behind)
            behind += content
            content = struct.pack(f"{order}I", offset)
        entries += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + content.ljust(4, b"\0")
    directory = struct.pack(f"{order}H", len(tags)) + entries + bytes(4)
    mark = b"II" if order == "<" else b"MM"
    return struct.pack(f"{order}2sHI", mark, 42, start) + pixels + directory + behind


def png(values: np.ndarray, significant_bits: int | None = None) -> bytes:
    """A PNG of uint16 numbers, shape (height, width) or (height, width, 2, 3 or 4)."""
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))]
    if significant_bits is not None:
        chunks.append((b"sBIT", bytes([significant_bits] * channels)))
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
