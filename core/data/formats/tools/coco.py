"""COCO JSON: images, categories and annotations; also what Custom Vision's and Roboflow's exports write.

An annotation without a box or outline labels the whole picture. Where a picture has only boxes,
it has the labels of its boxes. A box is left, top, width and height in pixels from 0; ``iscrowd``
marks one around many objects. CVAT writes the rotation of a box, in degrees, into its attributes.
In panoptic files each picture has segments with boxes, of which those of things count. Azure
Machine Learning writes fractions instead of pixels.

Source: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from core.data.formats.annotations import Annotation, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, json_files, laid_out_as, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxFlag, box_around, box_at, rotated, size_of
from core.data.labels.layout import Split
from core.data.sources.members import Member
from core.messages import N_
from core.records import JsonObject

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
    for member in files:
        with laid_out_as(_TOOL, member.name):
            split = split_of_path(survey.inner_path(member))
            annotations += _annotations(survey.json(member), member, split)
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _annotations(content: JsonObject, member: Member, split: Split | None) -> list[Annotation]:
    names = {category["id"]: str(category["name"]) for category in content["categories"]}
    things = {category["id"] for category in content["categories"] if category.get("isthing", 1)}
    sizes = {image["id"]: size_of(image.get("width"), image.get("height")) for image in content["images"]}
    of_picture: dict[Any, list[str]] = defaultdict(list)
    of_regions: dict[Any, list[str]] = defaultdict(list)
    boxes: dict[Any, list[Box]] = defaultdict(list)
    for image_id, item in _labelled(content["annotations"]):
        name = names[item["category_id"]]
        target = of_regions if _is_region(item) else of_picture
        target[image_id].append(name)
        if _is_region(item) and item["category_id"] in things:
            boxes[image_id].append(replace(_box(item, name), stated_size=sizes.get(image_id, (0, 0))))
    has_fractions = all(box.is_within(1.0) for of_one in boxes.values() for box in of_one)
    return [
        Annotation(
            file=str(image["file_name"]),
            labels=tuple(dict.fromkeys(of_picture[image["id"]] or of_regions[image["id"]])) or None,
            split=split,
            label_file=member.name,
            entry=entry,
            boxes=[replace(box, is_relative=has_fractions) for box in boxes[image["id"]]],
        )
        for entry, image in enumerate(content["images"], start=1)
    ]


def _labelled(annotations: list[JsonObject]) -> Iterator[tuple[Any, JsonObject]]:
    """Objects with the id of their picture; those of a panoptic file are its segments."""
    for item in annotations:
        for part in item.get("segments_info", [item]):
            yield item["image_id"], part


def _box(item: JsonObject, label: str) -> Box:
    if item.get("bbox"):
        box = box_at(label, *item["bbox"])
        box = rotated(box, (item.get("attributes") or {}).get("rotation"), box.centre)
    else:
        box = box_around(label, _points(item["segmentation"]))
    is_crowd = item.get("iscrowd") or item.get("ignore")
    return replace(box, flag=BoxFlag.CROWD if is_crowd else BoxFlag.NONE)


def _points(segmentation: Any) -> list[tuple[float, float]]:
    """Corners of all outlines; none where the object is a mask."""
    outlines = segmentation if isinstance(segmentation, list) else []
    return [pair for outline in outlines for pair in zip(outline[::2], outline[1::2], strict=True)]


def _is_region(item: JsonObject) -> bool:
    return bool(item.get("bbox") or item.get("segmentation"))


COCO = ImportFormat(
    name="coco",
    label=_TOOL,
    caption=N_("JSON with images, categories and annotations."),
    recognise=_recognise,
    read=_read,
)
