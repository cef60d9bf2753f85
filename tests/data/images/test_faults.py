"""A file is blamed for its own damage only, never for faults of the installation or of this program."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from PIL import Image, ImageFile, PngImagePlugin

from core.data.images import colour, faults
from core.data.images.picture import DecoderError, PictureError, decode_picture, load_picture, open_picture
from tests.support.pictures import encoded, small_photograph


@pytest.fixture(autouse=True)
def fresh_check() -> Iterator[None]:
    """Pillow is checked once a process."""
    faults._works.cache_clear()
    yield
    faults._works.cache_clear()


def broken(*_: object, **__: object) -> None:
    raise AttributeError("has_transparency_data")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_pillow_that_cannot_decode_is_not_the_pictures_fault(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's Pillow 9.4 lacks what newer ones have: every picture was called damaged."""
    data = encoded(small_photograph(), kind)
    image = open_picture(data)
    monkeypatch.setattr(ImageFile.ImageFile, "load", broken)
    with pytest.raises(DecoderError, match=rf"Pillow \d+\.\d+.* cannot decode {kind} pictures here"):
        decode_picture(image)


def test_a_pillow_that_cannot_open_is_not_the_pictures_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "_open", broken)
    with pytest.raises(DecoderError, match="cannot decode PNG pictures here"):
        open_picture(encoded(small_photograph(), "PNG"))


def test_a_damaged_picture_is_still_the_pictures_fault() -> None:
    data = encoded(small_photograph(), "PNG")
    with pytest.raises(PictureError, match="damaged"):
        load_picture(data[: len(data) // 2], 16)


def test_a_damaged_photograph_of_two_frames_is_the_pictures_fault() -> None:
    """Phones write MPO, which Pillow opens by its reader of JPEG alone."""
    frame = Image.fromarray(small_photograph())
    data = encoded(frame, "MPO", save_all=True, append_images=[frame.rotate(180)])
    assert open_picture(data).format == "MPO"
    with pytest.raises(PictureError, match="damaged"):
        load_picture(data[: len(data) // 3], 16)


def test_a_fault_of_this_program_keeps_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colour, "to_srgb", broken)
    with pytest.raises(AttributeError, match="has_transparency_data"):
        load_picture(encoded(small_photograph(), "PNG"), 16)


def test_transparency_is_known_without_the_newest_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Image.Image, "has_transparency_data")
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert (load_picture(encoded(image, "PNG"), 4) == 255).all()


def test_jpeg_xl_is_read_with_its_plugin() -> None:
    pytest.importorskip("pillow_jxl")
    data = encoded(small_photograph(), "JXL", lossless=True)
    image = decode_picture(open_picture(data))
    assert image.tobytes() == small_photograph().tobytes()


@pytest.mark.parametrize("signature", [b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n"])
def test_jpeg_xl_without_its_plugin_is_named(signature: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    with pytest.raises(
        PictureError, match=r"it is a JPEG XL picture, .* pip install -r requirements-formats"
    ):
        open_picture(signature + bytes(50))
