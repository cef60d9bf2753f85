"""The page of a TIFF that is the picture, and hostile directories."""

from __future__ import annotations

import contextlib
import io
import struct

import numpy as np
import pytest
import tifffile

from core.data.images import tiff
from core.data.images.picture import PictureError, decode_picture, open_picture
from core.data.metadata.removal import strip_metadata
from tests.support.pictures import encoded, small_photograph

# Pillow warns of what these tests feed it on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")

FULL = small_photograph(width=240, height=180)
SMALL = small_photograph("flower", width=40, height=30)


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(decode_picture(open_picture(data)))


def pages(*pictures: tuple[np.ndarray, dict], big: bool = False) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, bigtiff=big) as writer:
        for pixels, options in pictures:
            writer.write(pixels, photometric="rgb", **options)
    return stream.getvalue()


@pytest.mark.parametrize("big", [False, True], ids=["TIFF", "BigTIFF"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_the_picture_behind_a_thumbnail_is_taken(big: bool, compression: str | None) -> None:
    """In a directory inside the first one, as in DNG, or as the second page."""
    full = {"subfiletype": 0, "compression": compression}
    inside = pages((SMALL, {"subfiletype": 1, "subifds": 1}), (FULL, full), big=big)
    behind = pages((SMALL, {"subfiletype": 1}), (FULL, full), big=big)
    assert np.array_equal(decoded(inside), FULL)
    assert np.array_equal(decoded(behind), FULL)


def test_a_small_first_page_of_the_same_shape_is_a_thumbnail_without_saying_so() -> None:
    assert np.array_equal(decoded(pages((SMALL, {}), (FULL, {}))), FULL)


def test_the_first_page_of_a_document_stays_the_picture() -> None:
    other = small_photograph("flower", width=300, height=120)
    assert np.array_equal(decoded(pages((FULL, {}), (other, {}))), FULL)


def test_smaller_versions_behind_the_picture_change_nothing() -> None:
    assert np.array_equal(decoded(pages((FULL, {}), (SMALL, {"subfiletype": 1}))), FULL)


def test_directories_that_point_at_each_other_end() -> None:
    data = bytearray(encoded(small_photograph(), "TIFF"))
    (first,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * entries, first)
    assert len(tiff.read_pages(bytes(data))) == 1
    assert decoded(bytes(data)).shape == (48, 64, 3)


@pytest.mark.parametrize("seed", range(30))
def test_damaged_directories_are_never_an_error_of_another_kind(seed: int) -> None:
    data = bytearray(pages((SMALL, {"subfiletype": 1, "subifds": 1}), (FULL, {"subfiletype": 0})))
    random = np.random.default_rng(seed)
    for place in random.integers(0, 400, 12):
        data[place] = random.integers(0, 256)
    with contextlib.suppress(PictureError):
        decode_picture(open_picture(bytes(data)), at_least=16)


def test_what_is_private_goes_from_the_picture_behind_a_thumbnail_too() -> None:
    full = {"subfiletype": 0, "description": "Brandenburg"}
    data = pages((SMALL, {"subfiletype": 1, "subifds": 1}), (FULL, full))
    stripped = strip_metadata(data, "TIFF")
    assert b"Brandenburg" in data
    assert b"Brandenburg" not in stripped
    assert np.array_equal(decoded(stripped), FULL)
