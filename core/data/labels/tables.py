"""Tables as text, from CSV and Excel files.

Owns encodings, delimiters and cells. ``label_table`` reads the classes of pictures from
such a table.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import islice
from typing import Any

from core.data.labels.layout import clean_label
from core.data.sources.encodings import TextEncoding, decode_with_encoding
from core.data.sources.members import CONTAINER_SUFFIXES, PICTURE_SUFFIXES
from core.errors import DataError
from core.messages import N_, Message

_EXCEL_SUFFIXES = (".xlsx", ".xlsm")
_UNREADABLE_TABLE_SUFFIXES = (".xls", ".ods")
READABLE_SUFFIXES = (".csv", ".tsv", *_EXCEL_SUFFIXES)
# A space counts only if no other delimiter separates the lines.
_DELIMITERS = (",", ";", "\t", "|", " ")
_LINES_SAMPLED = 50
# Excel in Europe writes and hides such a first line.
_STATED_DELIMITER = re.compile(r"""\A"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)""", re.IGNORECASE)
# Excel for old Macs ends lines with a carriage return alone.
_LINE_END = re.compile(r"\r\n|\r|\n")
_MAX_ROWS = 1_000_000
_MAX_COLUMNS = 2_000
_MAX_CELLS = 50_000_000
# From so many columns of numbers from 0 to 255 on, they are pixels.
_PIXEL_COLUMNS = 64
# Empty rows. A cell so far below the others is not part of the table.
_MAX_GAP = 10_000
_EXCEL_UNPACKED_BYTES = 256 << 20
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
# Errors of openpyxl for damaged or hostile files.
_EXCEL_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    # Invalid XML.
    SyntaxError,
    OSError,
    EOFError,
    OverflowError,
    RecursionError,
    MemoryError,
    NotImplementedError,
)
# Number in the file, from 1, and cells.
_NumberedRow = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class LabelTable:
    """Table as text, without empty rows."""

    name: str
    columns: tuple[str, ...]
    # Each with as many cells as there are columns.
    rows: tuple[tuple[str, ...], ...]
    # Numbers of the rows in the file, from 1, as a spreadsheet shows them.
    row_numbers: tuple[int, ...]
    # None for an Excel file, which states its own.
    encoding: TextEncoding | None = None
    # Further worksheets of an Excel file that hold something; only the first one is read.
    other_sheets: tuple[str, ...] = ()

    def column(self, name: str) -> list[str]:
        """Return the cells of a column.

        Raises:
            DataError: there is no such column.
        """
        if name not in self.columns:
            raise DataError(
                N_("{table} has no column “{column}”. Its columns are: {columns}."),
                table=self.name,
                column=name,
                columns=", ".join(self.columns),
            )
        index = self.columns.index(name)
        return [row[index] for row in self.rows]

    def with_header_as_row(self) -> LabelTable:
        """The table with its first line as a row, for a file without a header."""
        first = self.row_numbers[0] - 1 if self.row_numbers else 1
        return replace(
            self,
            columns=tuple(_letters(index) for index in range(len(self.columns))),
            rows=(self.columns, *self.rows),
            row_numbers=(first, *self.row_numbers),
        )


def read_label_table(data: bytes, name: str) -> LabelTable:
    """Read a CSV file (any delimiter and common encoding) or the first worksheet of an Excel file.

    The first row has the columns' names, unless it names a picture file. Columns without a
    name are called as in a spreadsheet: A, B, …

    Raises:
        DataError: the file cannot be read, or has fewer than two columns.
    """
    lower = name.lower()
    if lower.endswith(_UNREADABLE_TABLE_SUFFIXES):
        raise DataError(
            N_("{table} is of a kind that cannot be read here. Save it as .xlsx or .csv."), table=name
        )
    encoding: TextEncoding | None = None
    other_sheets: tuple[str, ...] = ()
    if lower.endswith(_EXCEL_SUFFIXES):
        cells, other_sheets = _excel_rows(data, name)
    else:
        text, encoding = decode_with_encoding(data)
        cells = list(_csv_rows(text, name))
    numbered = [(number, row) for number, row in cells if any(row)]
    width = max((_filled_width(row) for _, row in numbered), default=0)
    if width < 2:
        raise DataError(
            N_("{table} needs two columns at least: the names of the picture files, and their classes."),
            table=name,
        )
    rows = [(row + ("",) * width)[:width] for _, row in numbered]
    numbers = [number for number, _ in numbered]
    has_header = not any(cell.lower().endswith((*PICTURE_SUFFIXES, *CONTAINER_SUFFIXES)) for cell in rows[0])
    header = rows[0] if has_header else ("",) * width
    begin = 1 if has_header else 0
    return LabelTable(
        name=name,
        columns=_column_names(header),
        rows=tuple(rows[begin:]),
        row_numbers=tuple(numbers[begin:]),
        encoding=encoding,
        other_sheets=other_sheets,
    )


def safe_cell(text: str) -> str:
    """Escape text that a spreadsheet would run as a formula, with an apostrophe as spreadsheets do."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def text_cell(sheet: Any, text: str) -> Any:
    """Make a cell of an Excel file that is text, whatever it begins with, without signs that Excel refuses."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
    cell.data_type = "s"  # openpyxl takes text that begins with “=” for a formula
    return cell


def _plain_cell(text: str) -> str:
    """Strip spaces and the apostrophe of ``safe_cell``."""
    text = text.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA_SIGNS) else text


