"""Multi-label tables are read and detected."""

from __future__ import annotations

import pytest

from core.data.labels.multi_label_table import labels_in_cells, suggests_multi_label
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
