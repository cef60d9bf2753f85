"""Metadata in the tags of TIFF files."""

from __future__ import annotations

import io
import struct

from core.data.images import channels, tiff

# TIFF: directories of tags, each with its value or the value's offset. Changed in place,
# because offsets are absolute.

_TIFF_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_TIFF_EXIF, _TIFF_GPS, _TIFF_INTEROP = 0x8769, 0x8825, 0xA005
_TIFF_DIRECTORIES = {_TIFF_EXIF, _TIFF_GPS, _TIFF_INTEROP}
_TIFF_PRIVATE = {
    *_TIFF_DIRECTORIES,
    # Names, makers, dates.
    *(0x010D, 0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298),
    # XMP, IPTC, serial numbers.
    *(0x02BC, 0x83BB, 0x8649, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F, 0xC614, 0xC62F),
}


def strip_tiff(data: bytes) -> bytes:
    order = {b"II": "<", b"MM": ">"}[data[:2]] if data[:2] in {b"II", b"MM"} else ""
    if not order or struct.unpack_from(f"{order}H", data, 2)[0] != 42:
        raise ValueError
    pages = tiff.read_pages(data)
    if shown := channels.channel_pages(pages):
        return _channels_alone(data, shown)
    buffer = bytearray(data)
    (offset,) = struct.unpack_from(f"{order}I", buffer, 4)
    seen: set[int] = set()
    while offset and offset not in seen:
        seen.add(offset)
        offset = _strip_directory(buffer, offset, order, everything=False, seen=seen)
    for page in pages:
        if page.offset not in seen:
            seen.add(page.offset)
            _strip_directory(buffer, page.offset, order, everything=False, seen=seen)
    return bytes(buffer)


def _channels_alone(data: bytes, pages: list[tiff.Page]) -> bytes:
    """Make a picture of the channels that are shown: without its description they would be pages."""
    try:
        stream = channels.open_channels(data, pages).fp
    except OSError as error:
        raise ValueError from error
    assert isinstance(stream, io.BytesIO)
    return stream.getvalue()


def _strip_directory(buffer: bytearray, offset: int, order: str, *, everything: bool, seen: set[int]) -> int:
    """Remove the private tags, or all, of the directory at ``offset``; return the offset of the next one."""
    (count,) = struct.unpack_from(f"{order}H", buffer, offset)
    entries = [bytes(buffer[offset + 2 + 12 * i : offset + 14 + 12 * i]) for i in range(count)]
    after = offset + 2 + 12 * count
    (following,) = struct.unpack_from(f"{order}I", buffer, after)
    remaining = []
    for entry in entries:
        tag, kind, values, value = struct.unpack(f"{order}HHII", entry)
        if not everything and tag not in _TIFF_PRIVATE:
            remaining.append(entry)
            continue
        size = _TIFF_TYPE_BYTES.get(kind, 0) * values
        if tag in _TIFF_DIRECTORIES and value not in seen:
            seen.add(value)
            _strip_directory(buffer, value, order, everything=True, seen=seen)
        elif size > 4 and value + size <= len(buffer):
            buffer[value : value + size] = bytes(size)
    directory = (
        struct.pack(f"{order}H", len(remaining)) + b"".join(remaining) + struct.pack(f"{order}I", following)
    )
    buffer[offset : after + 4] = directory.ljust(after + 4 - offset, b"\x00")
    return int(following)
