"""Azure Machine Learning: JSON lines with ``image_url`` and ``label``, a text, or a list of texts or boxes."""

from __future__ import annotations

from typing import Any

from core.data.formats.annotations import Annotation, Labels, have_several, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, laid_out_as, line_files, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.sources.members import Member
from core.messages import N_

_TOOL = "Azure Machine Learning"


def _files(survey: Survey) -> list[Member]:
    def has_shape(value: Any) -> bool:
        return isinstance(value, dict) and "image_url" in value and "label" in value

    return line_files(survey, has_shape, ".jsonl")


def _recognise(survey: Survey) -> Evidence | None:
    files = _files(survey)
    return evidence_in(files, N_("the lines of {file} have “image_url” and “label”"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = _files(survey)
    annotations: list[Annotation] = []
    boxes = 0
    for member in files:
        with laid_out_as(_TOOL, member.name):
            labels = [line.get("label") for line in survey.json_lines(member)]
            boxes += sum(_is_box(item) for value in labels if isinstance(value, list) for item in value)
            annotations += [
                Annotation(
                    file=str(line["image_url"]),
                    labels=_labels(line.get("label")),
                    split=split_of_path(member.parts),
                    label_file=member.name,
                    entry=entry,
                )
                for entry, line in enumerate(survey.json_lines(member), start=1)
            ]
    multi_label = config.multi_label or have_several(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files, boxes=boxes)


def _labels(value: Any) -> Labels | None:
    if isinstance(value, list):
        return tuple(dict.fromkeys(str(item["label"] if _is_box(item) else item) for item in value))
    return None if value in (None, "") else (str(value),)


def _is_box(item: Any) -> bool:
    return isinstance(item, dict)


AZURE = ImportFormat(
    name="azure",
    label=_TOOL,
    caption=N_("JSON lines with addresses of pictures."),
    recognise=_recognise,
    read=_read,
)
