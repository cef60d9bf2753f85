"""Table of the result formats, and writing one of them to a file."""

from __future__ import annotations

from pathlib import Path

from core.errors import NotFoundError
from core.files import whole_file
from core.messages import N_
from core.prediction.batch.batches import Batch
from core.prediction.batch.files.json_lines import JSON_LINES
from core.prediction.batch.files.result_format import ResultFormat
from core.prediction.batch.files.sorting import SORTED
from core.prediction.batch.files.spreadsheets import CSV, EXCEL

# In the order of the page.
RESULT_FORMATS = (CSV, EXCEL, JSON_LINES, SORTED)


def find_result_format(code: str) -> ResultFormat:
    """Look up a format by its code.

    Raises:
        NotFoundError: there is no such format.
    """
    for result_format in RESULT_FORMATS:
        if result_format.code == code:
            return result_format
    known = ", ".join(result_format.code for result_format in RESULT_FORMATS)
    raise NotFoundError(
        N_("There is no result format “{name}”. Choose from: {known}."), name=code[:80], known=known
    )


def write_result(batch: Batch, result_format: ResultFormat, path: Path) -> None:
    """Write the answers of a batch to a file, as a whole or not at all."""
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        for chunk in result_format.chunks(batch):
            stream.write(chunk)
