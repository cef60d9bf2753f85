"""Label sets are written, parsed and counted."""

from __future__ import annotations

import pandas as pd
import pytest

from core.data.labels.label_sets import (
    NONE_OF_THEM,
    join_names,
    joined_labels,
    label_names,
    multi_hot,
    named_classes,
    renamed,
    require_plain_names,
    shows_class,
    split_cell,
)
from core.data.labels.task import Task
from core.errors import ClassNameError

CLASSES = ("cat", "dog", "horse")
LABELS = pd.Series(["cat; dog", "–", "", "dog", "cat; dog"], index=[5, 6, 7, 8, 9])
SEVERAL, ONE = Task.MULTI_LABEL, Task.MULTI_CLASS


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("cat; dog", ("cat", "dog")),
        ("猫；狗｜鸟", ("猫", "狗", "鸟")),  # as a Chinese keyboard has them
        ("cat|dog", ("cat", "dog")),
        (" dog ;cat;;dog", ("dog", "cat")),
        ("cat", ("cat",)),
        ("big cat, asleep", ("big cat, asleep",)),
        ("–", ()),
        ("None", ()),
        ("-", ()),
        ("cat; –", ("cat",)),
        ("", None),
        (" ; ", None),
    ],
)
def test_a_cell_says_which_classes_a_picture_shows_or_none_or_nothing(
    cell: str, names: tuple[str, ...] | None
) -> None:
    """“None of these” teaches a classifier something; an empty cell says that nobody looked."""
    assert split_cell(cell) == names


def test_a_label_is_written_in_the_order_of_the_classes_and_read_back() -> None:
    """One set of classes is one text, or equal labels would look different."""
    assert join_names(["dog", "new", "cat", "dog"], CLASSES) == "cat; dog; new"
    assert join_names([], CLASSES) == NONE_OF_THEM
    assert label_names("cat; dog") == ("cat", "dog")
    assert label_names(NONE_OF_THEM) == label_names("") == ()


def test_labels_expand_into_single_classes() -> None:
    """Pictures a class are counted so; the index still says which picture it was."""
    named = named_classes(LABELS, SEVERAL)
    assert list(zip(named.index, named, strict=True)) == [
        (5, "cat"),
        (5, "dog"),
        (8, "dog"),
        (9, "cat"),
        (9, "dog"),
    ]
    assert named_classes(LABELS, ONE).to_dict() == {5: "cat; dog", 6: "–", 8: "dog", 9: "cat; dog"}
    assert named_classes(pd.Series(["–", ""]), SEVERAL).empty


def test_a_class_is_found_within_labels_by_its_whole_name() -> None:
    """“cat” is not within “wildcat”."""
    labels = pd.Series(["cat; dog", "wildcat", "cat"])
    assert shows_class(labels, "cat", SEVERAL).tolist() == [True, False, True]
    assert shows_class(labels, "cat", ONE).tolist() == [False, False, True]


def test_targets_are_one_where_a_picture_shows_the_class() -> None:
    """Classes that are not asked for, such as those too small, have no column."""
    targets = multi_hot(LABELS, ("dog", "cat"))
    assert targets.dtype == "float32"
    assert targets.tolist() == [[1, 1], [0, 0], [0, 0], [1, 0], [1, 1]]
    assert joined_labels(targets, ("dog", "cat"))[:2] == ["dog; cat", NONE_OF_THEM]
    assert multi_hot(LABELS[:0], CLASSES).shape == (0, 3)


def test_renaming_within_labels_merges_reorders_and_takes_away() -> None:
    """A picture that loses its only class is unlabelled: nobody said that it shows none of the others."""
    assert renamed(LABELS, {"cat": "dog"}, CLASSES).tolist() == ["dog", "–", "", "dog", "dog"]
    assert renamed(LABELS, {"dog": ""}, CLASSES).tolist() == ["cat", "–", "", "", "cat"]
    assert renamed(LABELS, {}, ("dog", "cat")).tolist() == ["dog; cat", "–", "", "dog", "dog; cat"]


@pytest.mark.parametrize("name", ["cat;dog", "cat|dog", "none", "–", "NONE"])
def test_a_class_name_cannot_contain_separators_or_mean_none(name: str) -> None:
    with pytest.raises(ClassNameError, match="name"):
        require_plain_names(["cat", name], SEVERAL)
    require_plain_names(["cat", name], ONE)
