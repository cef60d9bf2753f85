"""Multi-label tables are read and detected."""

from __future__ import annotations

import pytest

from core.data.labels.multi_label_table import labels_in_cells, suggests_multi_label, with_classes_joined
from core.data.labels.tables import LabelTable, read_label_table


def table_of(*lines: str) -> LabelTable:
    return read_label_table("\n".join(lines).encode(), "labels.csv")


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["cat;dog", "cat|dog", "cat"], ["cat; dog", "cat; dog", "cat"]),
        (["cat, dog", "dog", "none", ""], ["cat; dog", "dog", "–", ""]),
        (["cat, small; dog", "cat, small"], ["cat, small; dog", "cat, small"]),
        (["n02119789; dog"], ["kit fox; dog"]),
    ],
)
def test_the_labels_of_a_cell_are_separated(cells: list[str], labels: list[str]) -> None:
    """Commas part labels only in a table that uses no other sign: else they belong to names."""
    assert labels_in_cells(cells) == labels


def test_columns_of_yes_and_no_become_labels() -> None:
    """The way of many contests: one column a class."""
    table = table_of(
        "image,cat,dog,horse,split", "1.png,1,0,1,train", "2.png,0,0,0,test", "3.png,0,TRUE,no,test"
    )
    joined = with_classes_joined(table)
    assert joined.columns == ("image", "split", "labels")
    assert joined.column("labels") == ["cat; horse", "–", "dog"]
    assert joined.column("split") == ["train", "test", "test"]


def test_a_table_without_such_columns_stays_as_it_is() -> None:
    table = table_of("image,label,checked", "1.png,cat,1", "2.png,dog,0")
    assert with_classes_joined(table) is table


@pytest.mark.parametrize(
    ("lines", "suggests"),
    [
        (["file,labels", "1.png,cat|dog", "2.png,cat", "3.png,dog|cat"], True),
        (["file,cat,dog", "1.png,1,1", "2.png,0,1"], True),
        (["file,cat,dog", "1.png,0,0", "2.png,0,1"], True),
        (["file,cat,dog", "1.png,1,0", "2.png,0,1"], False),  # one each: classes, written in another way
        (["file,label", "1.png,cat", "2.png,dog"], False),
        (
            ["file,label,note", "1.png,cat,seen; by Ann", "2.png,dog,dark | wet"],
            False,
        ),  # words that do not recur
        (["file,label", "a;b.png,cat", "b;a.png,dog"], False),
    ],
)
def test_multi_label_is_suggested_for_a_table_with_label_lists(lines: list[str], suggests: bool) -> None:
    assert suggests_multi_label(table_of(*lines)) is suggests
