"""Azure Machine Learning: JSON lines with ``image_url`` and ``label``, a text, or a list of texts or boxes.

A box has two corners, as fractions of the picture; an outline, lists of x and y.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.data.formats.annotations import Annotation, Labels, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, laid_out_as, line_files, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxFlag, box_around, box_between
from core.data.sources.members import Member
from core.messages import N_
from core.records import JsonObject

_TOOL = "Azure Machine Learning"


def _files(survey: Survey) -> list[Member]:
    def has_shape(value: Any) -> bool:
        return isinstance(value, dict) and "image_url" in value and "label" in value

    return line_files(survey, has_shape, ".jsonl")


def _recognise(survey: Survey) -> Evidence | None:
    files = _files(survey)
    return evidence_in(files, N_("the lines of {file} have “image_url” and “label”"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = _files(survey)
    annotations: list[Annotation] = []
    for member in files:
        with laid_out_as(_TOOL, member.name):
            annotations += [
                Annotation(
                    file=str(line["image_url"]),
                    labels=_labels(line.get("label")),
                    split=split_of_path(survey.inner_path(member)),
                    label_file=member.name,
                    entry=entry,
                    boxes=_boxes(line.get("label")),
                )
                for entry, line in enumerate(survey.json_lines(member), start=1)
            ]
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _labels(value: Any) -> Labels | None:
    if isinstance(value, list):
        return tuple(dict.fromkeys(str(item["label"] if _is_box(item) else item) for item in value))
    return None if value in (None, "") else (str(value),)


def _is_box(item: Any) -> bool:
    return isinstance(item, dict)


def _boxes(value: Any) -> list[Box]:
    return [_box(item) for item in value if _is_box(item)] if isinstance(value, list) else []


def _box(item: JsonObject) -> Box:
    label = str(item["label"])
    flag = BoxFlag.CROWD if item.get("isCrowd") else BoxFlag.NONE
    if "topX" in item:
        box = box_between(label, *(item.get(name) for name in ("topX", "topY", "bottomX", "bottomY")))
    else:
        outlines = item.get("polygon") or []
        box = box_around(
            label, [pair for line in outlines for pair in zip(line[::2], line[1::2], strict=False)]
        )
    return replace(box, is_relative=True, flag=flag)


AZURE = ImportFormat(
    name="azure",
    label=_TOOL,
    caption=N_("JSON lines with addresses of pictures."),
    recognise=_recognise,
    read=_read,
)
