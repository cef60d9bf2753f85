"""COCO JSON: images, categories and annotations; also what Custom Vision's and Roboflow's exports write.

An annotation without a box or outline labels the whole picture. Where a picture has only boxes,
it has the labels of its boxes.

Source: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from core.data.formats.annotations import Annotation, have_several, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, json_files, laid_out_as, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.sources.members import Member
from core.messages import N_

_TOOL = "COCO"


def _has_shape(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), list) for name in ("images", "annotations", "categories")
    )


def _recognise(survey: Survey) -> Evidence | None:
    files = json_files(survey, _has_shape)
    return evidence_in(files, N_("{file} has “images”, “categories” and “annotations”"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = json_files(survey, _has_shape)
    annotations: list[Annotation] = []
    boxes = 0
    for member in files:
        with laid_out_as(_TOOL, member.name):
            content = survey.json(member)
            boxes += sum(_is_region(item) for item in content["annotations"])
            annotations += _annotations(content, member)
    multi_label = config.multi_label or have_several(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files, boxes=boxes)


def _annotations(content: dict[str, Any], member: Member) -> list[Annotation]:
    names = {category["id"]: str(category["name"]) for category in content["categories"]}
    of_picture: dict[Any, list[str]] = defaultdict(list)
    of_regions: dict[Any, list[str]] = defaultdict(list)
    for item in content["annotations"]:
        target = of_regions if _is_region(item) else of_picture
        target[item["image_id"]].append(names[item["category_id"]])
    return [
        Annotation(
            file=str(image["file_name"]),
            labels=tuple(dict.fromkeys(of_picture[image["id"]] or of_regions[image["id"]])) or None,
            split=split_of_path(member.parts),
            label_file=member.name,
            entry=entry,
        )
        for entry, image in enumerate(content["images"], start=1)
    ]


def _is_region(item: dict[str, Any]) -> bool:
    return bool(item.get("bbox") or item.get("segmentation"))


COCO = ImportFormat(
    name="coco",
    label=_TOOL,
    caption=N_("JSON with images, categories and annotations."),
    recognise=_recognise,
    read=_read,
)
