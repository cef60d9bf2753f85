"""Pictures with more than 8 bits a channel come out as their 8-bit originals."""

from __future__ import annotations

import io
import zlib
from typing import Literal

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.data.images.depth import is_deep
from core.data.images.picture import decode_picture, measured_values, open_picture
from core.data.images.value_ranges import summarise
from tests.support.deep_pictures import png, tiff
from tests.support.pictures import encoded, small_photograph

COLOURS = small_photograph()
GREY = np.asarray(Image.fromarray(COLOURS).convert("L"))


def pixels(data: bytes, pixel_range: tuple[float, float] | None) -> np.ndarray:
    """Decoded RGB, as int."""
    return np.asarray(decode_picture(open_picture(data), pixel_range=pixel_range)).astype(int)


@pytest.mark.parametrize(
    ("data", "pixel_range"),
    [
        (png(GREY.astype("u2") * 16), (0, 4080)),
        (tiff(GREY.astype("u2") * 16), (0, 4080)),
        (tiff(GREY.astype("u2") * 4), (0, 1020)),
        (tiff(GREY.astype("f4") * 16), (0, 4080)),
        (tiff((18 + 20 * (GREY / 255)).astype("f4")), (18, 38)),
        (tiff((GREY / 127.5 - 1).astype("f4")), (-1, 1)),
        (tiff((8 * GREY.astype("i4") - 1024).astype("i2")), (-1024, 1016)),
        (tiff(GREY.astype("u4") * 16843009), (0, 2**32 - 1)),
        (tiff(GREY.astype("u4") * 100), (0, 25500)),
        (tiff(29000 + GREY.astype("u2") * 8), (29000, 31040)),
        (tiff((255 - GREY).astype("u2") * 257, white_is_zero=True), (0, 65535)),
        (tiff((255 - GREY).astype("f4") / 255, white_is_zero=True), (0, 1)),
        (tiff((255 - GREY).astype("u2") * 257, white_is_zero=True), None),
        (tiff(GREY.astype("u2") * 257), None),
        (tiff((GREY / 255).astype("f4")), None),
    ],
    ids=str,
)
def test_grey_values_become_their_originals(data: bytes, pixel_range: tuple[float, float] | None) -> None:
    assert np.abs(pixels(data, pixel_range) - GREY[..., np.newaxis]).max() <= 1


@pytest.mark.parametrize("factor", [16, 257])
@pytest.mark.parametrize("separate_planes", [False, True])
def test_colours_of_16_bits_use_both_bytes(factor: int, separate_planes: bool) -> None:
    data = tiff(COLOURS.astype("u2") * factor, separate_planes=separate_planes)
    assert np.abs(pixels(data, (0, 255 * factor)) - COLOURS).max() <= 1


def test_colours_of_a_png_use_both_bytes() -> None:
    assert np.abs(pixels(png(COLOURS.astype("u2") * 16), (0, 4080)) - COLOURS).max() <= 1


def test_separate_planes_are_right_without_a_range() -> None:
    data = tiff(COLOURS.astype("u2") * 257, separate_planes=True)
    assert np.array_equal(pixels(data, None), COLOURS)


def test_transparency_of_deep_colours_shows_white() -> None:
    alpha = np.full((*GREY.shape, 1), 65535)
    alpha[:10] = 0
    shown = pixels(png(np.concatenate([COLOURS.astype("u2") * 16, alpha], axis=2).astype("u2")), (0, 4080))
    assert (shown[:10] == 255).all()
    assert np.abs(shown[10:] - COLOURS[10:]).max() <= 1


@pytest.mark.parametrize("factor", [16, 257])
@pytest.mark.parametrize("opacity", [65535, 32768])
def test_grey_with_transparency_keeps_every_level(factor: int, opacity: int) -> None:
    bands = np.dstack([GREY.astype("u2") * factor, np.full(GREY.shape, opacity, "u2")])
    share = opacity / 65535
    expected = GREY[..., np.newaxis] * share + 255 * (1 - share)
    assert np.abs(pixels(png(bands), (0, 255 * factor)) - expected).max() <= 1
    values = measured_values(open_picture(png(bands)))
    assert values is not None
    assert np.array_equal(values, bands[..., 0])


@pytest.mark.parametrize("largest", [255, 1023, 4095, 16383])
def test_transparency_of_fewer_bits_is_opaque_at_its_own_largest_value(largest: int) -> None:
    alpha = np.full((*GREY.shape, 1), largest)
    alpha[:10] = 0
    shown = pixels(png(np.concatenate([COLOURS.astype("u2") * 16, alpha], axis=2).astype("u2")), (0, 4080))
    assert (shown[:10] == 255).all()
    assert np.abs(shown[10:] - COLOURS[10:]).max() <= 1


def test_a_transparent_value_shows_white() -> None:
    """PNG names one value, or one colour, that is transparent."""
    values = GREY.astype("u2") * 16
    header = b"tRNS" + int(values[0, 0]).to_bytes(2, "big")
    chunk = (2).to_bytes(4, "big") + header + zlib.crc32(header).to_bytes(4, "big")
    data = png(values)
    at = data.index(b"IDAT") - 4
    shown = pixels(data[:at] + chunk + data[at:], (0, 4080))[..., 0]
    is_transparent = values == values[0, 0]
    assert (shown[is_transparent] == 255).all()
    assert np.abs(shown - GREY)[~is_transparent].max() <= 1


def test_no_data_becomes_black() -> None:
    values = np.array([[np.nan, -9999, 18, 38]], "f4")
    assert pixels(tiff(values), (18, 38))[0, :, 0].tolist() == [0, 0, 0, 255]


@pytest.mark.parametrize("kind", ["f4", "i2", "f8"])
def test_the_value_that_a_file_states_for_no_data_is_not_measured(kind: str) -> None:
    heights = GREY.astype(kind) + 200
    heights[:5] = -999
    stream = io.BytesIO()
    tifffile.imwrite(stream, heights, extratags=[(42113, "s", 0, "-999", True)])
    summary = summarise(stream.getvalue())
    assert summary is not None
    assert (summary.low, summary.high) == (heights[5:].min(), heights[5:].max())
    shown = pixels(stream.getvalue(), (200, 455))[..., 0]
    assert (shown[:5] == 0).all()
    assert np.array_equal(shown[5:], GREY[5:])


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u2", "i2", "i4", "f4"])
def test_the_byte_order_makes_no_difference(kind: str, order: Literal["<", ">"], compressed: bool) -> None:
    data = tiff((GREY * 16.0).astype(kind), order=order, compressed=compressed)
    assert np.abs(pixels(data, (0, 4080)) - GREY[..., np.newaxis]).max() <= 1


def test_signed_bytes_do_not_wrap() -> None:
    data = tiff((GREY - 128.0).astype("i1"))
    assert np.array_equal(pixels(data, (-128, 127))[..., 0], GREY)
    assert np.array_equal(pixels(data, None)[..., 0], GREY)


def test_a_deep_picture_is_turned_upright() -> None:
    stream = io.BytesIO()
    Image.fromarray(GREY.astype("u2") * 16).save(stream, "TIFF", tiffinfo={274: 6})
    turned = pixels(stream.getvalue(), (0, 4080))
    assert np.abs(turned[..., 0] - np.rot90(GREY, -1)).max() <= 1


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF", "BMP"])
def test_a_range_leaves_8_bits_alone(name: str) -> None:
    data = encoded(COLOURS, name)
    assert np.array_equal(pixels(data, (0, 4095)), pixels(data, None))
    assert not is_deep(open_picture(data))
    assert measured_values(open_picture(data)) is None
