"""Amazon manifests: SageMaker Ground Truth, Rekognition Custom Labels and Lookout for Vision.

A line is a JSON object with ``source-ref`` and, for each labelling job ``X``, the keys ``X`` and
``X-metadata``. The metadata hold ``class-name``, or a ``class-map`` for several labels. Of a job
that draws boxes, the classes of the boxes are used where no job labels the whole picture. A box
is left, top, width and height in pixels from 0.

Source: the Ground Truth documentation on augmented manifests and output data.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.data.formats.annotations import Annotation, Labels, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, laid_out_as, line_files, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, box_at, size_of
from core.data.sources.members import Member
from core.messages import N_
from core.records import JsonObject

_TOOL = "Amazon"
_SUFFIX = "-metadata"
_SINGLE = "groundtruth/image-classification"
_SEVERAL = "groundtruth/image-classification-multilabel"
_BOXES = "groundtruth/object-detection"


def _files(survey: Survey) -> list[Member]:
    def has_shape(value: Any) -> bool:
        return isinstance(value, dict) and "source-ref" in value

    return line_files(survey, has_shape, ".manifest", ".jsonl", ".json")


def _recognise(survey: Survey) -> Evidence | None:
    files = _files(survey)
    return evidence_in(files, N_("the lines of {file} have “source-ref”"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = _files(survey)
    annotations: list[Annotation] = []
    for member in files:
        with laid_out_as(_TOOL, member.name):
            annotations += [
                Annotation(
                    file=str(line["source-ref"]),
                    labels=_labels(line),
                    split=split_of_path(survey.inner_path(member)),
                    label_file=member.name,
                    entry=entry,
                    boxes=_boxes(line),
                )
                for entry, line in enumerate(survey.json_lines(member), start=1)
            ]
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _labels(line: JsonObject) -> Labels | None:
    """Labels of all jobs; None where no job has labelled the picture."""
    names: list[str] = []
    is_labelled = False
    for key, metadata in line.items():
        if not key.endswith(_SUFFIX) or not isinstance(metadata, dict):
            continue
        if metadata.get("type") == _SINGLE:
            is_labelled = True
            names.append(str(metadata["class-name"]))
        elif metadata.get("type") == _SEVERAL:
            is_labelled = True
            names += [str(name) for name in metadata["class-map"].values()]
    if is_labelled:
        return tuple(dict.fromkeys(names))
    return tuple(dict.fromkeys(box.label for box in _boxes(line))) or None


def _boxes(line: JsonObject) -> list[Box]:
    """The boxes of all jobs."""
    jobs = [
        (line[key.removesuffix(_SUFFIX)], metadata["class-map"])
        for key, metadata in line.items()
        if key.endswith(_SUFFIX) and isinstance(metadata, dict) and metadata.get("type") == _BOXES
    ]
    boxes = []
    for job, names in jobs:
        size = (job.get("image_size") or [{}])[0]
        stated_size = size_of(size.get("width"), size.get("height"))
        for item in job["annotations"]:
            coordinates = (item.get(name) for name in ("left", "top", "width", "height"))
            box = box_at(str(names[str(item["class_id"])]), *coordinates)
            boxes.append(replace(box, stated_size=stated_size))
    return boxes


AMAZON = ImportFormat(
    name="amazon",
    label=N_("Amazon manifest"),
    caption=N_("SageMaker, Rekognition and Lookout: a “.manifest” beside the pictures."),
    recognise=_recognise,
    read=_read,
)
