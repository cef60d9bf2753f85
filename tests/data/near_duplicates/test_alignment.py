"""Alignment finds the exact part of a picture that a cropped copy shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from core.data.near_duplicates.alignment import Comparison, compare, load_squares, rough_windows
from tests.support.manifests import write_pictures
from tests.support.pictures import photograph

WHOLE = np.zeros((1, 4), np.float32)


def compared(folder: Path, first: Image.Image, second: Image.Image, starts: np.ndarray = WHOLE) -> Comparison:
    pictures = write_pictures(folder, {"first": first, "second": second})
    squares = load_squares(folder, pictures["sha256"])
    begin, _ = rough_windows(squares[:1], squares[1:], starts)
    return compare(squares[:1], squares[1:], begin)


@pytest.mark.parametrize("name", ["china", "chelsea", "astronaut", "coffee"])
def test_the_margins_of_a_crop_are_found(name: str, tmp_path: Path) -> None:
    """Left 4%, right 1%, top 0%, bottom 5%: to a fiftieth of a pixel of the thumbnail's side."""
    picture = Image.fromarray(photograph(name))
    width, height = picture.size
    margins = (round(0.04 * width), round(0.01 * width), 0, round(0.05 * height))
    left, right, top, bottom = margins
    crop = picture.crop((left, top, width - right, height - bottom))
    found = compared(tmp_path, picture, ImageEnhance.Brightness(crop).enhance(0.9))
    expected = np.array([left / width, right / width, top / height, bottom / height])
    np.testing.assert_allclose(found.windows[0], expected, atol=0.004)
    assert found.correlation[0] > 0.98
    assert found.excess[0] < 0.5


def test_another_picture_fits_nowhere(tmp_path: Path) -> None:
    found = compared(tmp_path, Image.fromarray(photograph("china")), Image.fromarray(photograph("coffee")))
    assert found.correlation[0] < 0.7
    assert found.excess[0] > 2


def test_colour_and_contrast_are_measured(tmp_path: Path) -> None:
    red = Image.fromarray(photograph("coffee"))
    pale = ImageEnhance.Contrast(Image.merge("RGB", red.split()[::-1])).enhance(0.2)
    found = compared(tmp_path, red, pale)
    grey = np.asarray(pale.convert("L"))
    assert found.tint[0] > 10
    assert found.contrast[0] == pytest.approx(grey.std(), rel=0.15)


def test_no_pairs_can_be_compared() -> None:
    none = np.empty((0, 48, 48, 3), np.uint8)
    assert compare(none, none, np.empty((0, 4))).excess.shape == (0,)
