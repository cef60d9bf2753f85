"""The map: what the browser says is selected, and what the section shows."""

from __future__ import annotations

import base64

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pages.ui.components.feature_map import MapPoints, _places, selected_rows


def sent(rows: list[int], count: int, points: str = "these") -> dict[str, str]:
    """What the browser sends for these rows: a bit a row, the first in the lowest."""
    bits = np.zeros(count, np.bool_)
    bits[rows] = True
    return {
        "points": points,
        "rows": base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode(),
    }


@given(count=st.integers(1, 300), data=st.data())
def test_the_rows_that_were_enclosed_are_selected(count: int, data: st.DataObject) -> None:
    rows = sorted(data.draw(st.sets(st.integers(0, count - 1))))
    assert selected_rows(sent(rows, count), "these", count).tolist() == rows


def test_a_selection_among_other_points_is_none() -> None:
    """Rows mean other pictures once some were added or deleted."""
    assert selected_rows(sent([1], 8, points="others"), "these", 8).tolist() == []


def test_what_no_map_of_ours_sends_selects_nothing() -> None:
    """What a browser sends is not to be trusted."""
    for seen in ({}, {"points": "these"}, {"points": "these", "rows": 3}):
        assert selected_rows(seen, "these", 8).tolist() == []
    for rows in ("", "not base64!", "ä", base64.b64encode(b"\xff").decode()):
        assert selected_rows({"points": "these", "rows": rows}, "these", 9).tolist() == []


def test_places_keep_the_shape_of_the_map() -> None:
    """Stretched to a square, what is near in one direction would look far in the other."""
    places = _places(np.array([[-10.0, 1.0], [10.0, 1.0], [0.0, 6.0]], np.float32)).astype(int)
    assert places[:, 0].tolist() == [0, 65535, 32768]
    assert abs((places[2, 1] - places[0, 1]) * 4 - 65535) <= 4  # a quarter as high as wide
    assert abs(places[:, 1].min() + places[:, 1].max() - 65535) <= 1  # in the middle


def test_a_single_picture_has_a_place() -> None:
    assert _places(np.array([[3.0, 4.0]])).tolist() == [[32768, 32768]]


def test_points_are_named_by_their_places_and_their_pictures() -> None:
    """By this name the browser knows whether it has them already."""
    sha = ["a" * 64, "b" * 64]
    names = ["a.png", "b.png"]
    here = np.array([[0.0, 0.0], [1.0, 1.0]])
    digest = MapPoints(positions=here, sha256=sha, names=names).digest
    assert MapPoints(positions=here * 3, sha256=sha, names=names).digest == digest  # the unit does not matter
    assert MapPoints(positions=here[::-1], sha256=sha, names=names).digest != digest
    assert MapPoints(positions=here, sha256=sha[::-1], names=names).digest != digest
