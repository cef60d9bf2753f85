"""Thumbnails are decoded to the pixels that Pillow's own way of opening gives."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from core.data.pixels.decoding import make_thumbnail
from core.data.pixels.thumbnails import read_thumbnail
from tests.support.pictures import encoded, photograph


def opened(data: bytes, mode: str, at_least: int) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        image.draft(mode, (at_least, at_least))
        return np.asarray(image.convert(mode))


@pytest.mark.parametrize("mode", ["L", "YCbCr"])
@pytest.mark.parametrize("size", [(1, 1), (3, 160), (97, 160), (160, 160), (160, 120), (159, 8), (600, 600)])
@pytest.mark.parametrize("at_least", [80, 96])
def test_a_thumbnail_has_the_same_pixels(
    mode: Literal["L", "YCbCr"], size: tuple[int, int], at_least: int
) -> None:
    picture = Image.fromarray(photograph("coffee")).resize(size)
    for data in (
        make_thumbnail(picture),
        encoded(picture, "JPEG"),
        encoded(picture, "JPEG", progressive=True),
    ):
        assert np.array_equal(np.asarray(read_thumbnail(data, mode, at_least)), opened(data, mode, at_least))


def test_a_grey_jpeg_is_read_as_pillow_reads_it() -> None:
    data = encoded(Image.fromarray(photograph("camera")).resize((120, 90)).convert("L"), "JPEG")
    assert np.array_equal(np.asarray(read_thumbnail(data, "L", 80)), opened(data, "L", 80))


def test_a_damaged_thumbnail_is_an_error_of_the_file() -> None:
    data = make_thumbnail(Image.fromarray(photograph("coffee")))
    with pytest.raises(OSError, match="truncated"):
        read_thumbnail(data[: len(data) // 2], "L", 80)
