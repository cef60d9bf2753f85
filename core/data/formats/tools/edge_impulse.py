"""Edge Impulse: ``training/``, ``testing/`` and ``info.labels`` with a label for each file.

Its uploader takes boxes in a file ``bounding_boxes.labels`` beside the pictures instead. A box is left, top, width and height in pixels from 0.

Source: the ``info.labels`` schema of edge-impulse-cli.
"""

from __future__ import annotations

from core.data.formats.annotations import Annotation, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, in_folder_of, laid_out_as
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, box_at
from core.data.labels.layout import Split
from core.data.sources.members import Member
from core.messages import N_
from core.records import JsonObject

_TOOL = "Edge Impulse"
_BOXES = "bounding_boxes.labels"
_SPLITS = {"training": Split.TRAIN, "testing": Split.TEST}


def _recognise(survey: Survey) -> Evidence | None:
    files = survey.named("info.labels") or survey.named(_BOXES)
    return evidence_in(files, N_("there is a file “{file}”"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = survey.named("info.labels")
    annotations: list[Annotation] = []
    for member in files:
        with laid_out_as(_TOOL, member.name):
            for entry, item in enumerate(survey.json(member)["files"], start=1):
                annotations.append(_annotation(item, member, entry))
    if not files:
        files = survey.named(_BOXES)
        annotations += [
            annotation for member in files for annotation in _annotations_of_boxes(survey, member)
        ]
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _annotation(item: JsonObject, member: Member, entry: int) -> Annotation:
    return Annotation(
        file=in_folder_of(member, item["path"]),
        labels=_labels(item),
        split=_SPLITS.get(item.get("category", "")),
        label_file=member.name,
        entry=entry,
        boxes=[_box(box) for box in item.get("boundingBoxes") or ()],
    )


def _annotations_of_boxes(survey: Survey, member: Member) -> list[Annotation]:
    with laid_out_as(_TOOL, member.name):
        return [
            Annotation(
                file=in_folder_of(member, name),
                labels=tuple(dict.fromkeys(str(box["label"]) for box in boxes)) or None,
                split=_SPLITS.get(member.parts[-2]) if len(member.parts) > 1 else None,
                label_file=member.name,
                entry=entry,
                boxes=[_box(box) for box in boxes],
            )
            for entry, (name, boxes) in enumerate(survey.json(member)["boundingBoxes"].items(), start=1)
        ]


def _box(box: JsonObject) -> Box:
    return box_at(str(box["label"]), *(box.get(name) for name in ("x", "y", "width", "height")))


def _labels(item: JsonObject) -> tuple[str, ...] | None:
    if boxes := item.get("boundingBoxes"):
        return tuple(dict.fromkeys(str(box["label"]) for box in boxes))
    label = item["label"]
    if label["type"] == "label":
        return (str(label["label"]),)
    if label["type"] == "multi-label":
        return tuple(dict.fromkeys(str(span["label"]) for span in label["labels"]))
    return None  # unlabelled, or values that are no classes


EDGE_IMPULSE = ImportFormat(
    name="edge_impulse",
    label=_TOOL,
    caption=N_("An “info.labels” beside “training” and “testing”."),
    recognise=_recognise,
    read=_read,
)
