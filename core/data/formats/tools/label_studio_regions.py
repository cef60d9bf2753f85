"""Regions of Label Studio: boxes, ellipses and outlines with labels, in percent of the picture."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.data.formats.annotations import Annotation, Labels
from core.data.labels.boxes import Box, box_around, box_at, rotated, size_of

# Keys of a region with its labels, by the tag that drew it.
_LABEL_KEYS = ("rectanglelabels", "ellipselabels", "polygonlabels", "brushlabels", "keypointlabels", "labels")


def regions_of_result(result: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Regions of an annotation by the name of their question, as JSON-MIN has them."""
    regions: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in result:
        if item.get("type") in _LABEL_KEYS:
            facts = {name: item.get(name) for name in ("original_width", "original_height", "image_rotation")}
            regions[str(item.get("from_name", "label"))].append({**item["value"], **facts})
    return regions


def is_region_list(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and any(key in item for key in _LABEL_KEYS) for item in value)
    )


def labels_of_regions(regions: Sequence[Mapping[str, Any]]) -> Labels:
    return tuple(dict.fromkeys(label for region in regions for label in _labels(region)))


def boxes_of_row(row: Mapping[str, Any]) -> list[Box]:
    """Boxes of an annotation, of all its questions."""
    return [_box(region) for value in row.values() if is_region_list(value) for region in value]


def with_boxes_of_first(annotations: Sequence[Annotation]) -> tuple[list[Annotation], int]:
    """Keep the boxes of the first annotation of each picture that has some; count the others."""
    seen: set[str] = set()
    kept: list[Annotation] = []
    further = 0
    for annotation in annotations:
        if annotation.file in seen:
            further += len(annotation.boxes)
            annotation = replace(annotation, boxes=())
        if annotation.boxes:
            seen.add(annotation.file)
        kept.append(annotation)
    return kept, further


def _labels(region: Mapping[str, Any]) -> list[str]:
    return [str(label) for key in _LABEL_KEYS for label in region.get(key) or ()]


def _box(region: Mapping[str, Any]) -> Box:
    """The box around a region; without a label if it has several, without an area if the view was turned."""
    labels = _labels(region)
    label = labels[0] if len(labels) == 1 else ""
    width, height = size_of(region.get("original_width"), region.get("original_height"))
    box = _in_percent(region, label)
    aspect = height / width if width else 1.0
    pivot = box.centre if "radiusX" in region else (box.left, box.top)
    box = rotated(box, region.get("rotation"), pivot, aspect)
    scale = math.nan if region.get("image_rotation") else 0.01
    return replace(
        box,
        left=box.left * scale,
        top=box.top * scale,
        right=box.right * scale,
        bottom=box.bottom * scale,
        is_relative=True,
        stated_size=(width, height),
    )


def _in_percent(region: Mapping[str, Any], label: str) -> Box:
    if "points" in region:
        return box_around(label, region["points"])
    if "radiusX" in region:
        x, y, across, down = (float(region[name]) for name in ("x", "y", "radiusX", "radiusY"))
        return box_around(label, [(x - across, y - down), (x + across, y + down)])
    return box_at(label, *(region.get(name) for name in ("x", "y", "width", "height")))
