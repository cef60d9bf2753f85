"""Metadata in boxes: HEIC, AVIF, JPEG 2000, JPEG XL."""

from __future__ import annotations

import struct
from collections.abc import Iterator

# HEIC and AVIF: nested boxes. Items store absolute offsets, so their bytes are overwritten
# instead of removed. The orientation is a property of the picture, not of its EXIF.

# Bytes of version and flags before the children of the box "meta".
_META_CHILDREN_AT = 4


def strip_iso(data: bytes) -> bytes:
    buffer = bytearray(data)
    top = {name: (start, end) for name, start, end in _boxes(data, 0, len(data))}
    start, end = top.get(b"meta", (0, 0))
    boxes = {name: span for name, *span in _boxes(data, start + _META_CHILDREN_AT, end)}
    if b"iinf" in boxes and b"iloc" in boxes:
        private = set(_private_items(data, *boxes[b"iinf"]))
        stored_at = boxes[b"idat"][0] if b"idat" in boxes else 0
        for item, in_box, offset, size in _extents(data, boxes[b"iloc"][0]):
            if item in private:
                offset += stored_at if in_box else 0
                buffer[offset : offset + size] = _blank_item(data[offset : offset + size])
    for name, box_start, box_end in _boxes(data, 0, len(data)):
        if name == b"uuid":
            buffer[box_start:box_end] = bytes(box_end - box_start)
    return bytes(buffer)


def _boxes(data: bytes, offset: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each box, and the start and end of its content."""
    while offset + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, offset)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, offset + 8)
            head = 16
        size = size or end - offset
        if size < head or offset + size > end:
            return
        yield name, offset + head, offset + size
        offset += size


def _private_items(data: bytes, start: int, end: int) -> Iterator[int]:
    """Yield the numbers of the items that contain EXIF or XMP (of type “mime”)."""
    count_bytes = 2 if data[start] == 0 else 4
    for name, offset, _ in _boxes(data, start + 4 + count_bytes, end):
        if name == b"infe" and data[offset] >= 2:
            wide = data[offset] >= 3
            (item,) = struct.unpack_from(">I" if wide else ">H", data, offset + 4)
            kind_at = offset + (10 if wide else 8)
            if data[kind_at : kind_at + 4] in {b"Exif", b"mime"}:
                yield item


def _extents(data: bytes, offset: int) -> Iterator[tuple[int, bool, int, int]]:
    """Yield the item number, True if in the box “idat”, offset and size of every extent."""
    version = data[offset]
    offset_bytes, length_bytes = data[offset + 4] >> 4, data[offset + 4] & 15
    base_bytes, index_bytes = data[offset + 5] >> 4, data[offset + 5] & 15 if version else 0
    wide = 4 if version == 2 else 2
    offset += 6

    def number(size: int) -> int:
        nonlocal offset
        offset += size
        if offset > len(data):
            raise IndexError
        return int.from_bytes(data[offset - size : offset], "big")

    for _ in range(number(wide)):
        item = number(wide)
        in_box = bool(version and number(2) & 15 == 1)
        # The number of the file: this one.
        number(2)
        base = number(base_bytes)
        for _ in range(number(2)):
            number(index_bytes)
            start = base + number(offset_bytes)
            yield item, in_box, start, number(length_bytes)


def _blank_item(content: bytes) -> bytes:
    """Make as many bytes as ``content`` that are an empty EXIF record."""
    nothing = bytes(4) + b"II*\x00\x08\x00\x00\x00" + bytes(6)
    return nothing.ljust(len(content), b"\x00") if len(content) >= len(nothing) else bytes(len(content))


# JPEG 2000: boxes without offsets.


def strip_jpeg2000(data: bytes) -> bytes:
    if data[4:8] != b"jP  ":
        # The bare codestream.
        return data
    parts = []
    offset = 0
    for name, _, end in _boxes(data, 0, len(data)):
        if name not in {b"uuid", b"xml ", b"uinf"}:
            parts.append(data[offset:end])
        offset = end
    if offset != len(data):
        raise ValueError
    return b"".join(parts)


# Of the container of JPEG XL; the last two are compressed metadata, and the header of a JPEG inside.
_JPEG_XL_PRIVATE = {b"Exif", b"xml ", b"jumb", b"brob", b"jbrd"}


def strip_jpeg_xl(data: bytes) -> bytes:
    """Leave a picture without metadata as it is; one with metadata is encoded again."""
    if data[4:8] != b"JXL ":
        # The bare codestream.
        return data
    if any(name in _JPEG_XL_PRIVATE for name, _, _ in _boxes(data, 0, len(data))):
        raise ValueError
    return data
