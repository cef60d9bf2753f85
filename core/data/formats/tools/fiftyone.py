"""FiftyOne image classification and detection: ``data/`` and a ``labels.json`` by file stem.

Source: FiftyOne's ``FiftyOneImageClassificationDataset``. A label is an index into the classes
where there are classes, otherwise a text; a list of them where a picture has several. A detection
has a ``bounding_box``: left, top, width and height as fractions of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.data.formats.annotations import Annotation, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import class_named, evidence_in, json_files, laid_out_as, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxFlag, box_at
from core.messages import N_

_TOOL = "FiftyOne"


def _has_shape(value: Any) -> bool:
    return isinstance(value, dict) and "classes" in value and isinstance(value.get("labels"), dict)


def _recognise(survey: Survey) -> Evidence | None:
    files = json_files(survey, _has_shape)
    return evidence_in(files, N_("{file} has “classes” and “labels”"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = json_files(survey, _has_shape)
    annotations = []
    for member in files:
        with laid_out_as(_TOOL, member.name):
            content = survey.json(member)
            classes = content["classes"] or []
            split = split_of_path(survey.inner_path(member))
            annotations += [
                Annotation(
                    file=stem,
                    labels=_labels(value, classes),
                    split=split,
                    label_file=member.name,
                    entry=entry,
                    boxes=_boxes(value, classes),
                )
                for entry, (stem, value) in enumerate(content["labels"].items(), start=1)
            ]
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _labels(value: Any, classes: Sequence[str]) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, int | str):
        return (_name(value, classes),)
    values = value if isinstance(value, list) else [value]
    # With a confidence or attributes, a label is an object.
    values = [item["label"] if isinstance(item, dict) else item for item in values]
    return tuple(dict.fromkeys(_name(item, classes) for item in values))


def _boxes(value: Any, classes: Sequence[str]) -> Sequence[Box]:
    if not isinstance(value, list):
        return ()
    boxes = []
    for item in value:
        if isinstance(item, dict) and "bounding_box" in item:
            box = box_at(_name(item["label"], classes), *item["bounding_box"])
            is_crowd = (item.get("attributes") or {}).get("iscrowd")
            flag = BoxFlag.CROWD if is_crowd else BoxFlag.NONE
            boxes.append(replace(box, is_relative=True, flag=flag))
    return boxes


def _name(label: Any, classes: Sequence[str]) -> str:
    return class_named(classes, label) if isinstance(label, int) else str(label)


FIFTYONE = ImportFormat(
    name="fiftyone",
    label=_TOOL,
    caption=N_("A “labels.json” beside the folder “data”."),
    recognise=_recognise,
    read=_read,
)
