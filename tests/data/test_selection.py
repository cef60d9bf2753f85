"""Filters select exactly the matching pictures; sort orders are complete and stable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.dataset import Dataset
from core.data.manifest import complete_manifest
from core.data.selection import Order, Selection, matches, natural_keys, ordered_rows

PICTURES = pd.DataFrame(
    [
        ("a", "cats/IMG_10.jpg", "cats", "train", False, 300, 200, 0.5, 7.0),
        ("b", "cats/IMG_9.jpg", "cats", "test", False, 100, 100, 0.1, 1.0),
        ("c", "dogs/img_9.JPG", "dogs", "train", True, 100, 100, 0.9, np.nan),
        ("d", "camera/Été.png", "", "", False, 20, 10, np.nan, 3.0),
        ("e", "camera/(1+1).png", "apes", "", False, 400, 400, 0.5, 3.0),
    ],
    columns=["id", "name", "label", "split", "excluded", "width", "height", "brightness", "sharpness"],
)


@pytest.fixture
def dataset() -> Dataset:
    """Five pictures; the user put dogs before cats and apes."""
    rest = dict.fromkeys(("sha256", "format", "extension", "group", "supplied_split"), "")
    pictures = complete_manifest(PICTURES.assign(**rest, size_bytes=1))
    return Dataset(
        folder=Path(),
        version=1,
        class_names=("dogs", "cats"),
        all_class_names=("dogs", "cats", "apes"),
        left_out_classes={},
        skipped=(),
        pictures=pictures,
        all_pictures=pictures,
    )


@pytest.mark.parametrize(
    ("selection", "meant"),
    [
        (Selection(), "abcde"),
        (Selection(label="cats"), "ab"),
        (Selection(label=""), "d"),
        (Selection(label="horses"), ""),
        (Selection(split="train"), "ac"),
        (Selection(split=""), "de"),
        (Selection(excluded=True), "c"),
        (Selection(excluded=False, label="dogs"), ""),
        (Selection(name="img_9"), "bc"),
        (Selection(name=" IMG_9 "), "bc"),
        (Selection(name="(1+1)"), "e"),  # no pattern
        (Selection(name="e\u0301te\u0301"), "d"),  # accents written as macOS does
        (Selection(ids=frozenset({"e", "a", "gone"})), "ae"),
        (Selection(ids=frozenset()), ""),
        (Selection(ids=frozenset("abc"), name="img", split="train"), "ac"),
    ],
)
def test_a_selection_finds_what_it_means(dataset: Dataset, selection: Selection, meant: str) -> None:
    assert "".join(dataset.all_pictures["id"][matches(dataset, selection)]) == meant


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (Order.CLASS, "cabed"),
        (Order.NAME, "edbac"),
        (Order.NEWEST, "edcba"),
        (Order.SMALLEST, "dbcae"),
        (Order.LARGEST, "eabcd"),
        (Order.DARKEST, "baecd"),
        (Order.BRIGHTEST, "caebd"),
        (Order.LEAST_SHARP, "bdeac"),
        (Order.LEAST_CONTRAST, "abcde"),  # never measured
    ],
)
def test_an_order_is_complete_and_stable(dataset: Dataset, order: Order, ids: str) -> None:
    """Pictures without a label or a measurement come last in either direction."""
    assert "".join(dataset.all_pictures["id"].iloc[ordered_rows(dataset, order)]) == ids


@given(
    st.lists(st.integers(0, 10**12 - 1)),
    st.sampled_from(["", "IMG_", "a 7/b-"]),
    st.sampled_from(["", ".jpg", "x"]),
)
def test_names_sort_by_the_value_of_their_numbers(numbers: list[int], before: str, after: str) -> None:
    names = pd.Series([f"{before}{number}{after}" for number in numbers], dtype="str")
    in_order = [numbers[row] for row in natural_keys(names).sort_values(kind="stable").index]
    assert in_order == sorted(numbers)


@given(st.lists(st.text(max_size=30)))
def test_any_name_has_a_key(names: list[str]) -> None:
    """Names come from archives: they hold whatever text holds."""
    assert len(natural_keys(pd.Series(names, dtype="str"))) == len(names)
