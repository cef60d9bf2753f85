"""Lists of labels in a cell are parsed without evaluating them."""

from __future__ import annotations

import pytest

from core.data.labels.label_lists import lists_in_cells, parse_list, separated, separator_of_lists


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("['cat', 'red']", ("cat", "red")),
        ('["cat", "red"]', ("cat", "red")),
        ("['cat' 'red']", ("cat", "red")),  # as NumPy writes it
        ('{"choices":["cat","red thing"]}', ("cat", "red thing")),
        ("{'cat', 'red'}", ("cat", "red")),
        ("{cat,red thing}", ("cat", "red thing")),  # as PostgreSQL writes it
        ("[]", ()),
        ("[0, 2]", ("0", "2")),
        (r"['it\'s', 'a, b']", ("it's", "a, b")),
        ("cat", None),
        ("[cat", None),
        ('{"a": 1, "b": 2}', None),
        ("[['cat']]", None),
        ("[" * 100_000 + "]" * 100_000, None),
        ("[__import__('os').system('x')]", None),
    ],
)
def test_a_list_is_parsed(cell: str, labels: tuple[str, ...] | None) -> None:
    assert parse_list(cell) == labels


def test_plain_names_beside_lists_are_single_labels() -> None:
    """Label Studio writes one choice as text, several as JSON."""
    assert lists_in_cells(["cat", '["cat", "red"]', "", "[]"]) == [("cat",), ("cat", "red"), None, ()]
    assert lists_in_cells(["cat", "dog"]) is None


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["cat; red", "cat", "red"], [("cat", "red"), ("cat",), ("red",)]),
        (["cat|red", "red", "cat"], [("cat", "red"), ("red",), ("cat",)]),
        (["cat, red", "cat", "red"], [("cat", "red"), ("cat",), ("red",)]),
        (["猫、红", "猫", "红"], [("猫", "红"), ("猫",), ("红",)]),
        (["cat\nred", "cat", "red"], [("cat", "red"), ("cat",), ("red",)]),
        (
            ["haze primary", "clear primary water", "haze water", "clear", "water primary"],
            [
                ("haze", "primary"),
                ("clear", "primary", "water"),
                ("haze", "water"),
                ("clear",),
                ("water", "primary"),
            ],
        ),
    ],
)
def test_separated_lists_are_found(cells: list[str], labels: list[tuple[str, ...]]) -> None:
    separator = separator_of_lists(cells)
    assert separator is not None
    assert separated(cells, separator) == labels


@pytest.mark.parametrize(
    "cells",
    [
        ["golden retriever", "labrador retriever", "german shepherd", "poodle"],
        ["black cat", "white cat", "black dog", "white dog"],
        ["black, shiny"] * 5 + ["white, dull"] * 5,
        ["a b.png", "b a.png"],
        ["cat", "dog"],
        [],
    ],
)
def test_names_of_several_words_are_no_lists(cells: list[str]) -> None:
    assert separator_of_lists(cells) is None
