"""Kinds that cannot be read are refused by name, with a remedy; nothing else is."""

from __future__ import annotations

import gzip
import io
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.data.images import tiff as tiff_pages
from core.data.images.kinds import refusal_of
from core.data.images.picture import PictureError, decode_picture, open_picture
from tests.support.pictures import encoded, small_photograph


def refusal(data: bytes) -> str:
    """The code of the reason against a file."""
    with pytest.raises(PictureError) as caught:
        decoded(data)
    assert str(caught.value)
    return caught.value.code


def decoded(data: bytes) -> Image.Image:
    return decode_picture(open_picture(data))


def tiff(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


NIFTI = struct.pack("<i", 348) + bytes(340) + b"n+1\x00" + bytes(100)


@pytest.mark.parametrize(
    ("data", "code", "name"),
    [
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "drawing", "SVG"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "drawing", "SVG"),
        (b"%PDF-1.7 a document", "pdf", "PDF"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n", "other_kind", "Radiance HDR"),
        (b"v/1\x01" + bytes(60), "other_kind", "OpenEXR"),
        (b"DDS " + bytes(124), "other_kind", "DDS"),
        (b"SIMPLE  =                    T" + bytes(50), "other_kind", "FITS"),
        (NIFTI, "volume", "NIfTI"),
        (gzip.compress(NIFTI), "volume", "NIfTI"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(20), "video", "video"),
        (b"\x00\x00\x00\x14ftypqt  " + bytes(20), "video", "video"),
        (b"\x1aE\xdf\xa3" + bytes(40), "video", "video"),
        (b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(40), "video", "video"),
        (b"\x00\x00\x00\x18ftypcrx " + bytes(20), "camera_raw", "raw"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(40), "camera_raw", "raw"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(40), "camera_raw", "raw"),
        (b"IIU\x00\x18\x00\x00\x00" + bytes(40), "camera_raw", "raw"),
        (b"II\x1a\x00\x00\x00HEAPCCDR" + bytes(40), "camera_raw", "raw"),
        (b"II*\x00\x10\x00\x00\x00IIIITwaR" + bytes(40), "camera_raw", "raw"),
        (b"ZISRAWFILE" + bytes(40), "microscope_file", "CZI"),
        (b"8BPS\x00\x02" + bytes(40), "other_kind", "PSB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_kind_is_named(data: bytes, code: str, name: str) -> None:
    with pytest.raises(PictureError, match=name) as caught:
        open_picture(data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("first_packet", "code"),
    [(b"\x80theora\3\2\1", "video"), (b"\1vorbis", "not_a_picture"), (b"OpusHead", "not_a_picture")],
)
def test_a_sound_in_ogg_is_no_video(first_packet: bytes, code: str) -> None:
    """Advice to save frames of it would lead nowhere."""
    page = b"OggS\0\2" + bytes(20) + b"\1\x1e" + first_packet + bytes(40)
    assert refusal(page) == code


def test_a_web_page_with_a_drawing_is_no_drawing() -> None:
    assert refusal(b"<!DOCTYPE html><html><svg></svg></html>") == "not_a_picture"


def jpeg_with_header(position: int, value: int) -> bytes:
    """A JPEG whose frame header has another value: its marker at 1, its precision at 4."""
    data = bytearray(encoded(small_photograph(), "JPEG"))
    data[data.index(b"\xff\xc0") + position] = value
    return bytes(data)


def test_a_jpeg_of_12_bits_is_named() -> None:
    """Pillow takes it for no picture at all."""
    with pytest.raises(PictureError, match="it is a JPEG with 12 bits a colour"):
        open_picture(jpeg_with_header(4, 12))


def test_a_photoshop_file_of_16_bits_is_named() -> None:
    header = b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 10, 10, 16, 3) + bytes(20)
    with pytest.raises(PictureError, match="it is a Photoshop file with 16 bits a colour"):
        open_picture(header)


@pytest.mark.parametrize(
    ("pixels", "options", "sentence"),
    [
        (np.zeros((8, 9, 3), np.float32), {"photometric": "rgb"}, "32-bit floats in 3 bands"),
        (np.zeros((8, 9), np.uint64), {}, "64-bit values in 1 bands"),
    ],
    ids=["float RGB", "64 bit"],
)
def test_an_unreadable_tiff_says_what_it_holds(pixels: np.ndarray, options: dict, sentence: str) -> None:
    with pytest.raises(PictureError, match=f"it is a TIFF with {sentence}, which cannot be read; save"):
        open_picture(tiff(pixels, **options))


@pytest.mark.parametrize(
    ("number", "name"), [(50001, "WebP"), (34712, "JPEG 2000"), (34887, "LERC"), (50002, "JPEG XL")]
)
def test_a_compression_that_is_missing_is_named(number: int, name: str) -> None:
    """Its pixels are whole; to call the file damaged would send people after a fault that is not there."""
    data = tiff(np.zeros((8, 9, 3), np.uint8), photometric="rgb")
    entry = struct.pack("<HHII", 259, 3, 1, 1)
    assert data.count(entry) == 1
    with pytest.raises(PictureError, match=f"it is a TIFF compressed with {name}"):
        decoded(data.replace(entry, struct.pack("<HHII", 259, 3, 1, number)))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "zstd"])
def test_a_tiff_whose_pixels_are_damaged_is_called_so(compression: str) -> None:
    """Its compression can be read here, so that is not the reason."""
    data = encoded(small_photograph(), "TIFF", compression=compression)
    # The pixels come first, behind the header of 8 bytes, or the directory does.
    strip = tiff_pages.read_pages(data)[0].number(273)
    data = data[:strip] + bytes(400) + data[strip + 400 :]
    with pytest.raises(PictureError, match=r"^it is damaged or cut off$"):
        decode_picture(open_picture(data))


def raw_like(small: np.ndarray, full: np.ndarray, **options: Any) -> bytes:
    """A TIFF as cameras lay it out: a thumbnail first, the picture in a directory inside."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(small, photometric="rgb", subfiletype=1, subifds=1)
        writer.write(full, subfiletype=0, **options)
    return stream.getvalue()


def test_a_cameras_raw_file_is_never_its_thumbnail() -> None:
    """DNG, NEF and ARW are TIFF files whose first page is a thumbnail."""
    sensor = np.arange(240 * 180, dtype=np.uint16).reshape(180, 240)
    data = raw_like(small_photograph(width=40, height=30), sensor, photometric=32803)
    assert refusal(data) == "camera_raw"


@pytest.mark.parametrize(
    "kind",
    ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000", "AVIF", "TGA", "PCX", "ICO", "PPM", "HEIF"],
)
def test_a_kind_that_is_read_is_not_refused(kind: str) -> None:
    assert refusal_of(encoded(Image.fromarray(small_photograph()).resize((32, 32)), kind)) is None
