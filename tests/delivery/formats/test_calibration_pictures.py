"""Pictures for a quantiser are drawn evenly from the classes."""

from __future__ import annotations

import pandas as pd

from core.delivery.formats.calibration_pictures import drawn_evenly


def test_a_rare_class_is_drawn_as_often_as_it_can_be() -> None:
    """900 cats and 10 dogs: a random draw of 40 would hold no dog in two of three cases."""
    labels = pd.Series(["cat"] * 900 + ["dog"] * 10 + ["fox"] * 90)
    drawn = labels.iloc[drawn_evenly(labels, 40)].value_counts()
    assert drawn.to_dict() == {"cat": 15, "dog": 10, "fox": 15}


def test_the_draw_is_the_same_again_and_from_anywhere() -> None:
    labels = pd.Series(["cat"] * 500)
    drawn = drawn_evenly(labels, 100)
    assert drawn.tolist() == drawn_evenly(labels, 100).tolist()
    assert len(set(drawn.tolist())) == 100
    assert drawn.max() > 400


def test_fewer_pictures_are_all_drawn() -> None:
    assert sorted(drawn_evenly(pd.Series(["a", "b", "a"]), 200).tolist()) == [0, 1, 2]
