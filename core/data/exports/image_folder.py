"""Hugging Face imagefolder: a folder for each part, with the labels in its ``metadata.jsonl``.

Source: https://huggingface.co/docs/datasets/image_dataset, "ImageFolder".
"""

from __future__ import annotations

import json
import zipfile

from core.data.exports.content import ExportContent, ExportedPicture
from core.data.exports.export_format import DatasetExportFormat
from core.messages import N_


def _write(content: ExportContent, archive: zipfile.ZipFile) -> None:
    for split in content.splits:
        lines = []
        for picture in content.pictures(split):
            archive.writestr(f"{split.value}/{picture.name}", picture.data)
            lines.append(json.dumps(_entry(picture, content), ensure_ascii=False))
        archive.writestr(f"{split.value}/metadata.jsonl", "\n".join(lines) + "\n")


def _entry(picture: ExportedPicture, content: ExportContent) -> dict[str, object]:
    if content.has_several_labels:
        return {"file_name": picture.name, "labels": list(picture.labels)}
    return {"file_name": picture.name, "label": picture.labels[0]}


IMAGE_FOLDER = DatasetExportFormat(
    name="imagefolder",
    label=N_("Hugging Face imagefolder"),
    caption=N_("For “load_dataset”: a folder for each part, with “metadata.jsonl”."),
    write=_write,
)
