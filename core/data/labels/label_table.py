"""Label tables: the columns that the user chose, beside the tables themselves."""

from __future__ import annotations

from dataclasses import dataclass

from core.data.labels.tables import LabelTable, read_label_table, safe_cell
from core.records import Record

__all__ = ["LabelTable", "TableColumns", "read_label_table", "safe_cell"]


@dataclass(frozen=True, kw_only=True)
class TableColumns(Record):
    """Chosen roles of a table's columns; an empty name is detected."""

    file: str
    label: str
    # None beside a chosen file and label column: there is none
    split: str | None = None
    group: str | None = None

    @property
    def is_complete(self) -> bool:
        """True if the user has chosen both the file names and the classes."""
        return bool(self.file and self.label)
