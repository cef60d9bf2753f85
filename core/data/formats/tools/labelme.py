"""LabelMe: a JSON file for each picture, with flags for the whole picture and outlined shapes.

Points are pixels of the upright picture, from 0. A rectangle has two corners, a circle its centre
and a point on it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from core.data.formats.annotations import (
    Annotation,
    Labels,
    are_multi_label,
    read_annotations,
    with_own_pictures,
)
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import (
    MOST_LOOKED_AT,
    evidence_in,
    in_folder_of,
    json_of_shape,
    laid_out_as,
)
from core.data.formats.survey import Survey
from core.data.formats.tables.folder_splits import splits_of_folders
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxFlag, BoxShape, box_around, size_of
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_
from core.records import JsonObject

_TOOL = "LabelMe"


def _has_shape(value: Any) -> bool:
    return isinstance(value, dict) and "imagePath" in value and isinstance(value.get("shapes"), list)


def _recognise(survey: Survey) -> Evidence | None:
    some = survey.ending(".json")[:MOST_LOOKED_AT]
    files = [member for member in some if json_of_shape(survey, member, _has_shape)]
    return evidence_in(files, N_("{file} has “imagePath” and “shapes”"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files: list[Member] = []
    annotations: list[Annotation] = []
    broken: list[tuple[Member, DataError]] = []
    # One after another, because there can be a file for each of 100,000 pictures.
    for member in survey.ending(".json"):
        try:
            content = survey.json(member)
        except DataError as error:
            broken.append((member, error))
            continue
        if not _has_shape(content):
            continue
        with laid_out_as(_TOOL, member.name):
            path = str(content["imagePath"]).replace("\\", "/").rpartition("/")[2]
            annotations.append(
                Annotation(
                    file=in_folder_of(member, path),
                    labels=_labels(content),
                    label_file=member.name,
                    entry=1,
                    boxes=[_box(shape, content) for shape in content["shapes"]],
                )
            )
        files.append(member)
    splits = splits_of_folders([survey.inner_path(member) for member in files])
    annotations, doubts = with_own_pictures(annotations, survey)
    annotations = [replace(item, split=split) for item, split in zip(annotations, splits, strict=True)]
    multi_label = config.multi_label or are_multi_label(annotations)
    reading = read_annotations(annotations, survey, multi_label=multi_label, label_files=files, broken=broken)
    return replace(reading, doubts=doubts)


def _labels(content: JsonObject) -> Labels | None:
    """Flags that are set, otherwise the labels of the shapes."""
    flags = [str(name) for name, is_set in (content.get("flags") or {}).items() if is_set]
    return tuple(flags or dict.fromkeys(str(shape["label"]) for shape in content["shapes"])) or None


def _box(shape: JsonObject, content: JsonObject) -> Box:
    points, kind = shape.get("points") or [], str(shape.get("shape_type"))
    if kind == "circle":
        (x, y), edge = points
        radius = math.dist((x, y), edge)
        points = [(x - radius, y - radius), (x + radius, y + radius)]
    form = {"rectangle": BoxShape.BOX, "rotation": BoxShape.ROTATED}.get(kind, BoxShape.OUTLINE)
    size = size_of(content.get("imageWidth"), content.get("imageHeight"))
    flag = BoxFlag.DIFFICULT if shape.get("difficult") else BoxFlag.NONE
    return replace(box_around(str(shape["label"]), points, form), stated_size=size, flag=flag)


LABELME = ImportFormat(
    name="labelme",
    label=_TOOL,
    caption=N_("A JSON file for each picture."),
    recognise=_recognise,
    read=_read,
)
