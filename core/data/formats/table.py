"""Table of the import formats, by name, in the order in which the page offers them."""

from __future__ import annotations

from core.data.formats.class_folders import CLASS_FOLDERS, UNLABELLED
from core.data.formats.import_format import ImportFormat
from core.data.formats.label_tables import TABLE, TABLE_INSIDE

_ROWS: tuple[ImportFormat, ...] = (
    CLASS_FOLDERS,
    TABLE,
    TABLE_INSIDE,
    UNLABELLED,
)
FORMATS = {row.name: row for row in _ROWS}
