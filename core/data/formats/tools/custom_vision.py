"""Custom Vision, as the public export scripts save it: ``images_metadata.json`` and tags by picture."""

from __future__ import annotations

from typing import Any

from core.data.formats.annotations import Annotation, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, json_files, laid_out_as
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.messages import N_

_TOOL = "Custom Vision"
_NEGATIVE = "negative"  # the tag of pictures that show none of the classes


def _has_shape(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "project_id" in value
        and isinstance(value.get("images"), list)
        and isinstance(value.get("tags"), list | dict)
    )


def _recognise(survey: Survey) -> Evidence | None:
    files = json_files(survey, _has_shape)
    return evidence_in(files, N_("{file} describes a Custom Vision project"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = json_files(survey, _has_shape)
    annotations: list[Annotation] = []
    for member in files:
        with laid_out_as(_TOOL, member.name):
            for entry, image in enumerate(survey.json(member)["images"], start=1):
                tags = [str(tag) for tag in image.get("tags") or ()]
                shown = tuple(tag for tag in tags if tag.casefold() != _NEGATIVE)
                annotations.append(
                    Annotation(
                        file=str(image.get("saved_path") or image["original_filename"]),
                        labels=shown if tags else None,
                        label_file=member.name,
                        entry=entry,
                    )
                )
    multi_label = config.multi_label or are_multi_label(annotations)
    files += survey.named("images.csv")
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


CUSTOM_VISION = ImportFormat(
    name="custom_vision",
    label=_TOOL,
    caption=N_("“images_metadata.json” beside the pictures."),
    recognise=_recognise,
    read=_read,
)
