"""Open Images: CSV files with ``ImageID``, ``LabelName`` and ``Confidence``, and names of the classes.

A label holds from a confidence of 0.5 on: people's checks say 1 or 0, and 0 means that the class
is not shown. Boxes are used where there are no labels of whole pictures. Their edges are fractions
of the picture, and ``IsGroupOf`` marks a box around more than five objects.

Source: https://storage.googleapis.com/openimages/web/download_v7.html, "Data formats".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from core.data.formats.annotations import Annotation, are_multi_label, read_annotations
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import fitting, laid_out_as, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxFlag, BoxUse, box_between
from core.data.labels.layout import Split
from core.data.labels.tables import LabelTable
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

_TOOL = "Open Images"
_MARKERS = frozenset({"ImageID", "LabelName", "Confidence"})
_LEAST_CONFIDENCE = 0.5


def _files(survey: Survey) -> tuple[list[Member], list[Member]]:
    """Files with labels of whole pictures, and files with boxes."""

    def columns(member: Member) -> frozenset[str]:
        try:
            return frozenset(survey.label_table(member).columns)
        except DataError:
            return frozenset()

    found = fitting(survey.ending(".csv"), lambda member: columns(member) >= _MARKERS)
    boxes = [member for member in found if "XMin" in columns(member)]
    return [member for member in found if member not in boxes], boxes


def _recognise(survey: Survey) -> Evidence | None:
    labels, boxes = _files(survey)
    if not labels and not boxes:
        return None
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(
            N_("{file} has the columns “ImageID”, “LabelName” and “Confidence”"),
            {"file": (labels or boxes)[0].name},
        ),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    labels, boxes = _files(survey)
    names_files, names = _class_names(survey)
    annotations: list[Annotation] = []
    of_picture: dict[str, list[Box]] = defaultdict(list)
    for member in boxes:
        with laid_out_as(_TOOL, member.name):
            for file, box in _boxes(survey.label_table(member), names):
                of_picture[file].append(box)
    for member in boxes if config.boxes is BoxUse.CROP else labels or boxes:
        split = split_of_path(survey.inner_path(member))
        with laid_out_as(_TOOL, member.name):
            annotations += [
                replace(annotation, boxes=of_picture[annotation.file])
                for annotation in _annotations(survey.label_table(member), member, names, split)
            ]
    multi_label = config.multi_label or are_multi_label(annotations)
    files = [*labels, *boxes, *names_files]
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _boxes(table: LabelTable, names: dict[str, str]) -> Iterator[tuple[str, Box]]:
    """Names of pictures with their boxes."""
    columns = [table.column(name) for name in ("ImageID", "LabelName", "XMin", "YMin", "XMax", "YMax")]
    has_groups = "IsGroupOf" in table.columns
    crowds = table.column("IsGroupOf") if has_groups else [""] * len(table.rows)
    for crowd, file, label, *edges in zip(crowds, *columns, strict=True):
        flag = BoxFlag.CROWD if crowd == "1" else BoxFlag.NONE
        box = box_between(names.get(label, label), *edges)
        yield file, replace(box, is_relative=True, flag=flag)


def _annotations(
    table: LabelTable, member: Member, names: dict[str, str], split: Split | None
) -> list[Annotation]:
    shown: dict[str, list[str]] = defaultdict(list)
    first_row: dict[str, int] = {}
    for number, file, label, confidence in zip(
        table.row_numbers,
        table.column("ImageID"),
        table.column("LabelName"),
        table.column("Confidence"),
        strict=True,
    ):
        first_row.setdefault(file, number)
        labels = shown[file]
        if float(confidence) >= _LEAST_CONFIDENCE:
            labels.append(names.get(label, label))
    return [
        Annotation(
            file=file,
            labels=tuple(dict.fromkeys(labels)),
            split=split,
            label_file=member.name,
            entry=first_row[file],
        )
        for file, labels in shown.items()
    ]


def _class_names(survey: Survey) -> tuple[list[Member], dict[str, str]]:
    """Names by code, such as “/m/01yrx”; the file has no header."""
    files = [member for member in survey.ending(".csv") if "class-descriptions" in member.parts[-1].lower()]
    names: dict[str, str] = {}
    for member in files:
        for line in survey.lines(member):
            code, comma, name = line.partition(",")
            if comma:
                names[code.strip()] = name.strip().strip('"')
    return files, names


OPEN_IMAGES = ImportFormat(
    name="open_images",
    label=_TOOL,
    caption=N_("CSV files with the columns “ImageID” and “LabelName”."),
    recognise=_recognise,
    read=_read,
)
