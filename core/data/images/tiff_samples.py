"""Samples of TIFF files in layouts that Pillow refuses or misreads, laid out anew in one that it reads.

Those are separate planes, grey with transparency of 16 bits, floats of 16 and 64 bits, signed or
32-bit values of which 0 is white, and some with the highest byte first. Pillow still unpacks the bytes: it is given each plane as a grey
picture of single bytes. Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from PIL import Image

from .tiff import Page

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIPS = 256, 257, 258, 259, 262, 273
_ORIENTATION, _SAMPLES = 274, 277
_ROWS, _STRIP_BYTES, _PLANES, _PREDICTOR, _SAMPLE_FORMAT = 278, 279, 284, 317, 339
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _EXTRA = 322, 323, 324, 325, 338
_OFFSETS = {_STRIPS: _STRIP_BYTES, _TILES: _TILE_BYTES}
# None, LZW, Deflate, PackBits, LZMA and Zstandard pack bytes, whatever these mean.
_BYTE_COMPRESSIONS = {1, 5, 8, 32946, 32773, 34925, 50000}
_WHITE_IS_ZERO, _RGB, _GREY = 0, 2, {0, 1}
_SEPARATE, _SIGNED, _FLOAT, _ASSOCIATED, _UNASSOCIATED = 2, 2, 3, 1, 2
_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3
_KINDS = {1: "u", 2: "i", 3: "f"}
# Struct letter and TIFF's number of the types that are read or written here.
_LETTERS = {1: "B", 3: "H", 4: "I", 16: "Q"}


def is_unusual(page: Page) -> bool:
    """True for a layout that is read here."""
    bits, kind = page.bits, page.number(_SAMPLE_FORMAT, 1)
    if page.compression not in _BYTE_COMPRESSIONS or len(set(page.numbers.get(_BITS, (1,)))) > 1:
        return False
    if page.samples == 1 and page.photometric in _GREY:
        is_negative = page.photometric == _WHITE_IS_ZERO and (bits == 32 or kind == _SIGNED)
        # Pillow knows neither in files with the highest byte first; ImageJ writes such files.
        is_unknown = page.is_big_endian and kind == 1 and (bits == 32 or page.photometric == _WHITE_IS_ZERO)
        return bits in {16, 64} if kind == _FLOAT else (is_negative or is_unknown) and bits in {16, 32}
    if kind != 1 or bits not in {8, 16}:
        return False
    is_separate = page.number(_PLANES, 1) == _SEPARATE
    if page.samples == 2 and page.photometric in _GREY:
        return bits == 16
    if page.photometric != _RGB or page.samples not in {3, 4}:
        return False
    is_multiplied = page.number(_EXTRA) == _ASSOCIATED and page.samples == 4
    return (bits == 16 and (is_separate or is_multiplied)) or (is_separate and page.samples == 4)


def read_samples(data: bytes, page: Page, wanted: Sequence[int]) -> np.ndarray:
    """Read some samples of every pixel, counted from 0.

    Returns:
        stored values, shape (height, width, samples).
    Raises:
        OSError, struct.error, ValueError, KeyError: the file is damaged, or compressed in a way that is not
            read here.
    """
    if page.compression not in _BYTE_COMPRESSIONS or page.bits not in {8, 16, 32, 64}:
        raise OSError
    directory = _Directory(data, page)
    if page.number(_PLANES, 1) == _SEPARATE:
        parts = [_plane(directory, page, plane, page.samples) for plane in wanted]
        values = np.concatenate(parts, axis=-1)
    else:
        values = _plane(directory, page, 0, 1)[..., list(wanted)]
    return values.astype(values.dtype.newbyteorder("="))


def laid_out(data: bytes, page: Page) -> bytes:
    """Make a file with the same picture, uncompressed: grey floats, or colours of 8 or 16 bits.

    Raises:
        OSError, struct.error, ValueError: the file is damaged.
    """
    directory = _Directory(data, page)
    planes = page.samples if page.number(_PLANES, 1) == _SEPARATE else 1
    parts = [_plane(directory, page, plane, planes) for plane in range(planes)]
    pixels = np.concatenate(parts, axis=-1)
    if page.samples == 1 and pixels.dtype.kind == "u" and page.bits == 16:
        return directory.with_pixels(np.iinfo(pixels.dtype).max - pixels, {_PHOTOMETRIC: (1,)})
    if page.samples == 1:
        return directory.with_pixels(pixels.astype(np.float32), {_SAMPLE_FORMAT: (_FLOAT,)})
    if page.samples == 2:
        grey = np.iinfo(pixels.dtype).max - pixels if page.photometric == _WHITE_IS_ZERO else pixels
        pixels = np.concatenate([*[grey[..., :1]] * 3, pixels[..., 1:]], axis=-1)
    elif page.number(_EXTRA) == _ASSOCIATED and page.bits == 16 and page.samples == 4:
        pixels = _divided_by_opacity(pixels)
    changes = {_PHOTOMETRIC: (_RGB,), _SAMPLE_FORMAT: (1,) * pixels.shape[-1]}
    if page.samples == 2 or (page.bits == 16 and page.number(_EXTRA) == _ASSOCIATED):
        changes[_EXTRA] = (_UNASSOCIATED,)
    return directory.with_pixels(pixels, changes)


def _divided_by_opacity(pixels: np.ndarray) -> np.ndarray:
    """Restore colours that are stored multiplied by their opacity: uint16 (height, width, 4)."""
    opacity = pixels[..., 3:].astype(np.float64)
    opaque = max(1.0, opacity.max(initial=0))
    colours = pixels[..., :3] * np.divide(opaque, opacity, out=np.zeros_like(opacity), where=opacity > 0)
    restored = np.minimum(np.rint(colours), 65535).astype(pixels.dtype)
    return np.concatenate([restored, pixels[..., 3:]], axis=-1)


def _plane(directory: _Directory, page: Page, plane: int, planes: int) -> np.ndarray:
    """Decode one of a picture's planes: (height, width, samples in the plane)."""
    samples, size = page.samples // planes, page.bits // 8
    tile_width = page.number(_TILE_WIDTH)
    width = tile_width or page.size[0]
    # Tiles may reach beyond the picture; a predictor's row is that of the whole tile.
    whole_width = -(-page.size[0] // width) * width
    changes: dict[int, Sequence[int]] = {
        _WIDTH: (whole_width * samples * size,),
        **dict.fromkeys((_SAMPLES, _PHOTOMETRIC, _PLANES, _PREDICTOR, _SAMPLE_FORMAT), (1,)),
        _BITS: (8,),
        # Pillow would turn the plane.
        **dict.fromkeys((_EXTRA, _ORIENTATION), ()),
    }
    if tile_width:
        changes[_TILE_WIDTH] = (tile_width * samples * size,)
    for tags in _OFFSETS.items():
        for tag in tags:
            values = directory.values(tag)
            count = len(values) // planes
            changes[tag] = values[plane * count : (plane + 1) * count]
        directory.require_inside(changes[tags[0]], changes[tags[1]])
    with Image.open(io.BytesIO(directory.changed(changes)), formats=["TIFF"]) as image:
        packed = np.asarray(image)
    dtype = np.dtype(f"{directory.order}{_KINDS[page.number(_SAMPLE_FORMAT, 1)]}{size}")
    columns = [
        _without_differences(packed[:, start : start + width * samples * size], page, samples, dtype)
        for start in range(0, packed.shape[1], width * samples * size)
    ]
    return np.concatenate(columns, axis=1)[:, : page.size[0]]


def _without_differences(packed: np.ndarray, page: Page, samples: int, dtype: np.dtype) -> np.ndarray:
    """Undo the predictor of a strip's or a tile's rows: bytes (height, n) to (height, width, samples)."""
    height, predictor = len(packed), page.number(_PREDICTOR, 1)
    if predictor == _FLOAT_DIFFERENCES:
        # The bytes of a row: all the first ones, from the highest on, then all the second ones.
        sums = packed.reshape(height, -1, samples).cumsum(axis=1, dtype=np.uint8)
        ordered = sums.reshape(height, dtype.itemsize, -1).transpose(0, 2, 1)
        high_first = np.ascontiguousarray(ordered).view(dtype.newbyteorder(">"))
        return high_first.reshape(height, -1, samples)
    values = np.ascontiguousarray(packed).view(dtype).reshape(height, -1, samples)
    if predictor == _DIFFERENCES and dtype.kind != "f":
        return values.cumsum(axis=1, dtype=dtype.newbyteorder("="))
    return values


class _Directory:
    """Entries of a page, to write the file with some of them changed."""

    def __init__(self, data: bytes, page: Page) -> None:
        self._data, self._size = data, page.size
        self.order: Literal["<", ">"] = "<" if data[:2] == b"II" else ">"
        self._is_big = data[2:4] in {b"+\x00", b"\x00+"}
        # Formats of the number of entries, and of offsets.
        self._count, self._offset = ("Q", "Q") if self._is_big else ("H", "I")
        (entries,) = self._read(self._count, page.offset)
        start, size = page.offset + struct.calcsize(f"<{self._count}"), 20 if self._is_big else 12
        # Tag to type, number of values and the bytes that hold them, or their offset.
        self._entries: dict[int, tuple[int, int, bytes]] = {}
        for at in range(start, start + entries * size, size):
            tag, kind, count = self._read(f"HH{self._offset}", at)
            self._entries[tag] = kind, count, data[at + size - self._inline : at + size]

    @property
    def _inline(self) -> int:
        return struct.calcsize(f"<{self._offset}")

    def _read(self, format: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + format, self._data, offset)

    def values(self, tag: int) -> tuple[int, ...]:
        """Return all whole numbers of a tag, none without it."""
        kind, count, inline = self._entries.get(tag, (4, 0, b""))
        letters = f"{count}{_LETTERS[kind]}"
        if struct.calcsize(f"<{letters}") <= self._inline:
            return struct.unpack_from(self.order + letters, inline)
        return self._read(letters, struct.unpack(self.order + self._offset, inline)[0])

    def require_inside(self, offsets: Sequence[int], sizes: Sequence[int]) -> None:
        """
        Raises:
            OSError: pixels lie behind the end of a file that is cut off, where a new directory will stand.
        """
        if max(map(sum, zip(offsets, sizes, strict=True)), default=0) > len(self._data):
            raise OSError

    def with_pixels(self, pixels: np.ndarray, changes: Mapping[int, Sequence[int]]) -> bytes:
        """Write the file with these pixels (height, width, samples), uncompressed and in one piece."""
        content = pixels.astype(pixels.dtype.newbyteorder(self.order)).tobytes()
        own = {
            _BITS: (8 * pixels.dtype.itemsize,) * pixels.shape[-1],
            _SAMPLES: (pixels.shape[-1],),
            **dict.fromkeys((_COMPRESSION, _PLANES, _PREDICTOR), (1,)),
            **dict.fromkeys((_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES), ()),
            _STRIPS: (len(self._data),),
            _STRIP_BYTES: (len(content),),
            _ROWS: (self._size[1],),
        }
        return self.changed({**own, **changes}, content)

    def changed(self, changes: Mapping[int, Sequence[int]], content: bytes = b"") -> bytes:
        """Write the file with ``content`` and a new directory at its end; no values remove a tag."""
        end = self._data + content
        entries = {tag: entry for tag, entry in self._entries.items() if tag not in changes}
        for tag, values in changes.items():
            if not values:
                continue
            kind = 3 if max(values) < 1 << 16 else 16 if self._is_big else 4
            packed = struct.pack(f"{self.order}{len(values)}{_LETTERS[kind]}", *values)
            if len(packed) > self._inline:
                offset = struct.pack(self.order + self._offset, len(end))
                end, packed = end + packed, offset
            entries[tag] = kind, len(values), packed.ljust(self._inline, b"\x00")
        table = struct.pack(self.order + self._count, len(entries))
        for tag in sorted(entries):
            kind, count, inline = entries[tag]
            table += struct.pack(f"{self.order}HH{self._offset}", tag, kind, count) + inline
        first = struct.pack(self.order + self._offset, len(end))
        head = 8 if self._is_big else 4
        # No page follows.
        return end[:head] + first + end[head + len(first) :] + table + bytes(self._inline)
