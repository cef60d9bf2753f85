"""Label tables: a CSV or Excel file with a row for each picture, beside the source or inside it."""

from __future__ import annotations

from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.label_table import (
    LabelTable,
    assignments_from_table,
    find_label_table,
    read_label_table,
)
from core.data.labels.layout import is_companion
from core.data.skip_reasons import Reason, SkipReason
from core.errors import ConfigError, DataError
from core.messages import N_, Message


def _recognise_inside(survey: Survey) -> Evidence | None:
    member = find_label_table(survey.listing)
    if member is None:
        return None
    return Evidence(
        confidence=Confidence.LIKELY,
        sentence=Message(N_("{table} names the pictures"), {"table": member.name}),
    )


def _read_given(survey: Survey, config: ImportConfig) -> FormatReading:
    if config.table is None:
        raise ConfigError(N_("A table of labels is missing. Choose a CSV or Excel file."))
    return _read(read_label_table(config.table.read_bytes(), config.table.name), survey, config)


def _read_inside(survey: Survey, config: ImportConfig) -> FormatReading:
    member = find_label_table(survey.listing)
    if member is None:
        raise DataError(
            N_(
                "No table with the pictures' file names was found in {source}. "
                "Put one into it (CSV or Excel), or choose it beside it."
            ),
            source=survey.source_name,
        )
    return _read(survey.label_table(member), survey, config)


def _read(table: LabelTable, survey: Survey, config: ImportConfig) -> FormatReading:
    result = assignments_from_table(table, survey.members, config.columns, multi_label=config.multi_label)
    pictures = []
    left_out = list(result.refused)
    for member, assignment in zip(survey.members, result.assignments, strict=True):
        if assignment is not None:
            pictures.append((member, assignment))
        elif is_companion(member):
            if member.name != table.name:
                left_out.append((member.name, Reason(code=SkipReason.NOT_A_PICTURE)))
        else:
            reason = Reason(code=SkipReason.NOT_IN_TABLE, values={"table": table.name})
            left_out.append((member.name, reason))
    return FormatReading(
        pictures=pictures,
        left_out=left_out,
        multi_label=config.multi_label,
        label_files=frozenset({table.name}),
        columns=result.columns,
        column_names=table.columns,
    )


TABLE = ImportFormat(
    name="table",
    label=N_("A table that I add here"),
    caption=N_("CSV or Excel: a row for each picture with its file name and its class."),
    recognise=lambda survey: None,
    read=_read_given,
    takes_table=True,
    is_offered=True,
)
TABLE_INSIDE = ImportFormat(
    name="table_inside",
    label=N_("A table among the pictures"),
    caption=N_("CSV or Excel, in the same zip file or folder."),
    recognise=_recognise_inside,
    read=_read_inside,
    is_offered=True,
)