def _csv_rows(text: str, name: str) -> Iterator[_NumberedRow]:
    stated = _STATED_DELIMITER.match(text)
    text = text[stated.end() :] if stated else text
    delimiter = stated[1] if stated else _delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    row: list[str] = []
    number = cells = 0
    try:
        for number, row in enumerate(reader, start=1):
            cells += len(row)
            _require_table(name, number, row, cells)
            yield number, tuple(_plain_cell(cell) for cell in row)
    except csv.Error as error:
        raise _unreadable_row(name, number + 1, str(error)) from error
    if _is_open(row, text):
        raise _unreadable_row(name, number, Message(N_("a quotation mark has no second one")))


def _is_open(last_row: Sequence[str], text: str) -> bool:
    """True if a quotation mark that nothing closes has made one cell of all further lines."""
    is_long = bool(last_row) and _LINE_END.search(last_row[-1].rstrip()) is not None
    return is_long and not text.rstrip().endswith('"')


def _unreadable_row(name: str, row: int, error: str | Message) -> DataError:
    return DataError(N_("Row {row} of {table} cannot be read: {error}."), row=row, table=name, error=error)


def _require_table(name: str, number: int, row: Sequence[str], cells: int) -> None:
    """Refuse what is too large for a table of labels, or holds pixels.

    Raises:
        DataError: the rows, columns or cells are more than the limits, or the second row is one of pixels.
    """
    if number > _MAX_ROWS:
        raise DataError(N_("{table} has more than {limit} rows."), table=name, limit=_MAX_ROWS)
    if len(row) > _MAX_COLUMNS:
        raise DataError(N_("{table} has more than {limit} columns."), table=name, limit=_MAX_COLUMNS)
    if cells > _MAX_CELLS:
        raise DataError(N_("{table} has more than {limit} cells."), table=name, limit=_MAX_CELLS)
    if number == 2 and len(row) > _PIXEL_COLUMNS and _are_pixels(row):
        raise DataError(N_("{table} holds the pixels of pictures, not the names of files."), table=name)


def _are_pixels(row: Sequence[str]) -> bool:
    values = [int(cell) for cell in row if cell.isdecimal() and len(cell) < 4]
    inked = sum(value > 1 for value in values)
    return len(values) >= len(row) - 2 and max(values) <= 255 and inked > max(2, len(row) // 50)


def _delimiter_of(text: str) -> str:
    """Detect the delimiter: the sign that splits most lines into the same number of cells."""
    lines = _LINE_END.split(text, _LINES_SAMPLED)[:_LINES_SAMPLED]

    def agreement(delimiter: str) -> tuple[int, int]:
        try:
            counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
        except csv.Error:
            return 0, 0
        width, rows = counts.most_common(1)[0] if counts else (0, 0)
        return rows, width

    *signs, space = _DELIMITERS
    best = max(signs, key=agreement)
    return best if agreement(best)[0] else space


def _excel_rows(data: bytes, name: str) -> tuple[list[_NumberedRow], tuple[str, ...]]:
    """Read the rows of the first worksheet that has any, and the names of the other ones that do."""
    # Takes 0.2 s to import.
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _EXCEL_UNPACKED_BYTES:
                raise DataError(N_("{table} is too large. Save it as .csv."), table=name)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        filled = [sheet for sheet in book.worksheets if _has_content(sheet)]
        rows = list(_worksheet_rows(filled[0], name)) if filled else []
        return rows, tuple(sheet.title for sheet in filled[1:])
    except _EXCEL_ERRORS as error:
        raise DataError(
            N_(
                "{table} cannot be read as an Excel file. Open it in a spreadsheet program and save it again."
            ),
            table=name,
        ) from error


def _has_content(worksheet: Any) -> bool:
    worksheet.reset_dimensions()
    rows = islice(worksheet.iter_rows(values_only=True), _MAX_GAP)
    return any(any(map(_cell_text, row)) for row in rows)


def _worksheet_rows(worksheet: Any, name: str) -> Iterator[_NumberedRow]:
    """Read the rows that are not empty, until ``_MAX_GAP`` empty ones follow each other."""
    last = cells = 0
    # With the size that the file states, every row would be as wide as the widest.
    worksheet.reset_dimensions()
    for number, values in enumerate(worksheet.iter_rows(values_only=True), start=1):
        row = tuple(_plain_cell(_cell_text(value)) for value in values)
        if any(row):
            row = row[: _filled_width(row)]
            last, cells = number, cells + len(row)
            _require_table(name, number, row, cells)
            yield number, row
        elif number - last > _MAX_GAP:
            return


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # Excel stores a day as its midnight.
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def _filled_width(row: Sequence[str]) -> int:
    return max(width for width, cell in enumerate(row, start=1) if cell)


def _column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Complete the columns' names and make them unique."""
    names: dict[str, None] = {}
    # Of equal names, the number that was given last.
    numbers: Counter[str] = Counter()
    for index, cell in enumerate(header):
        wanted = clean_label(cell) or _letters(index)
        name = wanted
        while name in names:
            numbers[wanted] += 1
            name = f"{wanted} ({numbers[wanted] + 1})"
        names[name] = None
    return tuple(names)


def _letters(index: int) -> str:
    """Name a column as spreadsheets do: A, B, … Z, AA, …"""
    letters = ""
    number = index + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
