"""COCO with labels of whole pictures: ``annotations/labels_train.json`` and ``images/train/``.

Source: https://cocodataset.org/#format-data, and Datumaro's ``coco_labels``.
"""

from __future__ import annotations

import json
import zipfile

from core.data.exports.content import ExportContent
from core.data.exports.export_format import DatasetExportFormat
from core.data.labels.layout import Split
from core.messages import N_

_PICTURES = "images"


def _write(content: ExportContent, archive: zipfile.ZipFile) -> None:
    for split in content.splits:
        labels = json.dumps(_labels(content, split, archive), ensure_ascii=False)
        archive.writestr(f"annotations/labels_{split.value}.json", labels)


def _labels(content: ExportContent, split: Split, archive: zipfile.ZipFile) -> dict[str, object]:
    """Write the pictures of a part and return its label file."""
    numbers = {name: number for number, name in enumerate(content.class_names, start=1)}
    images: list[dict[str, object]] = []
    annotations: list[dict[str, int]] = []
    for number, picture in enumerate(content.pictures(split), start=1):
        archive.writestr(f"{_PICTURES}/{split.value}/{picture.name}", picture.data)
        images.append(
            {"id": number, "file_name": picture.name, "width": picture.width, "height": picture.height}
        )
        for name in picture.labels:
            entry = {"id": len(annotations) + 1, "image_id": number, "category_id": numbers[name]}
            annotations.append(entry)
    categories = [{"id": number, "name": name, "supercategory": ""} for name, number in numbers.items()]
    return {"images": images, "categories": categories, "annotations": annotations}


COCO = DatasetExportFormat(
    name="coco",
    label="COCO",
    caption=N_("A JSON file for each part, with labels of whole pictures."),
    write=_write,
)
