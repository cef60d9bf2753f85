"""Image statistics agree with what people see, and are the same for a copy."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from core.data.pixels.statistics import STATISTICS, measure, measure_thumbnails, with_statistics
from tests.support.manifests import write_pictures
from tests.support.pictures import digit_scans, encoded, photograph, small_photograph

PHOTOGRAPHS = ("china", "flower", "chelsea", "astronaut", "coffee", "rocket")


def thumbnail(name: str) -> Image.Image:
    picture = Image.fromarray(photograph(name))
    picture.thumbnail((160, 160), Image.Resampling.BILINEAR)
    return picture


def recompressed(picture: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(picture, "JPEG", quality=quality))).convert("RGB")


def bits_between(first: Image.Image, second: Image.Image) -> int:
    hashes = [int(measure(picture).perceptual_hash, 16) for picture in (first, second)]
    return (hashes[0] ^ hashes[1]).bit_count()


def test_brightness_and_contrast_are_mean_and_spread_of_the_grey_levels() -> None:
    halves = np.zeros((40, 60, 3), np.uint8)
    halves[:, 30:] = 200
    measured = measure(Image.fromarray(halves))
    assert (measured.brightness, measured.contrast) == (100.0, 100.0)
    assert measure(Image.new("RGB", (50, 50), "white")).contrast == 0.0


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_the_hash_of_a_copy_differs_in_few_bits(name: str) -> None:
    """Otherwise no copy would be a candidate."""
    picture = thumbnail(name)
    smaller = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BICUBIC)
    copies = (recompressed(picture, 40), smaller, ImageEnhance.Brightness(picture).enhance(0.85))
    assert [copy for copy in copies if bits_between(picture, copy) > 6] == []


def test_hashes_of_different_photographs_differ_in_many_bits() -> None:
    pictures = [thumbnail(name) for name in PHOTOGRAPHS]
    distances = [bits_between(a, b) for a in pictures for b in pictures if a is not b]
    assert min(distances) > 16


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_sharpness_does_not_depend_on_light(name: str) -> None:
    """A dark or hazy picture may be sharp; one through a wet lens never is."""
    picture = thumbnail(name)
    sharp = measure(picture).sharpness
    assert sharp > 0.6
    hazy = ImageEnhance.Contrast(ImageEnhance.Brightness(picture).enhance(0.7)).enhance(0.6)
    assert measure(hazy).sharpness == pytest.approx(sharp, rel=0.15)
    assert measure(picture.filter(ImageFilter.GaussianBlur(3))).sharpness < 0.3


def test_a_sharp_subject_before_a_soft_background_is_sharp() -> None:
    """Portraits are taken so on purpose."""
    picture = thumbnail("chelsea")
    soft = picture.filter(ImageFilter.GaussianBlur(4))
    soft.paste(picture.crop((50, 20, 110, 80)), (50, 20))
    assert measure(soft).sharpness > 0.6


@pytest.mark.parametrize(
    ("colour", "named"), [("black", "#000000"), ("white", "#ffffff"), ((250, 4, 3), "#ff0000")]
)
def test_a_border_is_named_by_its_colour(colour: str | tuple[int, int, int], named: str) -> None:
    """Also after compression, which changes colours a little."""
    framed = ImageOps.expand(thumbnail("coffee"), border=6, fill=colour)
    assert measure(recompressed(framed, 80)).border == named


def test_bars_on_two_sides_are_a_border() -> None:
    """Films and telephones fill up a frame so."""
    barred = Image.new("RGB", (160, 120), "black")
    barred.paste(thumbnail("chelsea").resize((160, 90)), (0, 15))
    assert measure(barred).border == "#000000"


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_photograph_has_no_border(name: str) -> None:
    assert measure(thumbnail(name)).border == ""


@pytest.mark.parametrize("size", [(1, 1), (160, 1), (1, 160), (2, 3), (8, 8)])
def test_the_smallest_pictures_can_be_measured(size: tuple[int, int]) -> None:
    measured = measure(Image.new("RGB", size, (10, 200, 30)))
    assert len(measured.perceptual_hash) == 16
    assert (measured.sharpness, measured.border) == (0.0, "")


def test_thumbnails_are_measured_in_the_order_asked_for(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, {name: photograph(name) for name in PHOTOGRAPHS})
    again = measure_thumbnails(tmp_path, pictures["sha256"][::-1])
    assert tuple(again.columns) == STATISTICS
    np.testing.assert_allclose(again["brightness"], pictures["brightness"][::-1], atol=1.0)


def test_only_measures_that_are_missing_are_taken(tmp_path: Path) -> None:
    """An old project's manifest has none; one that was added to has some."""
    scans = {str(number): Image.fromarray(digit_scans()[number]) for number in range(3)}
    pictures = write_pictures(tmp_path, {"photograph": small_photograph(), **scans})
    partly = pictures.assign(brightness=[1.0, 2.0, np.nan, np.nan])
    partly.loc[2:, "perceptual_hash"] = ""
    completed = with_statistics(partly, tmp_path)
    assert completed["brightness"].tolist()[:2] == [1.0, 2.0]
    np.testing.assert_allclose(completed["brightness"][2:], pictures["brightness"][2:], atol=1.5)
    assert with_statistics(completed, tmp_path) is completed
    bare = with_statistics(pictures.drop(columns=list(STATISTICS)), tmp_path)
    assert list(bare.columns[-len(STATISTICS) :]) == list(STATISTICS)
