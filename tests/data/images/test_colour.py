"""Colours in spaces of their own become sRGB; sRGB pictures stay bit for bit."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.data.images import colour
from core.data.images.picture import decode_picture, open_picture
from tests.support.pictures import encoded, small_photograph

D50_WHITE = (0.3457, 0.3585)
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.3290))
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), D50_WHITE)
PROFILES: dict[str, Callable[[], bytes | None]] = {
    "Display P3": lambda: colour._made_profile(colour._PRIMARIES[12], 13),
    "Adobe RGB": lambda: colour._made_profile(ADOBE, 563 / 256),
    "ProPhoto": lambda: colour._made_profile(PROPHOTO, 1.8),
}
# sRGB's red, green and a grey, in each space: by the published matrices (Lindbloom).
COLOURS = {
    "Display P3": [(234, 51, 35), (117, 251, 76), (128, 128, 128)],
    "Adobe RGB": [(219, 0, 0), (144, 255, 60), (127, 127, 127)],
    "ProPhoto": [(179, 70, 26), (138, 237, 78), (109, 109, 109)],
}
SRGB_COLOURS = np.array([(255, 0, 0), (0, 255, 0), (128, 128, 128)])


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(decode_picture(open_picture(data)))


def row(colours: object) -> np.ndarray:
    return np.array([colours], np.uint8)


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def with_chunk(data: bytes, name: bytes, content: bytes) -> bytes:
    """A PNG with one more chunk, behind its header."""
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize("space", PROFILES)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_profiles_colours_become_those_that_are_seen(space: str, kind: str) -> None:
    """All photographs of iPhones are in Display P3."""
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(row(COLOURS[space]), kind, icc_profile=PROFILES[space](), **options)
    assert np.abs(decoded(data)[0].astype(int) - SRGB_COLOURS).max() <= 3


def test_a_jpeg_with_a_profile_is_converted() -> None:
    plain = np.full((16, 16, 3), (234, 51, 35), np.uint8)
    data = encoded(plain, "JPEG", quality=100, subsampling=0, icc_profile=PROFILES["Display P3"]())
    assert np.abs(decoded(data).astype(int) - (255, 0, 0)).max() <= 6


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_srgb_stays_bit_for_bit(kind: str) -> None:
    pixels = small_photograph("flower")
    assert np.array_equal(decoded(encoded(pixels, kind, icc_profile=srgb_profile())), pixels)
    assert np.array_equal(decoded(encoded(pixels, kind)), pixels)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_damaged_profile_is_ignored(share: float) -> None:
    profile = PROFILES["Adobe RGB"]()
    assert profile is not None
    pixels = small_photograph()
    damaged = profile[: int(len(profile) * share)]
    assert np.array_equal(decoded(encoded(pixels, "PNG", icc_profile=damaged)), pixels)


def test_random_damage_to_a_profile_is_never_an_error() -> None:
    profile = PROFILES["Display P3"]()
    assert profile is not None
    random = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(profile)
        for place in random.integers(0, 400, 4):
            damaged[place] = random.integers(0, 256)
        assert decoded(encoded(small_photograph(), "PNG", icc_profile=bytes(damaged))).shape == (48, 64, 3)


def test_a_profile_of_another_kind_of_colour_is_ignored() -> None:
    """Editors leave a profile of RGB in a picture that was made grey."""
    grey = small_photograph()[:, :, 1]
    data = encoded(grey, "PNG", icc_profile=PROFILES["ProPhoto"]())
    assert np.array_equal(decoded(data)[:, :, 0], grey)


def test_a_profile_of_greys_counts() -> None:
    """Linear: 55 of 255 parts of light are sRGB's 128."""
    tags = {
        b"wtpt": colour._xyz((0.9642, 1.0, 0.8249)),
        b"kTRC": b"curv" + bytes(4) + struct.pack(">IH", 1, 256) + bytes(2),
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 2) + b"p\x00" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\x00",
    }
    profile = colour._packed(tags).replace(b"mntrRGB ", b"mntrGRAY")
    data = encoded(np.full((4, 4), 55, np.uint8), "PNG", icc_profile=profile)
    assert np.abs(decoded(data).astype(int) - 128).max() <= 2


def test_transparency_survives_a_profile() -> None:
    pixels = np.array([[(234, 51, 35, 255), (234, 51, 35, 0)]], np.uint8)
    result = decoded(encoded(pixels, "PNG", icc_profile=PROFILES["Display P3"]()))[0].astype(int)
    assert np.abs(result - [(255, 0, 0), (255, 255, 255)]).max() <= 3


