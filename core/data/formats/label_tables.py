"""Label tables: CSV, Excel or JSON with a row for each picture, beside the source or inside it."""

from __future__ import annotations

from pathlib import Path

from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.survey import Survey
from core.data.formats.tables.columns import AmbiguousNamesError
from core.data.formats.tables.finding import find_tables, open_table
from core.data.formats.tables.reading import read_tables
from core.data.import_config import ImportConfig
from core.data.labels.tables import read_label_table
from core.data.sources.members import Member
from core.errors import ConfigError, DataError
from core.messages import N_, Message

# Roboflow calls its tables so, and nobody else.
_ROBOFLOW_TABLE = "_classes.csv"


def _recognise_inside(survey: Survey) -> Evidence | None:
    found = find_tables(survey, ImportConfig())
    if not found.used:
        # Read only where nothing else explains the source: its error says what was missing.
        sentence = Message(N_("there is a table"))
        # It is about these pictures, so it is asked about whatever else explains them.
        is_about_them = any(isinstance(error, AmbiguousNamesError) for error in found.errors)
        confidence = Confidence.LIKELY if is_about_them else Confidence.POSSIBLE
        return Evidence(confidence=confidence, sentence=sentence) if found.errors else None
    first = found.used[0].table.name
    is_roboflow = first.rpartition("/")[2] == _ROBOFLOW_TABLE
    sentence = (
        Message(N_("{table} names the pictures"), {"table": first})
        if len(found.used) == 1
        else Message(
            N_("{table} and {count} more tables name the pictures"),
            {"table": first, "count": len(found.used) - 1},
        )
    )
    return Evidence(confidence=Confidence.CERTAIN if is_roboflow else Confidence.LIKELY, sentence=sentence)


def _read_given(survey: Survey, config: ImportConfig) -> FormatReading:
    if config.table is None:
        raise ConfigError(N_("A table of labels is missing. Choose a CSV or Excel file."))
    member = _member_of(survey, config.table)
    table = read_label_table(config.table.read_bytes(), member.name if member else config.table.name)
    survey.note_encoding(table.name, table.encoding)
    return read_tables([open_table(table, member, survey, config)], survey, config)


def _member_of(survey: Survey, table: Path) -> Member | None:
    """Find a given table among the source's own files; it may lie in the imported folder."""
    path = table.resolve()
    same_name = (member for member in survey.members if member.parts[-1] == path.name)
    return next((member for member in same_name if member.path and member.path.resolve() == path), None)


def _read_inside(survey: Survey, config: ImportConfig) -> FormatReading:
    found = find_tables(survey, config)
    if not found.used:
        if found.errors:
            raise found.errors[0]
        raise DataError(
            N_(
                "No table with the pictures' file names was found in {source}. "
                "Put one into it (CSV or Excel), or choose it beside it."
            ),
            source=survey.source_name,
        )
    return read_tables(found.used, survey, config)


TABLE = ImportFormat(
    name="table",
    label=N_("A table that I add here"),
    caption=N_("CSV or Excel: a row for each picture with its file name and its class."),
    recognise=lambda survey: None,
    read=_read_given,
    takes_table=True,
    has_columns=True,
    is_offered=True,
)
TABLE_INSIDE = ImportFormat(
    name="table_inside",
    label=N_("A table among the pictures"),
    caption=N_("CSV or Excel, in the same zip file or folder."),
    recognise=_recognise_inside,
    read=_read_inside,
    has_columns=True,
    is_offered=True,
)
