"""Headers of JPEG files: the process, its precision and the components of the first scan.

Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from PIL import ImageFile

_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
# Markers of frames; the three left out are tables.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA


@dataclass(frozen=True, kw_only=True)
class JpegHeader:
    """Frame header of a JPEG, and the number of components in its first scan (0 without one)."""

    process: int
    bits: int
    components: int
    scan_components: int

    @property
    def is_lossless(self) -> bool:
        return self.process in _LOSSLESS


def read_header(data: bytes) -> JpegHeader | None:
    """Read the segments up to the first scan; None without a frame header."""
    process = bits = components = 0
    offset = 2
    while offset + 10 <= len(data) and data[offset] == 0xFF:
        marker, size = data[offset + 1], struct.unpack_from(">H", data, offset + 2)[0]
        if marker == 0xFF:
            # Padding.
            offset += 1
            continue
        if marker in _FRAMES:
            process, bits, components = marker, data[offset + 4], data[offset + 9]
        if marker == _SCAN:
            break
        offset += 2 + size
    if not process:
        return None
    scanned = data[offset + 4] if data[offset : offset + 2] == b"\xff\xda" else 0
    return JpegHeader(process=process, bits=bits, components=components, scan_components=scanned)


def is_buffered(data: bytes) -> bool:
    """True if decoding keeps all coefficients in memory, whatever size is asked for."""
    header = read_header(data)
    return header is None or header.process in _PROGRESSIVE or header.scan_components < header.components


def has_plain_ink(image: ImageFile.ImageFile) -> bool:
    """True for CMYK without Adobe's marker: amounts of ink as they are, not inverted."""
    return image.mode == "CMYK" and image.format in {"JPEG", "MPO"} and "adobe" not in image.info