def test_a_palette_has_the_colours_of_its_profile() -> None:
    image = Image.fromarray(row(COLOURS["Display P3"])).quantize(3)
    result = decoded(encoded(image, "PNG", icc_profile=PROFILES["Display P3"]()))[0].astype(int)
    assert np.abs(result - SRGB_COLOURS).max() <= 4


def test_numbers_of_a_png_count_like_a_profile() -> None:
    """cICP, of PNG's third edition: 12 is Display P3's primaries, 13 sRGB's curve."""
    data = with_chunk(encoded(row(COLOURS["Display P3"]), "PNG"), b"cICP", bytes([12, 13, 0, 1]))
    assert np.abs(decoded(data)[0].astype(int) - SRGB_COLOURS).max() <= 3


def test_numbers_that_mean_srgb_change_nothing() -> None:
    pixels = small_photograph()
    for numbers in ([1, 13, 0, 1], [1, 1, 0, 1], [2, 2, 0, 1], [255, 255, 0, 1]):
        assert np.array_equal(decoded(with_chunk(encoded(pixels, "PNG"), b"cICP", bytes(numbers))), pixels)


def test_linear_light_becomes_srgb() -> None:
    """55 of 255 parts of light are sRGB's 128: 255 × ((128/255 + 0.055) / 1.055)^2.4 = 55.04."""
    pixels = row([(55, 55, 55), (255, 55, 0)])
    data = with_chunk(encoded(pixels, "PNG"), b"gAMA", struct.pack(">I", 100_000))
    assert np.abs(decoded(data)[0].astype(int) - [(128, 128, 128), (255, 128, 0)]).max() <= 2
    grey = with_chunk(encoded(pixels[:, :1, 0], "PNG"), b"gAMA", struct.pack(">I", 100_000))
    assert np.abs(decoded(grey)[0, 0].astype(int) - 128).max() <= 2


@pytest.mark.parametrize("gamma", [45_455, 45_454, 0])
def test_the_ordinary_gamma_changes_nothing(gamma: int) -> None:
    pixels = small_photograph()
    data = with_chunk(encoded(pixels, "PNG"), b"gAMA", struct.pack(">I", gamma))
    assert np.array_equal(decoded(data), pixels)


def test_a_png_that_says_srgb_is_srgb_whatever_its_gamma() -> None:
    pixels = small_photograph()
    data = with_chunk(encoded(pixels, "PNG"), b"gAMA", struct.pack(">I", 100_000))
    assert np.array_equal(decoded(with_chunk(data, b"sRGB", b"\x00")), pixels)


def test_the_brightest_of_hdr_is_white_and_its_ordinary_white_too() -> None:
    """PQ: 58 % of the signal is 203 cd/m², the white of ordinary pictures (BT.2408)."""
    pixels = row([(148, 148, 148), (255, 255, 255), (0, 0, 0)])
    data = with_chunk(encoded(pixels, "PNG"), b"cICP", bytes([9, 16, 0, 1]))
    assert np.abs(decoded(data)[0].astype(int) - [[255] * 3, [255] * 3, [0] * 3]).max() <= 3


def test_a_profile_is_parsed_once() -> None:
    profile = PROFILES["Display P3"]()
    assert profile is not None
    colour._transform.cache_clear()
    for _ in range(3):
        decoded(encoded(small_photograph(), "PNG", icc_profile=bytes(bytearray(profile))))
    assert colour._transform.cache_info().misses == 1


def test_a_made_profile_opens_as_one() -> None:
    profile = PROFILES["Display P3"]()
    assert profile is not None
    opened = ImageCms.getOpenProfile(io.BytesIO(profile)).profile
    assert opened.xcolor_space.strip() == "RGB"
    red = opened.red_colorant
    # X, Y, Z of Display P3's red on D50.
    assert red is not None
    assert red[0] == pytest.approx((0.5151, 0.2412, -0.0011), abs=0.001)


def test_a_large_picture_is_reduced_before_it_is_converted() -> None:
    """LittleCMS takes 18 ns a pixel: for 12 megapixels four times as long as decoding them."""
    pixels = np.full((600, 800, 3), (234, 51, 35), np.uint8)
    data = encoded(pixels, "PNG", icc_profile=PROFILES["Display P3"]())
    small = decode_picture(open_picture(data), at_least=(100, 75))
    assert small.size == (200, 150)
    assert np.abs(np.asarray(small).astype(int) - (255, 0, 0)).max() <= 3
    assert decode_picture(open_picture(data)).size == (800, 600)
