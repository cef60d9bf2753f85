"""Create ML: a JSON list with the name of each picture and its labels or boxes.

A box is its centre, width and height in pixels, from the left and top.
"""

from __future__ import annotations

from typing import Any

from core.data.formats.annotations import Annotation, Labels, are_multi_label, read_annotations
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import in_folder_of, json_files, laid_out_as, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, box_centred
from core.messages import N_, Message

_TOOL = "Create ML"
_FILE_KEYS = ("image", "imagefilename", "filename")
_LABEL_KEYS = ("annotations", "annotation", "labels", "label")


def _has_shape(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and any(isinstance(value[0].get(key), str) for key in _FILE_KEYS)
        and any(key in value[0] for key in _LABEL_KEYS)
        and len(value[0]) <= len(("image", "annotations", "id"))
    )


def _recognise(survey: Survey) -> Evidence | None:
    files = json_files(survey, _has_shape)
    if not files:
        return None
    return Evidence(
        confidence=Confidence.LIKELY,
        sentence=Message(N_("{file} lists pictures with their labels"), {"file": files[0].name}),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = json_files(survey, _has_shape)
    annotations: list[Annotation] = []
    for member in files:
        with laid_out_as(_TOOL, member.name):
            annotations += [
                Annotation(
                    file=in_folder_of(member, next(item[key] for key in _FILE_KEYS if key in item)),
                    labels=_labels(next((item[key] for key in _LABEL_KEYS if key in item), None)),
                    split=split_of_path(survey.inner_path(member)),
                    label_file=member.name,
                    entry=entry,
                    boxes=_boxes(next((item[key] for key in _LABEL_KEYS if key in item), None)),
                )
                for entry, item in enumerate(survey.json(member), start=1)
            ]
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _labels(value: Any) -> Labels | None:
    values = value if isinstance(value, list) else [value]
    names = [str(item["label"] if isinstance(item, dict) else item) for item in values if item]
    return tuple(dict.fromkeys(names)) or None


def _boxes(value: Any) -> list[Box]:
    items = value if isinstance(value, list) else [value]
    boxes = []
    for item in items:
        if isinstance(item, dict) and "coordinates" in item:
            edges = [item["coordinates"].get(name) for name in ("x", "y", "width", "height")]
            boxes.append(box_centred(str(item["label"]), *edges))
    return boxes


CREATE_ML = ImportFormat(
    name="create_ml",
    label=_TOOL,
    caption=N_("A JSON list of pictures with their labels."),
    recognise=_recognise,
    read=_read,
)
