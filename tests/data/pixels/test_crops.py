"""Boxes cut out of pictures, exact to the pixel: drawn pictures with a colour of its own in each box."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from core.data.images.depth import PixelRange
from core.data.images.picture import decode_picture, open_picture
from core.data.labels.boxes import Box, BoxShape, CropConfig, Edges, box_around, box_at, place_box, rotated
from core.data.pixels.crops import Crop, cut_out
from core.data.skip_reasons import Reason, SkipReason
from core.errors import UnreadableImageError
from tests.support.deep_pictures import png
from tests.support.pictures import encoded

RED, GREEN = (200, 30, 20), (10, 180, 60)
EXACT = CropConfig(margin=0.0, smallest_side=1)


def scene() -> np.ndarray:
    """100 wide, 60 high, grey: red from (10, 20) to (30, 50), green from (70, 0) to (100, 12)."""
    pixels = np.full((60, 100, 3), 128, dtype=np.uint8)
    pixels[20:50, 10:30] = RED
    pixels[0:12, 70:100] = GREEN
    return pixels


def pixels_of(crop: Crop | Reason) -> np.ndarray:
    assert isinstance(crop, Crop), crop
    return np.asarray(decode_picture(open_picture(crop.data)))


def crop_of(data: bytes, box: Box, config: CropConfig = EXACT) -> Crop | Reason:
    (crop,) = cut_out(data, [box], config)
    return crop


def filled(shape: tuple[int, int], colour: tuple[int, int, int]) -> np.ndarray:
    """An area of one colour: height and width."""
    return np.full((*shape, 3), colour, dtype=np.uint8)


def test_each_box_is_cut_out_to_the_pixel() -> None:
    boxes = [box_at("red", 10, 20, 20, 30), box_at("green", 70, 0, 30, 12)]
    red, green = cut_out(encoded(scene(), "PNG"), boxes, EXACT)
    np.testing.assert_array_equal(pixels_of(red), filled((30, 20), RED))
    np.testing.assert_array_equal(pixels_of(green), filled((12, 30), GREEN))


def test_fractions_mean_the_same_pixels() -> None:
    box = replace(box_at("red", 0.1, 20 / 60, 0.2, 0.5), is_relative=True)
    np.testing.assert_array_equal(pixels_of(crop_of(encoded(scene(), "PNG"), box)), filled((30, 20), RED))


def test_a_margin_widens_each_side_and_ends_at_the_picture() -> None:
    placement = place_box(box_at("green", 70, 0, 30, 12), (100, 60), 1, margin=0.25)
    assert placement is not None
    # 7.5 pixels to the left, 3 down; above and to the right the picture ends.
    assert placement.edges == Edges(63, 0, 100, 15)
    assert not placement.is_clipped


def test_a_box_that_leaves_the_picture_is_clipped() -> None:
    placement = place_box(box_at("red", -5, 20, 35, 50), (100, 60), 1, margin=0.0)
    assert placement is not None
    assert placement.edges == Edges(0, 20, 30, 60)
    assert placement.is_clipped


@pytest.mark.parametrize("orientation", range(1, 9))
def test_coordinates_refer_to_the_upright_picture(orientation: int) -> None:
    """CVAT, Label Studio and browsers show a photograph as EXIF says, and people draw on that."""
    data = photograph(orientation)
    upright = Image.fromarray(np.asarray(decode_picture(open_picture(data))))
    assert upright.size == (100, 60)
    crop = pixels_of(crop_of(data, replace(box_at("red", 10, 20, 20, 30), stated_size=(100, 60))))
    assert np.abs(crop.astype(int) - np.array(RED)).max() <= 3


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_coordinates_refer_to_the_stored_picture_where_its_size_is_stated(orientation: int) -> None:
    """COCO's own files, and tools that ignore EXIF, state the width and height before turning."""
    data = photograph(orientation)
    stored = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    rows, columns = np.nonzero(np.abs(stored - np.array(RED)).max(axis=2) < 40)
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    box = replace(box_at("red", left, top, right - left, bottom - top), stated_size=(60, 100))
    crop = crop_of(data, box)
    assert isinstance(crop, Crop)
    assert crop.edges == Edges(10, 20, 30, 50)


