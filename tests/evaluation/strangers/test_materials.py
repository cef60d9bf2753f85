"""Strangers made from pictures keep their look and lose their content."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.strangers.materials import MATERIALS, Material, StrangerKind, noise, patch, shuffled
from core.evaluation.strangers.pictures import draw_for
from tests.support.pictures import small_photograph

PICTURE = small_photograph("china", 64, 64)


@pytest.mark.parametrize("material", MATERIALS, ids=lambda material: material.kind)
def test_a_stranger_is_another_picture_of_the_same_size(material: Material) -> None:
    made = material.make(PICTURE, np.random.default_rng(0))
    assert made.shape == PICTURE.shape
    assert made.dtype == np.uint8
    assert np.abs(made.astype(int) - PICTURE).mean() > 10


@pytest.mark.parametrize("material", MATERIALS, ids=lambda material: material.kind)
def test_the_same_draw_makes_the_same_stranger(material: Material) -> None:
    first, second = (material.make(PICTURE, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_shuffled_tiles_keep_every_pixel() -> None:
    made = shuffled(PICTURE, np.random.default_rng(0))
    for channel in range(3):
        np.testing.assert_array_equal(np.sort(made[..., channel], None), np.sort(PICTURE[..., channel], None))


def test_a_side_that_four_does_not_divide_keeps_its_rest() -> None:
    picture = small_photograph("china", 66, 66)
    made = shuffled(picture, np.random.default_rng(0))
    np.testing.assert_array_equal(made[64:], picture[64:])


def test_a_patch_has_the_colours_of_an_eighth_of_the_side() -> None:
    """Of a picture whose left half is black and right half white, most patches have one of both."""
    halves = np.zeros((64, 64, 3), np.uint8)
    halves[:, 32:] = 255
    made = [patch(halves, np.random.default_rng(seed)) for seed in range(20)]
    assert sum(len(np.unique(picture)) == 1 for picture in made) >= 12


def test_noise_keeps_the_mean_colour_and_the_spectrum() -> None:
    grey = (PICTURE // 2 + 64).astype(np.uint8)  # so that hardly a value is cut off
    made = noise(grey, np.random.default_rng(0)).astype(float)
    np.testing.assert_allclose(made.mean(axis=(0, 1)), grey.mean(axis=(0, 1)), atol=1.5)
    strengths = [np.abs(np.fft.rfft2(picture[..., 0]))[:4, 1:4].mean() for picture in (made, grey)]
    assert strengths[0] == pytest.approx(strengths[1], rel=0.1)


def test_a_picture_is_made_the_same_stranger_again_by_its_id() -> None:
    """Examples on a page are made from thumbnails."""
    tiles = [shuffled(PICTURE, draw_for(StrangerKind.SHUFFLED, code)) for code in ("a", "a", "b")]
    np.testing.assert_array_equal(tiles[0], tiles[1])
    assert not np.array_equal(tiles[0], tiles[2])
