"""Layouts of TIFF that Pillow refuses or misreads come out right to the level."""

from __future__ import annotations

import contextlib
import io
from typing import Any, Literal

import numpy as np
import pytest
import tifffile

from core.data.images import tiff_samples
from core.data.images.depth import PixelRange
from core.data.images.picture import PictureError, decode_picture, measured_values, open_picture
from core.data.images.tiff import read_pages
from tests.support.pictures import small_photograph

COLOURS = small_photograph(width=96, height=64)
GREY = COLOURS[..., 1]
TWELVE_BITS = PixelRange(0, 4080)


def written(values: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, **options)
    return stream.getvalue()


def planes(values: np.ndarray) -> np.ndarray:
    return np.moveaxis(values, -1, 0)


def pixels(data: bytes, pixel_range: PixelRange | None) -> np.ndarray:
    """Decoded RGB, as int."""
    return np.asarray(decode_picture(open_picture(data), pixel_range=pixel_range)).astype(int)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "layout",
    [
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": 2, "rowsperstrip": 7},
        {"compression": "zlib", "predictor": 2, "tile": (32, 64)},
        {"tile": (16, 32)},
        {},
    ],
    ids=str,
)
def test_separate_planes_of_12_bits_keep_every_level(
    layout: dict[str, Any], order: Literal["<", ">"]
) -> None:
    data = written(
        planes(COLOURS.astype("u2") * 16),
        photometric="rgb",
        planarconfig="separate",
        byteorder=order,
        **layout,
    )
    assert np.array_equal(pixels(data, TWELVE_BITS), COLOURS)


def test_large_offsets_are_read() -> None:
    data = written(
        planes(COLOURS.astype("u2") * 16),
        photometric="rgb",
        planarconfig="separate",
        compression="zlib",
        rowsperstrip=1,
        bigtiff=True,
    )
    assert np.array_equal(pixels(data, TWELVE_BITS), COLOURS)


@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_a_fourth_band_in_a_plane_of_its_own_is_left_out(kind: str) -> None:
    """Infrared, as GDAL writes it with INTERLEAVE=BAND."""
    factor = 1 if kind == "u1" else 16
    bands = np.dstack([COLOURS, GREY[::-1]]).astype(kind) * np.dtype(kind).type(factor)
    data = written(planes(bands), photometric="rgb", planarconfig="separate", extrasamples=["unspecified"])
    assert np.array_equal(pixels(data, TWELVE_BITS), COLOURS)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["f2", "f8"])
def test_floats_of_16_and_64_bits_are_measured_values(kind: str, order: Literal["<", ">"]) -> None:
    celsius = (18 + 20 * (GREY / 255)).astype(kind)
    data = written(celsius, compression="zlib", tile=(32, 32), byteorder=order)
    np.testing.assert_array_equal(measured_values(open_picture(data)), celsius.astype("f4"))
    assert np.abs(pixels(data, PixelRange(18, 38)) - GREY[..., np.newaxis]).max() <= 1


@pytest.mark.parametrize(
    ("values", "pixel_range"),
    [
        (GREY.astype("i2") * 16 - 1024, (-1024, 3056)),
        (GREY.astype("u4") * 16843009, (0, 2**32 - 1)),
        (GREY.astype("i4") * 100 - 5000, (-5000, 20500)),
    ],
    ids=str,
)
def test_signed_and_long_values_of_which_0_is_white_are_inverted(
    values: np.ndarray, pixel_range: tuple[float, float]
) -> None:
    data = written(values, photometric="miniswhite", compression="zlib", predictor=2)
    assert (
        np.abs(pixels(data, PixelRange(*pixel_range)) - (255 - GREY[..., np.newaxis].astype(int))).max() <= 1
    )


@pytest.mark.parametrize("opaque", [4080, 4095, 65535])
def test_grey_with_transparency_of_16_bits_is_read(opaque: int) -> None:
    """4080 is not the largest value of any number of bits: most of the picture is transparent."""
    bands = np.dstack([GREY.astype("u2") * 16, np.full(GREY.shape, opaque, "u2")])
    data = written(bands, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
    expected = GREY if opaque != 4080 else np.rint(255 - (255 - GREY) * (16 / 255))
    assert np.abs(pixels(data, TWELVE_BITS)[..., 0] - expected).max() <= 1


def test_colours_multiplied_by_their_transparency_are_restored() -> None:
    bands = np.dstack([COLOURS.astype("u2") * 8, np.full(GREY.shape, 2048, "u2")])
    bands[0, 0, 3] = 4095
    data = written(bands, photometric="rgb", extrasamples=["assocalpha"])
    shown = pixels(data, TWELVE_BITS)[1:]
    assert np.abs(shown - (COLOURS[1:] / 2 + 127.5)).max() <= 1.5


def test_a_turned_picture_stays_turned() -> None:
    data = written(
        planes(COLOURS.astype("u2") * 16),
        photometric="rgb",
        planarconfig="separate",
        compression="zlib",
        extratags=[(274, "H", 1, 6, True)],
    )
    assert np.array_equal(pixels(data, TWELVE_BITS), np.rot90(COLOURS, -1))


def test_usual_layouts_are_left_to_pillow() -> None:
    for data in (
        written(COLOURS, photometric="rgb"),
        written(planes(COLOURS), photometric="rgb", planarconfig="separate"),
        written(COLOURS.astype("u2"), photometric="rgb", compression="zlib"),
        written(GREY.astype("u2"), photometric="miniswhite"),
        written(GREY.astype("f4")),
    ):
        assert not tiff_samples.is_unusual(read_pages(data)[0])


def test_half_a_file_is_damaged() -> None:
    data = written(
        planes(COLOURS.astype("u2")), photometric="rgb", planarconfig="separate", compression="zlib"
    )
    for end in (100, 400, len(data) // 2, len(data) - 100, len(data) - 1):
        with pytest.raises(PictureError):
            pixels(data[:end], TWELVE_BITS)


def test_random_bytes_in_the_directory_are_the_files_fault() -> None:
    data = bytearray(written(GREY.astype("f8"), tile=(32, 32)))
    generator = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(data)
        for at in generator.integers(8, 300, 3):
            changed[at] = generator.integers(256)
        with contextlib.suppress(PictureError):
            pixels(bytes(changed), PixelRange(0, 255))


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_negatives_with_the_highest_byte_first_are_read(compression: str | None) -> None:
    """ImageJ writes them; they were said to be no pictures."""
    values = GREY.astype(">u2") * 257
    data = written(values, photometric="miniswhite", byteorder=">", compression=compression)
    for pixel_range in (None, PixelRange(0, 65535)):
        assert np.abs(pixels(data, pixel_range)[..., 0] - (255 - GREY.astype(int))).max() <= 1


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_values_of_32_bits_with_the_highest_byte_first_are_read(photometric: str) -> None:
    data = written(GREY.astype(">u4") * 70_000, photometric=photometric, byteorder=">")
    levels = pixels(data, PixelRange(0, 70_000 * 255))[..., 0]
    expected = GREY.astype(int) if photometric == "minisblack" else 255 - GREY.astype(int)
    assert np.abs(levels - expected).max() <= 1
