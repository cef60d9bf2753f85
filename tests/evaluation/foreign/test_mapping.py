"""Class names of a model and of a project are matched as people would."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.evaluation.foreign.mapping import match_classes, parse_pairs, with_changes

CLASSES = ("cat", "Guinea pig", "dog")


def test_equal_names_match_first_then_those_equal_but_for_case_and_spaces() -> None:
    foreign = ("DOG", "dog", "guinea_pig", "horse")
    assert match_classes(foreign, CLASSES) == {"dog": "dog", "guinea_pig": "Guinea pig"}


def test_names_of_signs_alone_match_only_equal_ones() -> None:
    """Of “???”, which label files of TFLite have, and of “=” no letter is left to compare."""
    assert match_classes(("???", "+"), ("+", "=")) == {"+": "+"}


def test_order_counts_only_on_request_and_where_no_name_is_equal() -> None:
    assert match_classes(("0", "1"), CLASSES) == {}
    assert match_classes(("0", "1"), CLASSES, by_order=True) == {"0": "cat", "1": "Guinea pig"}
    assert match_classes(("x", "cat"), CLASSES, by_order=True) == {"cat": "cat"}


def test_choices_add_and_take_out() -> None:
    changes = parse_pairs(["Hund=dog", "cat="], ("cat", "Hund"), CLASSES)
    assert with_changes({"cat": "cat"}, changes) == {"Hund": "dog"}


@pytest.mark.parametrize("pair", ["Hund", "Hund=horse", "wolf=dog"])
def test_a_pair_that_maps_nothing_is_refused(pair: str) -> None:
    with pytest.raises(ConfigError, match="maps nothing"):
        parse_pairs([pair], ("cat", "Hund"), CLASSES)
