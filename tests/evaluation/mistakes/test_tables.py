"""Confusion matrix for spreadsheets."""

from __future__ import annotations

import csv
import io

import numpy as np
import openpyxl

from core.evaluation.mistakes.tables import confusion_csv, confusion_excel

COUNTS = np.array([[3, 1], [0, 4]])
NAMES = ["猫", "=HYPERLINK(1)"]


def test_a_class_name_is_no_formula_in_csv() -> None:
    data = confusion_csv(COUNTS, NAMES, NAMES, "true")
    assert data.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig")))) == [
        ["true", "猫", "'=HYPERLINK(1)"],
        ["猫", "3", "1"],
        ["'=HYPERLINK(1)", "0", "4"],
    ]


def test_a_class_name_is_text_and_a_count_a_number_in_excel() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(confusion_excel(COUNTS, NAMES, NAMES, "true"))).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["true", "猫", "=HYPERLINK(1)"],
        ["猫", 3, 1],
        ["=HYPERLINK(1)", 0, 4],
    ]
    assert [cell.data_type for cell in (sheet["C1"], sheet["A3"], sheet["B2"])] == ["s", "s", "n"]
