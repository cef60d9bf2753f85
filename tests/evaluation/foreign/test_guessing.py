"""A guessed preprocessing is the best one, and those that may be as good are named."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from core.evaluation.foreign.facts import Fitting, InputFacts, Layout, Preprocessing, TensorFacts
from core.evaluation.foreign.guessing import Score, guess
from core.evaluation.foreign.preprocessing import code_of

PICTURES = 64
FACTS = InputFacts(
    width=96,
    height=96,
    channels=3,
    layout=Layout.CHANNELS_LAST,
    tensor=TensorFacts(name="x", shape=(1, 96, 96, 3), dtype="float32"),
)


def score_of(right: int, *, first_wrong: int = 0) -> Score:
    """So many pictures are right, from the one after ``first_wrong`` on."""
    return Score(
        right=np.isin(np.arange(PICTURES), np.arange(first_wrong, first_wrong + right)).astype(float),
        likelihood=0.0,
    )


def test_a_crop_that_may_be_as_good_is_named() -> None:
    """The same file, judged with another crop, has another score."""

    def judge(preprocessing: Preprocessing) -> Score:
        if code_of(preprocessing) not in {"unit", "unit-crop"}:
            return score_of(7)
        return score_of(60) if preprocessing.fitting is Fitting.STRETCH else score_of(59, first_wrong=3)

    found = guess(FACTS, judge, np.arange(PICTURES))
    assert (code_of(found.preprocessing), found.pictures, found.accuracy) == ("unit", 64, 60 / 64)
    assert [(code_of(other.preprocessing), other.accuracy) for other in found.alternatives] == [
        ("unit-crop", 59 / 64)
    ]


def test_a_clear_winner_stands_alone() -> None:
    def judge(preprocessing: Preprocessing) -> Score:
        return score_of(60 if code_of(preprocessing) == "symmetric-bgr-crop" else 30)

    def with_crop(preprocessing: Preprocessing) -> Score:
        return score_of(31) if code_of(preprocessing) == "symmetric-bgr" else judge(preprocessing)

    found = guess(FACTS, with_crop, np.arange(PICTURES))
    assert code_of(found.preprocessing) == "symmetric-bgr-crop"
    assert found.alternatives == ()


def test_pictures_of_one_group_are_one_witness() -> None:
    """60 against 30 of 64 right is clear, unless all 64 were taken at once."""

    def judge(preprocessing: Preprocessing) -> Score:
        return score_of(60 if code_of(preprocessing) == "unit" else 30)

    assert guess(FACTS, judge, np.arange(PICTURES)).alternatives == ()
    assert len(guess(FACTS, judge, np.repeat([0, 1], 32)).alternatives) == 10


def test_blue_first_is_guessed_only_where_it_is_better_beyond_chance() -> None:
    """Pictures without much colour are answered alike in both orders: 61 against 60 of 64 is chance."""

    def judge(preprocessing: Preprocessing, *, blue_first: int) -> Score:
        if code_of(preprocessing).removesuffix("-crop") == "unit-bgr":
            return replace(score_of(blue_first), likelihood=-0.1)
        return replace(score_of(60 if code_of(preprocessing) == "unit" else 30), likelihood=-0.2)

    found = guess(FACTS, partial(judge, blue_first=61), np.arange(PICTURES))
    assert (code_of(found.preprocessing), found.accuracy) == ("unit", 60 / 64)
    assert [code_of(other.preprocessing) for other in found.alternatives] == ["unit-bgr", "unit-bgr-crop"]
    equal = guess(FACTS, partial(judge, blue_first=60), np.arange(PICTURES))
    assert code_of(equal.preprocessing) == "unit"


def test_blue_first_is_guessed_where_red_first_is_much_worse_even_in_one_group() -> None:
    """The order is the same for all pictures, so those of one burst are witnesses of their own."""

    def judge(preprocessing: Preprocessing) -> Score:
        return score_of(60 if code_of(preprocessing) == "bytes-bgr" else 20)

    assert code_of(guess(FACTS, judge, np.zeros(PICTURES)).preprocessing) == "bytes-bgr"
