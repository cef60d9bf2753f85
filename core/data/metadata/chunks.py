"""Metadata in segments, chunks and blocks: JPEG, PNG, WebP, GIF, Photoshop."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from core.data.metadata.orientation import EXIF_MARK, UPRIGHT, only_orientation, orientation

# JPEG: segments of marker, length and content, up to the end of the image.


def strip_jpeg(data: bytes) -> bytes:
    """Remove all application segments except JFIF, Adobe's colour transform and colour profiles."""
    turn = orientation(data)
    parts = [data[:2]]
    if turn != UPRIGHT:
        exif = EXIF_MARK + only_orientation(turn)
        parts.append(b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif)
    offset = 2
    while True:
        # Padding.
        while data[offset + 1] == 0xFF:
            offset += 1
        if data[offset] != 0xFF:
            raise ValueError
        marker = data[offset + 1]
        if marker == 0xD9:
            return b"".join([*parts, data[offset : offset + 2]])
        end = offset + 2 + struct.unpack_from(">H", data, offset + 2)[0]
        segment = data[offset:end]
        if marker == 0xDA:
            end = _end_of_scan(data, end)
            parts.append(data[offset:end])
        elif marker == 0xE0 and segment[4:9] == b"JFIF\x00":
            # Without its thumbnail.
            parts.append(segment[:2] + b"\x00\x10" + segment[4:16] + b"\x00\x00")
        elif _is_needed(marker, segment[4:]):
            parts.append(segment)
        offset = end


def _end_of_scan(data: bytes, offset: int) -> int:
    """Find the offset of the next marker that is neither an escaped byte nor a restart."""
    while True:
        offset = data.index(b"\xff", offset)
        if data[offset + 1] not in {0x00, *range(0xD0, 0xD8)}:
            return offset
        offset += 2


def _is_needed(marker: int, content: bytes) -> bool:
    is_application = 0xE0 <= marker <= 0xEF
    is_comment = marker == 0xFE
    is_colour = (marker == 0xE2 and content.startswith(b"ICC_PROFILE\x00")) or (
        marker == 0xEE and content.startswith(b"Adobe")
    )
    return is_colour or not (is_application or is_comment)


# PNG: chunks of length, name, content and checksum.

_PNG_CHUNKS = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP"),
    *(b"sBIT", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT"),
}


def strip_png(data: bytes) -> bytes:
    turn = orientation(data)
    parts = [data[:8]]
    offset = 8
    while offset < len(data):
        (size,) = struct.unpack_from(">I", data, offset)
        name = data[offset + 4 : offset + 8]
        end = offset + 12 + size
        if name in _PNG_CHUNKS:
            parts.append(data[offset:end])
        if name == b"IHDR" and turn != UPRIGHT:
            exif = b"eXIf" + only_orientation(turn)
            parts.append(struct.pack(">I", len(exif) - 4) + exif + struct.pack(">I", zlib.crc32(exif)))
        if name == b"IEND":
            break
        offset = end
    return b"".join(parts)


# WebP: RIFF chunks. The first has flags for the others.

_WEBP_EXIF_FLAG, _WEBP_XMP_FLAG = 0x08, 0x04
_WEBP_CHUNKS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}


def strip_webp(data: bytes) -> bytes:
    turn = orientation(data)
    parts = []
    for name, content in _riff_chunks(data):
        if name == b"VP8X":
            flags = content[0] & ~(_WEBP_EXIF_FLAG | _WEBP_XMP_FLAG)
            flags |= _WEBP_EXIF_FLAG if turn != UPRIGHT else 0
            content = bytes([flags]) + content[1:]
        if name in _WEBP_CHUNKS:
            parts.append(_riff_chunk(name, content))
    # There was EXIF, so the header announces it.
    if turn != UPRIGHT:
        parts.append(_riff_chunk(b"EXIF", only_orientation(turn)))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = 12
    while offset + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, offset)
        yield name, data[offset + 8 : offset + 8 + size]
        offset += 8 + size + size % 2


def _riff_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


# GIF: blocks. Comments and application data are removed, except the number of repetitions.


def strip_gif(data: bytes) -> bytes:
    offset = 13 + _palette_bytes(data[10])
    parts = [data[:offset]]
    while data[offset] != 0x3B:
        start, is_needed = offset, True
        if data[offset] == 0x2C:
            offset += 11 + _palette_bytes(data[offset + 9])
        elif data[offset] == 0x21:
            kind = data[offset + 1]
            is_loop = kind == 0xFF and data[offset + 3 : offset + 11] == b"NETSCAPE"
            is_needed = kind == 0xF9 or is_loop
            offset += 2
        else:
            raise ValueError
        while data[offset]:
            offset += 1 + data[offset]
        offset += 1
        if is_needed:
            parts.append(data[start:offset])
    return b"".join([*parts, b"\x3b"])


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


# Photoshop: a section of its own.


def strip_photoshop(data: bytes) -> bytes:
    colours_at = 26
    resources_at = colours_at + 4 + struct.unpack_from(">I", data, colours_at)[0]
    (size,) = struct.unpack_from(">I", data, resources_at)
    return data[:resources_at] + bytes(4) + data[resources_at + 4 + size :]
