"""Columns of yes and no are read in the notations that people have."""

from __future__ import annotations

import pytest

from core.data.labels.flag_columns import FlagColumns, flag_columns, nearly_flag_columns, read_flags
from core.data.labels.tables import LabelTable, read_label_table


def table_of(*lines: str) -> LabelTable:
    return read_label_table("\n".join(lines).encode(), "labels.csv")


def flags_of(*lines: str) -> FlagColumns:
    table = table_of(*lines)
    return read_flags(table, flag_columns(table, but=["file"]))


def test_columns_of_yes_and_no_become_labels() -> None:
    """The way of many contests: one column a class."""
    flags = flags_of("file,cat,dog,horse,split", "1.png,1,0,1,train", "2.png,0,0,0,test", "3.png,0,TRUE,no,x")
    assert flags.columns == ("cat", "dog", "horse")
    assert flags.labels == [("cat", "horse"), (), ("dog",)]
    assert flags.are_multi_label


@pytest.mark.parametrize(
    ("yes", "no"),
    [("1.0", "0.0"), ("1", "-1"), ("TRUE", "FALSE"), ("yes", "no"), ("Y", "N"), ("是", "否"), ("+1", "0")],
)
def test_each_notation_of_flags_is_read_and_named(yes: str, no: str) -> None:
    flags = flags_of("file,cat,dog", f"1.png,{yes},{no}", f"2.png,{no},{yes}")
    assert flags.labels == [("cat",), ("dog",)]
    assert (flags.yes, flags.no) == (yes, no)
    assert not flags.are_multi_label


def test_ones_and_zeros_need_no_note() -> None:
    assert flags_of("file,cat,dog", "1.png,1,0", "2.png,0,1").yes == ""


def test_minus_one_beside_zero_is_uncertain() -> None:
    """CheXpert's notation; CelebA has no zero, so its -1 is a plain no."""
    flags = flags_of("file,edema,fracture", "1.png,1.0,-1.0", "2.png,0.0,1.0", "3.png,,1.0", "4.png,,")
    assert flags.labels == [("edema",), ("fracture",), ("fracture",), ()]
    assert (flags.uncertain_cells, flags.blank_cells, flags.blank_columns) == (1, 1, ("edema",))


def test_a_column_with_one_wrong_cell_is_named() -> None:
    table = table_of("file,cat,dog", *(f"{i}.png,1,{'?' if i == 3 else 0}" for i in range(8)))
    assert flag_columns(table, but=["file"]) == ["cat"]
    assert nearly_flag_columns(table, but=["file"]) == [("dog", 3)]
