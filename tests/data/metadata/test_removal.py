"""Metadata is removed from pictures that leave Darkroom, and their pixels are untouched."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from core.data.images.picture import decode_picture, open_picture
from core.data.metadata.removal import strip_metadata
from core.errors import UnreadableImageError
from tests.support.pictures import digit_scans, encoded, photograph, small_photograph

# Pillow warns of the damage that these tests do.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")

SECRETS = (b"Hasselblad", b"serial-4711", b"52.5163", b"Brandenburg")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><photographer>Brandenburg</photographer></x:xmpmeta>'
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def camera_record(orientation: int = 1) -> Image.Exif:
    """EXIF data as a phone writes it: camera, serial number, location and a comment."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F], exif[0x0110] = "Hasselblad", "H-1"
    exif.get_ifd(0x8769)[0xA431] = "serial-4711"
    exif.get_ifd(0x8825)[29] = "52.5163"
    return exif


def tiff_record(orientation: int) -> TiffImagePlugin.ImageFileDirectory_v2:
    """The same as the directory of a TIFF file."""
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory[0x0112], directory[0x010F], directory[0x0110] = orientation, "Hasselblad", "H-1"
    directory[0x8769] = {0xA431: "serial-4711"}
    directory[0x8825] = {29: "52.5163"}
    return directory


def pixels(data: bytes) -> np.ndarray:
    """uint8 RGB as every part of Darkroom sees it."""
    return np.asarray(decode_picture(open_picture(data)))


def frames(data: bytes) -> list[bytes]:
    image = Image.open(io.BytesIO(data))
    found = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        found.append(image.convert("RGBA").tobytes())
    return found


def told(data: bytes) -> set[bytes]:
    """The secrets that stand in a file, packed text included."""
    plain = data
    for place in range(len(data) - 4):
        if data[place : place + 4] in {b"zTXt", b"iTXt"}:
            packed = data[data.index(b"\x00", place + 4) + 2 :]
            plain += zlib.decompressobj().decompress(packed)
    return {secret for secret in SECRETS if secret in plain}


KINDS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 90, "comment": b"Brandenburg", "xmp": XMP},
    "progressive JPEG": {"quality": 90, "progressive": True, "xmp": XMP},
    "PNG": {},
    "WEBP": {"lossless": True, "xmp": XMP},
    "lossy WEBP": {"quality": 80, "xmp": XMP},
    "TIFF": {},
    "AVIF": {"xmp": XMP},
    "HEIF": {"xmp": XMP},
}


def with_secrets(kind: str, orientation: int = 1) -> tuple[bytes, str]:
    """A photograph of this kind that tells them, and its format."""
    name = kind.rpartition(" ")[2]
    image = Image.fromarray(photograph("china")[:100, :150])
    options = {**KINDS[kind], "exif": camera_record(orientation)}
    if name == "TIFF":
        options = {"tiffinfo": tiff_record(orientation)}
    if name == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Author", "Brandenburg", zip=True)
        options["pnginfo"].add_text("Place", "52.5163")
    return encoded(image, name, **options), name


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_metadata_are_removed_and_every_pixel_stays(kind: str, orientation: int) -> None:
    data, name = with_secrets(kind, orientation)
    assert told(data) >= {b"Hasselblad", b"serial-4711", b"52.5163"}
    bare = strip_metadata(data, name)
    assert told(bare) == set()
    assert len(bare) <= len(data)
    assert np.array_equal(pixels(bare), pixels(data))
    assert open_picture(bare).format == name


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_only_the_orientation_is_left(kind: str) -> None:
    data, name = with_secrets(kind, orientation=6)
    exif = open_picture(strip_metadata(data, name)).getexif()
    assert dict(exif) == {0x0112: 6}


@pytest.mark.parametrize("kind", KINDS)
def test_stripping_twice_changes_nothing(kind: str) -> None:
    data, name = with_secrets(kind, orientation=6)
    bare = strip_metadata(data, name)
    assert strip_metadata(bare, name) == bare


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_colour_profile_stays(format: str) -> None:
    """Without it, the same pixels look different elsewhere."""
    data = encoded(small_photograph(), format, icc_profile=PROFILE, exif=camera_record())
    assert open_picture(strip_metadata(data, format)).info["icc_profile"] == PROFILE


def test_printing_colours_stay() -> None:
    """Adobe's marker says how the four colours are stored; without it they turn around."""
    data = encoded(Image.fromarray(small_photograph()).convert("CMYK"), "JPEG", exif=camera_record())
    assert np.array_equal(pixels(strip_metadata(data, "JPEG")), pixels(data))