def photograph(orientation: int) -> bytes:
    """The scene as a JPEG that EXIF turns upright."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(scene())
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = image.transpose(turns[orientation]) if orientation in turns else image
    return encoded(stored, "JPEG", quality=100, subsampling=0, exif=exif)


def test_a_picture_that_was_resized_since_has_its_boxes_scaled() -> None:
    box = replace(box_at("red", 20, 40, 40, 60), stated_size=(200, 120))
    np.testing.assert_array_equal(pixels_of(crop_of(encoded(scene(), "PNG"), box)), filled((30, 20), RED))


def test_a_picture_of_another_shape_than_labelled_is_left_out() -> None:
    box = replace(box_at("red", 10, 20, 20, 30), stated_size=(100, 100))
    reason = crop_of(encoded(scene(), "PNG"), box)
    assert isinstance(reason, Reason)
    assert reason.code is SkipReason.BOX_OF_OTHER_SIZE
    assert reason.values == {"stated": "100 × 100", "size": "100 × 60"}


def test_small_boxes_and_boxes_outside_are_left_out() -> None:
    boxes = [box_at("red", 10, 20, 15, 40), box_at("red", 200, 20, 50, 50)]
    small, outside = cut_out(encoded(scene(), "PNG"), boxes, CropConfig(smallest_side=16))
    assert small == Reason(code=SkipReason.BOX_TOO_SMALL, values={"side": 15, "limit": 16})
    assert outside == Reason(code=SkipReason.BOX_OUTSIDE)


def test_a_turned_box_is_cut_out_by_the_rectangle_around_it() -> None:
    box = rotated(box_at("red", 10, 20, 20, 40), 90, (20.0, 40.0))
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0, 30, 40, 50))
    assert box.shape is BoxShape.ROTATED


def test_a_turned_box_in_percent_turns_in_pixels() -> None:
    """Label Studio: 100 × 50 pixels; 20 × 10 pixels from (40, 20), turned around that corner."""
    box = rotated(box_at("red", 40, 40, 20, 20), 90, (40.0, 40.0), aspect=0.5)
    # 10 pixels wide and 20 high, to the left of the corner and below.
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((30, 40, 40, 80))


@pytest.mark.parametrize(
    "box",
    [
        box_at("a", 0, 0, 0, 10),
        box_at("a", 10, 10, -5, 5),
        box_at("a", float("nan"), 0, 5, 5),
        box_at("a", None, 0, 5, 5),
        box_at("a", 0, 0, 1e300, 5),
        box_around("a", []),
        box_around("a", [(1, 2), ("x", 9)]),
    ],
)
def test_a_box_without_numbers_or_an_inside_has_no_area(box: Box) -> None:
    assert not box.has_area


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_crops_keep_values_of_sixteen_bits(kind: str) -> None:
    values = (np.arange(60 * 100, dtype=np.uint16).reshape(60, 100) * 10).astype(np.uint16)
    crop = crop_of(encoded(Image.fromarray(values), kind), box_at("a", 5, 7, 40, 30))
    assert isinstance(crop, Crop)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(crop.data))), values[7:37, 5:45])


def test_crops_keep_floats_and_their_range() -> None:
    values = np.linspace(-40, 900, 6000, dtype=np.float32).reshape(60, 100)
    data = encoded(Image.fromarray(values), "TIFF")
    crop = crop_of(data, box_at("a", 5, 7, 40, 30))
    assert isinstance(crop, Crop)
    pixel_range = PixelRange(-40, 900)
    whole = np.asarray(decode_picture(open_picture(data), pixel_range=pixel_range))
    part = np.asarray(decode_picture(open_picture(crop.data), pixel_range=pixel_range))
    np.testing.assert_array_equal(part, whole[7:37, 5:45])


def deep_pictures() -> dict[str, bytes]:
    """Files with more than 8 bits whose values Pillow alone does not keep."""
    random = np.random.default_rng(5)
    colours = random.integers(0, 65536, (60, 100, 3), dtype=np.uint16)
    opacity = np.full((60, 100, 1), 65535, dtype=np.uint16)
    opacity[:20] = 20_000
    grey = random.integers(0, 4096, (60, 100), dtype=np.uint16)
    floats = random.normal(20, 400, (60, 100, 3)).astype(np.float32)

    def tiff(values: np.ndarray, **options: Any) -> bytes:
        stream = io.BytesIO()
        tifffile.imwrite(stream, values, **options)
        return stream.getvalue()

    return {
        "colours": tiff(colours, photometric="rgb"),
        "colours with opacity": tiff(
            np.dstack([colours, opacity]), photometric="rgb", extrasamples=["unassalpha"]
        ),
        "colours with infrared": tiff(
            np.dstack([colours, grey * 16]), photometric="rgb", extrasamples=["unassalpha"]
        ),
        "white is zero": tiff(grey, photometric="miniswhite"),
        "signed": tiff(grey.astype(np.int16) - 1024),
        "32 bits": tiff(grey.astype(np.uint32) * 16),
        "floats in three bands": tiff(floats, photometric="minisblack", planarconfig="contig"),
        "floats, white is zero": tiff(floats[..., 0], photometric="miniswhite"),
        "turned": tiff(grey, extratags=[(274, "H", 1, 6)]),
        "colours, PNG": png(colours),
        "colours with opacity, PNG": png(np.dstack([colours, opacity])),
        "grey with opacity, PNG": png(np.dstack([grey, opacity])),
    }


@pytest.mark.parametrize("name", deep_pictures())
def test_a_crop_shows_what_its_picture_shows(name: str) -> None:
    data = deep_pictures()[name]
    low, high = (-1024.0, 4095.0) if name in {"signed"} or "floats" in name else (0.0, 4095.0)
    whole = np.asarray(decode_picture(open_picture(data), pixel_range=PixelRange(low, high)))
    crop = crop_of(data, box_at("a", 5, 7, 40, 30))
    assert isinstance(crop, Crop)
    part = np.asarray(decode_picture(open_picture(crop.data), pixel_range=PixelRange(low, high)))
    np.testing.assert_allclose(part.astype(int), whole[7:37, 5:45].astype(int), atol=1)


def test_what_is_no_picture_is_said_once() -> None:
    with pytest.raises(UnreadableImageError):
        cut_out(b"no picture", [box_at("a", 0, 0, 5, 5)], EXACT)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_boxes_of_the_stored_pixels_are_turned_with_them(kind: str) -> None:
    """Pillow forgets the orientation of a TIFF as it decodes it, and looks for that of a PNG behind its pixels."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    stream = io.BytesIO()
    Image.fromarray(scene()).save(stream, kind, exif=exif)
    crop = crop_of(stream.getvalue(), replace(box_at("a", 5, 7, 30, 40), stated_size=(100, 60)))
    assert isinstance(crop, Crop)
    assert crop.edges == Edges(13, 5, 53, 35)


@pytest.mark.parametrize("exif", [b"no EXIF at all", b"Exif\0\0MM\0*"])
def test_damaged_metadata_is_the_files_fault(exif: bytes) -> None:
    """A JPEG is opened with it, a WebP is not."""
    stream = io.BytesIO()
    Image.fromarray(scene()).save(stream, "WEBP", exif=exif)
    with pytest.raises(UnreadableImageError):
        cut_out(stream.getvalue(), [box_at("a", 0, 0, 50, 50)], EXACT)
