"""Datumaro, also written by CVAT and Geti 2: ``annotations/<subset>.json`` with items and categories.

A box is left, top, width and height in pixels from 0, an outline a list of x and y.

Source: Datumaro's ``DatumaroBase`` reader.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.data.formats.annotations import Annotation, Labels, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import class_named, evidence_in, json_files, laid_out_as, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxFlag, box_around, box_at, rotated, size_of
from core.data.labels.layout import split_named
from core.data.sources.members import Member
from core.messages import N_
from core.records import JsonObject

_TOOL = "Datumaro"


def _has_shape(value: Any) -> bool:
    return isinstance(value, dict) and "items" in value and "label" in value.get("categories", {})


def _recognise(survey: Survey) -> Evidence | None:
    files = json_files(survey, _has_shape)
    return evidence_in(files, N_("{file} has “items” and “categories”"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = json_files(survey, _has_shape)
    annotations: list[Annotation] = []
    for member in files:
        with laid_out_as(_TOOL, member.name):
            content = survey.json(member)
            names = [str(label["name"]) for label in content["categories"]["label"]["labels"]]
            for entry, item in enumerate(content["items"], start=1):
                annotations.append(_annotation(item, names, member, entry))
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _annotation(item: JsonObject, names: list[str], member: Member, entry: int) -> Annotation:
    media = item.get("image") or item.get("media") or {}
    marks = item.get("annotations") or []
    height, width = media.get("size") or (0, 0)
    return Annotation(
        file=str(media.get("path") or item["id"]),
        labels=_labels(marks, names),
        split=split_named(member.parts[-1].rpartition(".")[0]) or split_of_path(member.parts[-1:]),
        label_file=member.name,
        entry=entry,
        boxes=[
            replace(_box(mark, names), stated_size=size_of(width, height))
            for mark in marks
            if mark["type"] != "label"
        ],
    )


def _box(mark: JsonObject, names: list[str]) -> Box:
    label = class_named(names, mark["label_id"]) if mark.get("label_id") is not None else ""
    attributes = mark.get("attributes") or {}
    flag = (
        BoxFlag.CROWD
        if attributes.get("is_crowd")
        else BoxFlag.DIFFICULT
        if attributes.get("difficult")
        else BoxFlag.NONE
    )
    if mark["type"] == "bbox":
        box = box_at(label, *mark["bbox"])
    else:  # a mask has no points
        numbers = mark.get("points") or []
        box = box_around(label, zip(numbers[::2], numbers[1::2], strict=False))
    return replace(rotated(box, attributes.get("rotation"), box.centre), flag=flag)


def _labels(marks: list[JsonObject], names: list[str]) -> Labels | None:
    """Labels of the whole picture, otherwise those of its boxes and outlines."""
    of_picture = [mark for mark in marks if mark["type"] == "label"]
    chosen = of_picture or [mark for mark in marks if mark.get("label_id") is not None]
    return tuple(dict.fromkeys(class_named(names, mark["label_id"]) for mark in chosen)) or None


DATUMARO = ImportFormat(
    name="datumaro",
    label="Datumaro, CVAT, Geti 2",
    caption=N_("A folder “annotations” with a JSON file for each part."),
    recognise=_recognise,
    read=_read,
)
