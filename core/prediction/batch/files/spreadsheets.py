"""Tables of answers for spreadsheets: CSV and Excel. No cell is computed as a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence

from core.data.labels.label_sets import SEPARATOR
from core.data.labels.tables import safe_cell, text_cell
from core.errors import DataError
from core.files import COPY_CHUNK_BYTES
from core.messages import N_
from core.prediction.batch.batches import Batch
from core.prediction.batch.files.result_format import ResultFormat
from core.prediction.batch.files.rows import ResultRow, result_rows

_COLUMNS = (
    *("file", "status", "answer", "confidence", "prediction set", "stranger score"),
    *("doubt", "reason", "sha256"),
)
# Of one worksheet.
_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
_BYTE_ORDER_MARK = "\ufeff"
_CHUNK_CHARACTERS = 1 << 16
_DIGITS = 6

Cell = str | float | None


def csv_chunks(batch: Batch) -> Iterator[bytes]:
    """Write CSV in UTF-8 with a byte order mark, by which Excel recognises it."""
    text = io.StringIO(_BYTE_ORDER_MARK)
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, lineterminator="\r\n")
    for row in _table(batch):
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in row])
        if text.tell() > _CHUNK_CHARACTERS:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def excel_chunks(batch: Batch) -> Iterator[bytes]:
    """Write an Excel file (.xlsx) with one worksheet.

    Raises:
        DataError: there are more rows or columns than a worksheet has.
    """
    # 0.3 s to import
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "B2"
    for number, row in enumerate(_table(batch), start=1):
        if number > _MOST_ROWS or len(row) > _MOST_COLUMNS:
            raise DataError(
                N_("An Excel sheet holds {rows} rows and {columns} columns. Take CSV instead."),
                rows=_MOST_ROWS,
                columns=_MOST_COLUMNS,
            )
        sheet.append([text_cell(sheet, cell) if isinstance(cell, str) else cell for cell in row])
    with tempfile.TemporaryFile(dir=batch.path) as stream:
        book.save(stream)
        stream.seek(0)
        while chunk := stream.read(COPY_CHUNK_BYTES):
            yield chunk


def _table(batch: Batch) -> Iterator[Sequence[Cell]]:
    """The head, then a row for each picture."""
    classes = batch.facts.labels.class_names if batch.facts else ()
    yield (*_COLUMNS, *(f"probability of {name}" for name in classes))
    for row in result_rows(batch):
        yield (*_cells(row), *(round(value, _DIGITS) for value in row.probabilities))


def _cells(row: ResultRow) -> tuple[Cell, ...]:
    return (
        row.file,
        row.status.value,
        SEPARATOR.join(row.labels),
        _rounded(row.confidence),
        SEPARATOR.join(row.prediction_set or ()),
        _rounded(row.stranger_score),
        row.doubt,
        str(row.reason) if row.reason else "",
        row.sha256 or "",
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


CSV = ResultFormat(
    code="csv", label=N_("Table (CSV)"), suffix=".csv", media_type="text/csv", chunks=csv_chunks
)
EXCEL = ResultFormat(
    code="excel",
    label=N_("Table (Excel)"),
    suffix=".xlsx",
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    chunks=excel_chunks,
)
