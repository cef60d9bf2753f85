"""Darkroom's own export: class folders with ``pictures.csv``, whose labels and split are exact.

Folder names are only similar to class names, because not every name can be a folder's.
"""

from __future__ import annotations

from core.data.formats.annotations import Annotation, are_multi_label, read_annotations
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.label_sets import split_cell
from core.data.labels.layout import split_named
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

_FILE = "pictures.csv"
_COLUMNS = frozenset({"file", "label", "split", "id", "original_name", "findings"})


def _table(survey: Survey) -> Member | None:
    for member in survey.named(_FILE):
        try:
            if set(survey.label_table(member).columns) >= _COLUMNS:
                return member
        except DataError:
            continue
    return None


def _recognise(survey: Survey) -> Evidence | None:
    member = _table(survey)
    if member is None:
        return None
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(N_("{file} was written by Darkroom"), {"file": member.name}),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    member = _table(survey)
    if member is None:
        raise DataError(N_("{source} has no “pictures.csv” of Darkroom."), source=survey.source_name)
    table = survey.label_table(member)
    columns = (table.column(name) for name in ("file", "label", "split"))
    cells = list(zip(table.row_numbers, *columns, strict=True))
    # In a dataset of single labels, files lie in class folders; one folder holds several labels.
    is_multi_label = config.multi_label or all(file.startswith("pictures/") for _, file, *_ in cells)
    annotations = [
        Annotation(
            file=file,
            labels=split_cell(label) if is_multi_label else (label,) if label else None,
            split=split_named(split),
            label_file=member.name,
            entry=number,
        )
        for number, file, label, split in cells
    ]
    return read_annotations(
        annotations,
        survey,
        multi_label=config.multi_label or (is_multi_label and are_multi_label(annotations)),
        label_files=[member],
    )


DARKROOM_EXPORT = ImportFormat(
    name="darkroom",
    label=N_("Darkroom's own export"),
    caption=N_("The cleaned pictures with “pictures.csv”."),
    recognise=_recognise,
    read=_read,
)
