"""Export format: the record that each way of writing a cleaned dataset is one of.

To add one, write its function in a file of its own and add the row to ``table.py``, a test
that reads it back, and the translations.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from core.data.exports.content import ExportContent


@dataclass(frozen=True, kw_only=True)
class DatasetExportFormat:
    """One way of writing a cleaned dataset as a zip."""

    # Short and stable: ``--format NAME``, job configs and file names hold it.
    name: str
    # Shown by the page; both are marked for translation.
    label: str
    caption: str
    write: Callable[[ExportContent, zipfile.ZipFile], None]
