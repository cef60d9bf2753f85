"""Directories of TIFF files: size, samples and compression of every page, read without decoding.

Only headers are read, within fixed limits. A damaged file has fewer pages here, never an error.
Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

# Pages and sub-pages that are looked at; stacks of thousands of slices have all alike.
_MAX_PAGES = 64
# Values of a tag that are read, and bytes of a text.
_MAX_VALUES = 64
_MAX_TEXT = 1 << 20
_INTEGER_BYTES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_TEXT_TYPE = 2

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_DESCRIPTION, _SAMPLES, _SUB_PAGES, _SAMPLE_FORMAT = 270, 277, 330, 339
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE = 254, 255
# Colour filter array, and linear values of a sensor.
_RAW_PHOTOMETRICS = {32803, 34892}
# Of Nikon, Sony, Pentax and DNG's lossy kind.
_RAW_COMPRESSIONS = {34713, 32767, 65535, 34892}
# A first page that is so small and so many times smaller than another is its thumbnail.
_MAX_THUMBNAIL_SIDE = 512
_THUMBNAIL_FACTOR = 3
_SHAPE_TOLERANCE = 0.03


@dataclass(frozen=True)
class Page:
    """One directory: where it begins, and its tags with whole numbers and texts."""

    offset: int
    numbers: dict[int, tuple[int, ...]]
    texts: dict[int, bytes]
    # True for a page that another page names, instead of the chain of pages.
    is_inner: bool = False
    # The file has the highest byte of a number first.
    is_big_endian: bool = False

    def number(self, tag: int, default: int = 0) -> int:
        """Return the first value of a tag."""
        return self.numbers.get(tag, (default,))[0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.number(_WIDTH), self.number(_HEIGHT)

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]

    @property
    def bits(self) -> int:
        """Bits of a sample."""
        return self.number(_BITS, 1)

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        return self.number(_SAMPLES, 1)

    @property
    def compression(self) -> int:
        return self.number(_COMPRESSION, 1)

    @property
    def photometric(self) -> int:
        return self.number(_PHOTOMETRIC)

    @property
    def is_float(self) -> bool:
        return self.number(_SAMPLE_FORMAT, 1) == 3

    @property
    def is_raw(self) -> bool:
        """True for the values of a camera's sensor."""
        return self.photometric in _RAW_PHOTOMETRICS or self.compression in _RAW_COMPRESSIONS

    @property
    def is_reduced(self) -> bool:
        """True for a page that says that it is a smaller version of another."""
        return bool(self.number(_NEW_SUBFILE_TYPE) & 1) or self.number(_SUBFILE_TYPE) == 2

    @property
    def is_mask(self) -> bool:
        return bool(self.number(_NEW_SUBFILE_TYPE) & 4)

    @property
    def description(self) -> bytes:
        return self.texts.get(_DESCRIPTION, b"")


def is_tiff(data: bytes) -> bool:
    """True for the signature of a TIFF or BigTIFF file."""
    return data[:4] in {b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"}


def read_pages(data: bytes) -> list[Page]:
    """Read the directories of a TIFF file and those inside them, in this order."""
    if not is_tiff(data):
        return []
    layout = _Layout(data)
    pages: list[Page] = []
    waiting, seen = deque([(layout.first, False)]), {0}
    while waiting and len(pages) < _MAX_PAGES:
        offset, is_inner = waiting.popleft()
        if offset in seen:
            continue
        seen.add(offset)
        try:
            page, following = layout.page(offset, is_inner=is_inner)
        except struct.error:
            continue
        pages.append(page)
        waiting += [*((inner, True) for inner in page.numbers.get(_SUB_PAGES, ())), (following, is_inner)]
    return pages


def main_page(pages: list[Page]) -> Page:
    """Choose the page that is the picture: the first, unless that is a thumbnail of a larger one."""
    first = pages[0]
    largest = max((page for page in pages if not page.is_mask), key=lambda page: page.pixels, default=first)
    if largest.pixels > first.pixels and (first.is_reduced or _is_thumbnail(first, largest)):
        return largest
    return first


def other_pictures(pages: list[Page]) -> list[Page]:
    """Return the pages that are other pictures than the main one: neither masks nor smaller versions of it."""
    main = main_page(pages)
    chain = [page for page in pages if page is not main and not page.is_inner]
    return [page for page in chain if not (page.is_mask or page.is_reduced or _is_thumbnail(page, main))]


def starting_with(data: bytes, page: Page) -> bytes:
    """Make the same file with ``page`` as its first page."""
    order = "<" if data[:2] == b"II" else ">"
    if data[2:4] in {b"+\x00", b"\x00+"}:
        return data[:8] + struct.pack(f"{order}Q", page.offset) + data[16:]
    return data[:4] + struct.pack(f"{order}I", page.offset) + data[8:]


def _is_thumbnail(first: Page, largest: Page) -> bool:
    (width, height), (full_width, full_height) = first.size, largest.size
    if min(width, height, full_width, full_height) == 0 or max(width, height) > _MAX_THUMBNAIL_SIDE:
        return False
    factor, other_factor = full_width / width, full_height / height
    same_shape = abs(factor / other_factor - 1) <= _SHAPE_TOLERANCE
    return factor >= _THUMBNAIL_FACTOR and same_shape


class _Layout:
    """Byte order and field sizes of a file: TIFF has 32-bit offsets, BigTIFF 64-bit ones."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order = "<" if data[:2] == b"II" else ">"
        self._big = data[2:4] in {b"+\x00", b"\x00+"}
        # Formats of a number of entries, and of an offset.
        self._count, self._offset = ("Q", "Q") if self._big else ("H", "I")
        start = 8 if self._big else 4
        self.first = self._read(self._offset, start)[0] if len(data) >= 16 else 0

    def _read(self, format: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + format, self._data, offset)

    def page(self, offset: int, *, is_inner: bool) -> tuple[Page, int]:
        """Read the directory at ``offset``, and the offset of the next one."""
        (entries,) = self._read(self._count, offset)
        if entries > 4096:
            raise struct.error
        start = offset + struct.calcsize(self._order + self._count)
        entry_bytes = 20 if self._big else 12
        numbers: dict[int, tuple[int, ...]] = {}
        texts: dict[int, bytes] = {}
        for index in range(entries):
            self._entry(start + index * entry_bytes, numbers, texts)
        end = start + entries * entry_bytes
        following = self._read(self._offset, end)[0] if end + 4 <= len(self._data) else 0
        return Page(offset, numbers, texts, is_inner, self._order == ">"), following

    def _entry(self, offset: int, numbers: dict[int, tuple[int, ...]], texts: dict[int, bytes]) -> None:
        tag, kind, count = self._read(f"HH{self._offset}", offset)
        letter = "c" if kind == _TEXT_TYPE else _INTEGER_BYTES.get(kind)
        if letter is None or count == 0:
            return
        value_at = offset + (12 if self._big else 8)
        size = count * struct.calcsize(f"<{letter}")
        if size > (8 if self._big else 4):
            (value_at,) = self._read(self._offset, value_at)
        if kind == _TEXT_TYPE:
            texts[tag] = self._data[value_at : value_at + min(count, _MAX_TEXT)]
            return
        try:
            numbers[tag] = self._read(f"{min(count, _MAX_VALUES)}{letter}", value_at)
        except struct.error:
            # The value lies beyond the end of a damaged file.
            return
