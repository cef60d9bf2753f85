"""Removal of picture metadata: location, time, camera, thumbnails, comments.

The bytes of the pixels do not change, nor do colour profiles, transparency and animations.
The orientation stays, because the picture is not upright without it. Cameras and phones write
no metadata into formats that are not handled here. One module, because each format is one short
function beside its siblings.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from PIL import ExifTags, Image

from core.data.images import channels, picture, tiff
from core.data.skip_reasons import SkipReason, unreadable_image

_EXIF_MARK = b"Exif\x00\x00"
_UPRIGHT = 1
_BEST_QUALITY: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "MPO": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95},
    "HEIF": {"quality": 95},
    "TIFF": {"compression": "tiff_adobe_deflate"},
    "JXL": {"lossless": True},
}


def strip_metadata(data: bytes, format: str, pixel_range: tuple[float, float] | None = None) -> bytes:
    """Remove the metadata of a picture; its pixels do not change.

    A file that can be decoded but violates its format is encoded again, at the highest quality.

    Args:
        format: Pillow's name of the picture's format.
        pixel_range: values of deep pictures that become black and white where a file is encoded again.
    Raises:
        UnreadableImageError: the bytes are not a picture that can be read, or encoded again.
    """
    strip = _STRIPPERS.get(format)
    if strip is None:
        return data
    try:
        return strip(data)
    except (struct.error, IndexError, ValueError):
        return _encoded_again(data, format, pixel_range)


def _encoded_again(data: bytes, format: str, pixel_range: tuple[float, float] | None) -> bytes:
    stream = io.BytesIO()
    try:
        image = picture.decode_picture(picture.open_picture(data), pixel_range=pixel_range)
        pixels = Image.frombytes("RGB", image.size, image.tobytes())
        pixels.save(stream, format, **_BEST_QUALITY.get(format, {}))
    except picture.PictureError as error:
        raise unreadable_image(error.code, error.values) from error
    except picture.DECODER_ERRORS as error:
        raise unreadable_image(SkipReason.DAMAGED) from error
    return stream.getvalue()


def _orientation(data: bytes) -> int:
    """Read the orientation from EXIF or XMP, as the decoder does."""
    try:
        image = picture.open_picture(data)
        return int(image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT))
    except (picture.PictureError, *picture.DECODER_ERRORS):
        return _UPRIGHT


def _only_orientation(orientation: int) -> bytes:
    """Make an EXIF record, as a TIFF file, with the orientation alone."""
    entry = struct.pack("<HHIHH", ExifTags.Base.Orientation, 3, 1, orientation, 0)
    return struct.pack("<2sHIH", b"II", 42, 8, 1) + entry + bytes(4)


# JPEG: segments of marker, length and content, up to the end of the image.


def _strip_jpeg(data: bytes) -> bytes:
    """Remove all application segments except JFIF, Adobe's colour transform and colour profiles."""
    orientation = _orientation(data)
    parts = [data[:2]]
    if orientation != _UPRIGHT:
        exif = _EXIF_MARK + _only_orientation(orientation)
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


def _strip_png(data: bytes) -> bytes:
    orientation = _orientation(data)
    parts = [data[:8]]
    offset = 8
    while offset < len(data):
        (size,) = struct.unpack_from(">I", data, offset)
        name = data[offset + 4 : offset + 8]
        end = offset + 12 + size
        if name in _PNG_CHUNKS:
            parts.append(data[offset:end])
        if name == b"IHDR" and orientation != _UPRIGHT:
            exif = b"eXIf" + _only_orientation(orientation)
            parts.append(struct.pack(">I", len(exif) - 4) + exif + struct.pack(">I", zlib.crc32(exif)))
        if name == b"IEND":
            break
        offset = end
    return b"".join(parts)


# WebP: RIFF chunks. The first has flags for the others.

_WEBP_EXIF_FLAG, _WEBP_XMP_FLAG = 0x08, 0x04
_WEBP_CHUNKS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}


def _strip_webp(data: bytes) -> bytes:
    orientation = _orientation(data)
    parts = []
    for name, content in _riff_chunks(data):
        if name == b"VP8X":
            flags = content[0] & ~(_WEBP_EXIF_FLAG | _WEBP_XMP_FLAG)
            flags |= _WEBP_EXIF_FLAG if orientation != _UPRIGHT else 0
            content = bytes([flags]) + content[1:]
        if name in _WEBP_CHUNKS:
            parts.append(_riff_chunk(name, content))
    # There was EXIF, so the header announces it.
    if orientation != _UPRIGHT:
        parts.append(_riff_chunk(b"EXIF", _only_orientation(orientation)))
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


def _strip_gif(data: bytes) -> bytes:
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


def _strip_tiff(data: bytes) -> bytes:
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


# HEIC and AVIF: nested boxes. Items store absolute offsets, so their bytes are overwritten
# instead of removed. The orientation is a property of the picture, not of its EXIF.

# Bytes of version and flags before the children of the box "meta".
_META_CHILDREN_AT = 4


def _strip_iso(data: bytes) -> bytes:
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


# JPEG 2000: boxes without offsets. Photoshop: a section of its own.


def _strip_jpeg2000(data: bytes) -> bytes:
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


def _strip_jpeg_xl(data: bytes) -> bytes:
    """Leave a picture without metadata as it is; one with metadata is encoded again."""
    if data[4:8] != b"JXL ":
        # The bare codestream.
        return data
    if any(name in _JPEG_XL_PRIVATE for name, _, _ in _boxes(data, 0, len(data))):
        raise ValueError
    return data


def _strip_photoshop(data: bytes) -> bytes:
    colours_at = 26
    resources_at = colours_at + 4 + struct.unpack_from(">I", data, colours_at)[0]
    (size,) = struct.unpack_from(">I", data, resources_at)
    return data[:resources_at] + bytes(4) + data[resources_at + 4 + size :]


_STRIPPERS: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": _strip_jpeg,
    "MPO": _strip_jpeg,
    "PNG": _strip_png,
    "WEBP": _strip_webp,
    "GIF": _strip_gif,
    "TIFF": _strip_tiff,
    "HEIF": _strip_iso,
    "AVIF": _strip_iso,
    "JPEG2000": _strip_jpeg2000,
    "JXL": _strip_jpeg_xl,
    "PSD": _strip_photoshop,
}
