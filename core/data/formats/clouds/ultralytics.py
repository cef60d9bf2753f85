"""Ultralytics Platform: NDJSON with a dataset line, then a line for each picture.

The addresses in it lapse after 7 days, so the pictures themselves must lie beside it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.data.formats.annotations import Annotation, Labels, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import class_named, evidence_in, laid_out_as, line_files
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxShape, box_around, box_centred
from core.data.labels.layout import split_named
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_
from core.records import JsonObject

_TOOL = "Ultralytics"
# Keys of the annotations; the boxes of the first two are centred.
_CENTRED = ("boxes", "pose")
_KINDS_OF_BOXES = (*_CENTRED, "segments", "obb")


def _files(survey: Survey) -> list[Member]:
    def has_shape(value: Any) -> bool:
        return isinstance(value, dict) and value.get("type") == "dataset" and "class_names" in value

    return line_files(survey, has_shape, ".ndjson", ".jsonl")


def _recognise(survey: Survey) -> Evidence | None:
    files = _files(survey)
    return evidence_in(files, N_("{file} begins with an Ultralytics dataset"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = _files(survey)
    annotations: list[Annotation] = []
    for member in files:
        with laid_out_as(_TOOL, member.name):
            header, *lines = survey.json_lines(member)
            names = header["class_names"]
            annotations += [
                Annotation(
                    file=str(line["file"]),
                    labels=_labels(line.get("annotations") or {}, names),
                    split=split_named(str(line.get("split", ""))),
                    label_file=member.name,
                    entry=entry,
                    boxes=_boxes(line.get("annotations") or {}, names),
                )
                for entry, line in enumerate(lines, start=2)
                if line["type"] == "image"
            ]
        _require_pictures(annotations, survey, member)
    multi_label = config.multi_label or are_multi_label(annotations)
    notes = [Note(kind=NoteKind.ADDRESSES_LAPSE, values={"file": member.name}) for member in files]
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files, notes=notes)


def _labels(annotations: JsonObject, names: Any) -> Labels | None:
    """Names of the classes of the picture, otherwise of its boxes."""
    numbers = annotations.get("classification")
    if numbers is None:
        numbers = [item[0] for kind in _KINDS_OF_BOXES for item in annotations.get(kind) or ()]
    return tuple(dict.fromkeys(_name(names, number) for number in numbers)) or None


def _boxes(annotations: JsonObject, names: Any) -> list[Box]:
    """Lists that begin with a class; then follow centre, width and height, or corners, as fractions."""
    boxes = []
    for kind in _KINDS_OF_BOXES:
        for number, *values in annotations.get(kind) or ():
            if kind in _CENTRED:
                box = box_centred(_name(names, number), *values[:4])
            else:
                shape = BoxShape.ROTATED if kind == "obb" else BoxShape.OUTLINE
                corners = zip(values[::2], values[1::2], strict=False)
                box = box_around(_name(names, number), corners, shape)
            boxes.append(replace(box, is_relative=True))
    return boxes


def _name(names: Any, number: Any) -> str:
    return class_named(names, number) if isinstance(names, list) else str(names[str(int(number))])


def _require_pictures(annotations: list[Annotation], survey: Survey, member: Member) -> None:
    """
    Raises:
        DataError: none of the pictures lies beside the file.
    """
    if not survey.index.count([annotation.file for annotation in annotations]):
        raise DataError(
            N_(
                "{file} holds addresses of pictures, which lapse after 7 days. Download the pictures, "
                "put them into a folder beside it, and import the folder."
            ),
            file=member.name,
        )


ULTRALYTICS = ImportFormat(
    name="ultralytics",
    label=_TOOL,
    caption=N_("An NDJSON file beside the pictures."),
    recognise=_recognise,
    read=_read,
)