def test_the_thumbnail_of_a_camera_is_removed() -> None:
    """It may show what was cut away from the picture."""
    small = encoded(small_photograph("flower", 32, 24), "JPEG")
    data = bytearray(encoded(small_photograph(), "JPEG"))
    thumbnail = struct.pack(">2sH5sHBHHBB", b"\xff\xe0", 16 + 2 * 2 * 3, b"JFIF\x00", 0x0102, 0, 1, 1, 2, 2)
    jfxx = b"\xff\xe0" + struct.pack(">H", len(small) + 8) + b"JFXX\x00\x10" + small
    data[2:20] = thumbnail + b"secretsecret" + jfxx
    bare = strip_metadata(bytes(data), "JPEG")
    assert b"secret" in data
    assert b"secret" not in bare
    assert small[20:200] in data
    assert small[20:200] not in bare
    assert np.array_equal(pixels(bare), pixels(bytes(data)))


def test_auxiliary_pictures_of_a_phone_are_removed() -> None:
    first, second = (Image.fromarray(small_photograph(name)) for name in ("china", "flower"))
    data = encoded(first, "MPO", save_all=True, append_images=[second], exif=camera_record())
    bare = strip_metadata(data, "MPO")
    assert len(bare) < 0.7 * len(data)
    assert np.array_equal(pixels(bare), pixels(data))


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_a_film_keeps_its_pictures(format: str) -> None:
    scans = [Image.fromarray(scan) for scan in digit_scans()[:4]]
    options = {"lossless": True} if format == "WEBP" else {"comment": "52.5163"} if format == "GIF" else {}
    data = encoded(scans[0], format, save_all=True, append_images=scans[1:], duration=80, loop=0, **options)
    bare = strip_metadata(data, format)
    assert len(frames(data)) == 4
    assert frames(bare) == frames(data)
    assert Image.open(io.BytesIO(bare)).info.get("loop") == 0
    assert told(bare) == set()


def test_every_page_of_a_tiff_stays() -> None:
    pages = [Image.fromarray(small_photograph(name)) for name in ("china", "flower")]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], description="52.5163")
    bare = strip_metadata(data, "TIFF")
    assert frames(bare) == frames(data)
    assert told(data) == {b"52.5163"}
    assert told(bare) == set()


def test_jpeg_2000_loses_its_boxes_only() -> None:
    data = encoded(small_photograph(), "JPEG2000")
    mark = data.index(b"ftyp") - 4
    box = b"".join([struct.pack(">I4s", 8 + len(XMP), b"xml "), XMP])
    size = struct.unpack_from(">I", data, mark)[0]
    told_data = data[: mark + size] + box + data[mark + size :]
    assert np.array_equal(pixels(told_data), pixels(data))
    assert strip_metadata(told_data, "JPEG2000") == data


@pytest.mark.parametrize("name", [b"Exif", b"xml ", b"brob", b"jbrd"])
def test_jpeg_xl_with_metadata_is_encoded_again(name: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its boxes hold the place of a photograph."""
    start = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
    pixels_alone = start + struct.pack(">I4s", 12, b"jxlc") + b"\xff\x0a\x00\x00"
    told_data = pixels_alone + struct.pack(">I4s", 20, name) + b"PLACE 47.1 N"
    monkeypatch.setattr("core.data.metadata.removal._encoded_again", lambda *_: b"clean")
    assert strip_metadata(told_data, "JXL") == b"clean"
    assert strip_metadata(pixels_alone, "JXL") == pixels_alone
    assert strip_metadata(b"\xff\x0a rest", "JXL") == b"\xff\x0a rest"


@pytest.mark.parametrize("format", ["BMP", "QOI", "TGA"])
def test_formats_without_metadata_are_unchanged(format: str) -> None:
    data = encoded(small_photograph(), format)
    assert strip_metadata(data, format) == data


def test_a_file_that_violates_its_format_is_encoded_again() -> None:
    """Better a little loss than a place on the map."""
    data = encoded(photograph("china")[:100, :150], "JPEG", quality=95, exif=camera_record())
    odd = data[:20] + bytes(2) + data[20:]  # decoders skip it
    bare = strip_metadata(odd, "JPEG")
    assert told(bare) == set()
    assert np.abs(pixels(bare).astype(int) - pixels(odd)).mean() < 2


def test_a_file_that_is_not_a_picture_is_refused() -> None:
    with pytest.raises(UnreadableImageError, match="not a picture"):
        strip_metadata(b"\xff\xd8\xff nothing", "JPEG")


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_never_break_it(kind: str) -> None:
    data, name = with_secrets(kind)
    random = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(data)
        for place in random.integers(0, min(len(data), 600), 4):
            damaged[place] = random.integers(0, 256)
        try:
            strip_metadata(bytes(damaged), name)
        except UnreadableImageError:
            continue
