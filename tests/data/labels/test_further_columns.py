"""Further columns of a label table are kept where they part the pictures, and read again as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.data.labels.further_columns import (
    MOST_COLUMNS,
    MOST_VALUES,
    as_numbers,
    choose_columns,
    columns_of,
    fields_of,
)
from core.data.labels.tables import LabelTable

ROWS = 500


def table_of(**columns: list[str]) -> LabelTable:
    rows = tuple(zip(*columns.values(), strict=True))
    return LabelTable(
        name="t.csv", columns=tuple(columns), rows=rows, row_numbers=tuple(range(2, len(rows) + 2))
    )


def cells(count: int, *, of: int) -> list[str]:
    """So many cells with so many different texts."""
    return [f"v{number % of}" for number in range(count)]


@pytest.mark.parametrize(
    ("column", "is_kept"),
    [
        (cells(ROWS, of=2), True),
        (cells(ROWS, of=MOST_VALUES), True),
        (cells(ROWS, of=MOST_VALUES + 1), False),
        (cells(ROWS, of=1), False),
        ([""] * ROWS, False),
        # Names, notes, addresses: another one for each picture.
        (cells(300, of=151) + [""] * 200, False),
        # Numbers of any count, but not the numbers of the rows.
        ([str(number / 7) for number in range(ROWS)], True),
        ([str(number + 5) for number in range(ROWS)], False),
        ([str(number // 2) for number in range(ROWS)], True),
    ],
)
def test_columns_that_part_the_pictures_are_kept(column: list[str], is_kept: bool) -> None:
    table = table_of(file=[f"{number}.png" for number in range(ROWS)], label=cells(ROWS, of=2), other=column)
    assert choose_columns(table, {"file", "label"}) == (("other",) if is_kept else ())


def test_so_many_columns_are_kept_and_no_more() -> None:
    columns = {f"c{number}": cells(ROWS, of=3) for number in range(MOST_COLUMNS + 5)}
    assert choose_columns(table_of(**columns), {"c0"}) == tuple(
        f"c{number}" for number in range(1, MOST_COLUMNS + 1)
    )


def test_cells_are_read_again_as_they_were() -> None:
    table = table_of(age=["43", "", ""], ward=["näh", 'a "b"', ""])
    fields = pd.Series(fields_of(table, ("age", "ward")))
    assert fields[2] == ""
    columns = columns_of(fields)
    assert {name: values.tolist() for name, values in columns.items()} == {
        "age": ["43", "", ""],
        "ward": ["näh", 'a "b"', ""],
    }


def test_numbers_may_have_a_comma_and_gaps() -> None:
    values = as_numbers(["1,5", "", "-2"])
    assert values is not None
    np.testing.assert_array_equal(values, [1.5, np.nan, -2])
    assert as_numbers(["1", "x"]) is None
    assert as_numbers(["1", "inf"]) is None
