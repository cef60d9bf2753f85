"""Views of a picture: mirror images and crops at the network's own size."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ConfigError
from core.models.views import PICTURE, VIEW_SETS, View, find_view_set, views_of


def pictures(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, size, size, 3), np.uint8)


def test_a_mirror_image_swaps_left_and_right() -> None:
    seen = pictures(32)
    assert (views_of(PICTURE, seen) == seen).all()
    mirrored = views_of(View(is_mirrored=True), seen)
    assert (mirrored[:, :, 0] == seen[:, :, -1]).all()
    assert (views_of(View(is_mirrored=True), mirrored) == seen).all()


def test_a_crop_is_the_centre_at_the_size_of_the_picture() -> None:
    """A ramp stays a ramp, of the centre's values: 2 of 32 pixels are cut away at each edge."""
    ramp = np.broadcast_to(8 * np.arange(32, dtype=np.uint8)[:, np.newaxis], (1, 32, 32, 3))
    seen = views_of(View(share=7 / 8), ramp)
    assert seen.shape == ramp.shape
    assert (seen[0, :, 0] == 16).all()
    assert (seen[0, :, -1] == 232).all()
    # Half-pixel centres: pixel 8 lies at (8.5 * 28 / 32 - 0.5) = 6.9375 of the centre.
    assert seen[0, 5, 8, 1] == round(8 * (2 + 6.9375))


def test_every_set_begins_with_the_picture_as_it_is() -> None:
    assert [row.views[0] for row in VIEW_SETS] == [PICTURE] * len(VIEW_SETS)
    assert [len(row.views) for row in VIEW_SETS] == sorted(len(row.views) for row in VIEW_SETS)


def test_unknown_views_are_refused_with_those_that_exist() -> None:
    with pytest.raises(ConfigError, match=r"no views called “flip” to average. Choose from: none, mirror"):
        find_view_set("flip")
