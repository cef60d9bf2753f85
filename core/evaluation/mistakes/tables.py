"""Confusion matrix as a table for spreadsheets: CSV and Excel.

A class name may begin like a formula (“=cmd|…”). In CSV it gets an apostrophe; a cell of an Excel
file has a type, and text is never computed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from core.data.labels.tables import safe_cell, text_cell


def confusion_csv(counts: np.ndarray, rows: Sequence[str], columns: Sequence[str], corner: str) -> bytes:
    """Write counts as CSV in UTF-8 with a byte order mark, by which Excel recognises it.

    Args:
        corner: text of the first cell, which explains rows and columns.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in (corner, *columns)])
    for name, row in zip(rows, counts.tolist(), strict=True):
        writer.writerow([safe_cell(name), *row])
    return text.getvalue().encode("utf-8-sig")


def confusion_excel(counts: np.ndarray, rows: Sequence[str], columns: Sequence[str], corner: str) -> bytes:
    """Write counts as an Excel file (.xlsx) with one worksheet; arguments as of ``confusion_csv``."""
    # 0.3 s to import
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "B2"
    sheet.append([text_cell(sheet, name) for name in (corner, *columns)])
    for name, row in zip(rows, counts.tolist(), strict=True):
        sheet.append([text_cell(sheet, name), *row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
