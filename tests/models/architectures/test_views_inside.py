"""Views inside a network are those that validation was measured with."""

from __future__ import annotations

import keras
import numpy as np

from core.models.architectures.views import view_inside
from core.models.views import VIEW_SETS, views_of


def test_a_network_sees_the_same_pixels_as_the_arrays_hold() -> None:
    """For a side whose eighth is whole, and one that is not; rounding of ties may differ by one level."""
    for size in (64, 90):
        pictures = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), np.uint8)
        picture = keras.Input((size, size, 3), dtype="uint8")
        views = dict.fromkeys(view for row in VIEW_SETS for view in row.views)
        inside = keras.Model(
            picture, [view_inside(picture, view, f"view_{number}") for number, view in enumerate(views)]
        )
        for view, seen in zip(views, inside.predict(pictures, verbose=0), strict=True):
            expected = views_of(view, pictures).astype(np.int64)
            difference = np.abs(expected - seen)
            assert seen.dtype == np.uint8
            assert difference.max() <= 1
            assert (difference > 0).mean() < 0.001
