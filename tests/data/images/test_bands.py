"""Any three bands of a picture of many become red, green and blue, however the file stores them."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
import tifffile

from core.data.images.channels import channel_names, count_channels
from core.data.images.depth import PixelRange
from core.data.images.picture import PictureError, decode_picture, measured_values, open_picture
from core.data.images.tiff import read_pages

MAPPING = (4, 3, 2)


def bands(dtype: Any = np.uint16, count: int = 6, side: int = 40) -> np.ndarray:
    """Shape (side, side + 10, count): values of which no two bands have the same."""
    generator = np.random.default_rng(3)
    values = generator.integers(0, 250, (side, side + 10, count)) + 1
    return (values / 256).astype(dtype) if np.dtype(dtype).kind == "f" else values.astype(dtype)


def written(values: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    settings = {"photometric": "minisblack", "planarconfig": "contig"} | options
    if settings["planarconfig"] == "separate":
        values = values.transpose(2, 0, 1)
    tifffile.imwrite(stream, values, **settings)
    return stream.getvalue()


def shown(data: bytes, channels: tuple[int, int, int] | None = MAPPING) -> np.ndarray:
    """The stored values that are red, green and blue."""
    image = open_picture(data, channels)
    values = measured_values(image)
    return np.asarray(decode_picture(image)) if values is None else values


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.float32])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(
    "options", [{}, {"tile": (16, 16)}, {"rowsperstrip": 7}], ids=["plain", "tiles", "strips"]
)
def test_the_chosen_bands_are_read(dtype: Any, planes: str, compression: str | None, options: Any) -> None:
    values = bands(dtype)
    data = written(values, planarconfig=planes, compression=compression, **options)
    assert np.array_equal(shown(data), values[..., [3, 2, 1]])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}], ids=["strips", "tiles"])
def test_differences_are_added_up(dtype: Any, planes: str, options: Any) -> None:
    values = bands(dtype)
    data = written(values, planarconfig=planes, compression="zlib", predictor=True, **options)
    assert np.array_equal(shown(data), values[..., [3, 2, 1]])


def float_differences(values: np.ndarray) -> np.ndarray:
    """Values as GDAL's PREDICTOR=3 stores them (Adobe's technical note 3): the highest bytes of a row first, then their differences."""
    height, width, count = values.shape
    in_planes = values.astype(">f4").view(np.uint8).reshape(height, width * count, 4).transpose(0, 2, 1)
    in_rows = in_planes.reshape(height, width * 4, count)
    differences = np.diff(in_rows, axis=1, prepend=np.zeros((height, 1, count), np.uint8))
    return np.ascontiguousarray(differences).reshape(height, -1).view("<f4").reshape(values.shape)


def with_float_predictor(stored: np.ndarray, **options: Any) -> bytes:
    # tifffile writes no such tag without imagecodecs: one of our own gets its number.
    data = written(stored, compression="zlib", extratags=[(65000, "H", 1, 3, True)], **options)
    return data.replace(struct.pack("<HHI", 65000, 3, 1), struct.pack("<HHI", 317, 3, 1))


def with_sides(data: bytes, before: tuple[int, int], after: tuple[int, int]) -> bytes:
    """Change the width and the height that a file states."""
    for tag, old, new in zip((256, 257), before, after, strict=True):
        entry = struct.pack("<HHII", tag, 4, 1, old)
        assert entry in data
        data = data.replace(entry, struct.pack("<HHII", tag, 4, 1, new))
    return data


def test_differences_of_floats_are_added_up() -> None:
    values = bands(np.float32)
    data = with_float_predictor(float_differences(values))
    assert np.array_equal(shown(data), values[..., [3, 2, 1]])


def test_differences_of_floats_are_added_up_in_tiles_that_reach_beyond_the_picture() -> None:
    """A picture of 50 × 40 pixels in tiles of 16 × 16: the bytes of a row are spread over the whole tile."""
    values = np.pad(bands(np.float32), [(0, 8), (0, 14), (0, 0)])
    stored = np.zeros_like(values)
    for top in range(0, 48, 16):
        for left in range(0, 64, 16):
            tile = slice(top, top + 16), slice(left, left + 16)
            stored[tile] = float_differences(values[tile])
    data = with_float_predictor(stored, tile=(16, 16))
    data = with_sides(data, (64, 48), (50, 40))
    assert np.array_equal(shown(data), values[:40, :50, [3, 2, 1]])


@pytest.mark.parametrize(
    "options", [{"bigtiff": True}, {"byteorder": ">"}, {"byteorder": ">", "compression": "zlib"}]
)
def test_large_and_big_endian_files_are_read(options: Any) -> None:
    values = bands()
    assert np.array_equal(shown(written(values, **options)), values[..., [3, 2, 1]])


def test_without_a_choice_the_first_three_are_taken() -> None:
    values = bands()
    assert np.array_equal(shown(written(values), None), values[..., :3])
    assert open_picture(written(values)).info["channels"] == 6


def test_infrared_beside_colours_is_a_channel_once_somebody_chooses() -> None:
    values = bands(np.uint8, count=4)
    data = written(values, photometric="rgb", extrasamples=["unspecified"])
    assert np.array_equal(shown(data, None), values[..., :3])
    assert np.array_equal(shown(data, (4, 1, 2)), values[..., [3, 0, 1]])


def test_one_band_can_be_grey_and_a_colour_black() -> None:
    values = bands(np.uint8)
    assert np.array_equal(shown(written(values), (5, 5, 5)), values[..., [4, 4, 4]])
    assert not shown(written(values), (5, 0, 5))[..., 1].any()


def test_usual_pictures_stay_as_they_are() -> None:
    values = bands(np.uint8, count=3)
    assert np.array_equal(shown(written(values, photometric="rgb")), values)


def test_the_range_applies_to_floats_and_signed_values() -> None:
    """0 to 1: 51 of 255 is a fifth."""
    values = np.full((4, 4, 5), 0.2, np.float32)
    image = open_picture(written(values), MAPPING)
    assert np.asarray(decode_picture(image, pixel_range=PixelRange(0, 1)))[0, 0].tolist() == [51, 51, 51]
    signed = np.full((4, 4, 5), -50, np.int16)
    image = open_picture(written(signed), MAPPING)
    assert np.asarray(decode_picture(image, pixel_range=PixelRange(-100, 0)))[0, 0].tolist() == [
        128,
        128,
        128,
    ]


def test_a_channel_that_is_missing_is_named() -> None:
    with pytest.raises(PictureError, match="it has 6 channels, and channel 8"):
        open_picture(written(bands()), (8, 3, 2))


def test_a_damaged_file_is_the_files_fault() -> None:
    data = written(bands(), compression="zlib")
    with pytest.raises(PictureError) as caught:
        open_picture(data[: len(data) // 2], MAPPING)
    assert caught.value.code in {"damaged", "tiff_bands"}


def test_more_values_than_can_be_handled_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.images.picture.MAX_PIXELS", 10_000)
    with pytest.raises(PictureError, match="more pixels"):
        open_picture(written(bands()), MAPPING)


def test_names_of_channels_are_read() -> None:
    names = ["DAPI", "GFP", "RFP", "Cy5"]
    stream = io.BytesIO()
    planes = bands(np.uint8, count=4).transpose(2, 0, 1)
    tifffile.imwrite(
        stream,
        planes,
        ome=True,
        photometric="minisblack",
        metadata={"axes": "CYX", "Channel": {"Name": names}},
    )
    data = stream.getvalue()
    assert channel_names(data, read_pages(data)) == tuple(names)
    items = "".join(
        f'<Item name="DESCRIPTION" sample="{i}" role="description">B{i + 1}</Item>' for i in range(6)
    )
    data = written(bands(), extratags=[(42112, "s", 0, f"<GDALMetadata>{items}</GDALMetadata>", True)])
    assert channel_names(data, read_pages(data)) == ("B1", "B2", "B3", "B4", "B5", "B6")
    assert channel_names(written(bands()), read_pages(written(bands()))) == ()
    assert count_channels(read_pages(data)) == 6


def test_bands_of_floats_that_need_too_much_memory_are_not_called_damaged() -> None:
    """Pillow limits what is given to it as bytes: 3000 × 2600 pixels of six bands of floats are 187 million."""
    data = with_sides(written(bands(np.float32), tile=(16, 16), compression="zlib"), (50, 40), (3000, 2600))
    with pytest.raises(PictureError) as caught:
        open_picture(data, MAPPING)
    assert caught.value.code == "too_large_to_decode"
