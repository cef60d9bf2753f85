"""Datumaro: ``annotations/train.json`` and ``images/train/``; also read by CVAT and Geti.

Source: Datumaro's format ``datumaro``, version 1.0.
"""

from __future__ import annotations

import json
import zipfile

from core.data.exports.content import ExportContent, ExportedPicture
from core.data.exports.export_format import DatasetExportFormat
from core.data.labels.layout import Split
from core.messages import N_

_IMAGE = 2  # Datumaro's number of the media type


def _write(content: ExportContent, archive: zipfile.ZipFile) -> None:
    for split in content.splits:
        items = json.dumps(_items(content, split, archive), ensure_ascii=False)
        archive.writestr(f"annotations/{split.value}.json", items)


def _items(content: ExportContent, split: Split, archive: zipfile.ZipFile) -> dict[str, object]:
    """Write the pictures of a part and return its label file."""
    numbers = {name: number for number, name in enumerate(content.class_names)}
    items = []
    for picture in content.pictures(split):
        archive.writestr(f"images/{split.value}/{picture.name}", picture.data)
        items.append(_item(picture, numbers))
    labels = [{"name": name, "parent": "", "attributes": []} for name in numbers]
    return {
        "dm_format_version": "1.0",
        "media_type": _IMAGE,
        "infos": {},
        "categories": {"label": {"labels": labels, "label_groups": [], "attributes": []}},
        "items": items,
    }


def _item(picture: ExportedPicture, numbers: dict[str, int]) -> dict[str, object]:
    marks = [
        {"id": 0, "type": "label", "attributes": {}, "group": 0, "label_id": numbers[name]}
        for name in picture.labels
    ]
    image = {"path": picture.name, "size": [picture.height, picture.width]}
    return {"id": picture.stem, "annotations": marks, "image": image}


DATUMARO = DatasetExportFormat(
    name="datumaro",
    label="Datumaro, CVAT, Geti",
    caption=N_("A JSON file for each part, for Datumaro and the tools that use it."),
    write=_write,
)
