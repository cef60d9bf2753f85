"""Teachable Machine: the project file ``.tm``, a zip with ``manifest.json``.

No documentation says how the samples are named in it. They are read where each class has a folder,
as in the samples that its page offers for download; otherwise these are asked for.

Source: teachablemachine-community, issue 38; rmayormartins/SPACE-PY-gtm-scope, which reads the manifest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.data.formats.class_folders import CLASS_FOLDERS
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import json_files
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.errors import DataError
from core.messages import N_, Message

_SETTINGS = "trainEpochs"


def _has_shape(value: Any) -> bool:
    return "type" in value and "version" in value and _SETTINGS in value["appdata"]


def _recognise(survey: Survey) -> Evidence | None:
    files = json_files(survey, _has_shape)
    if not files:
        return _evidence_of_name(survey)
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(
            N_("{file} is the manifest of a Teachable Machine project"), {"file": files[0].name}
        ),
    )


def _evidence_of_name(survey: Survey) -> Evidence | None:
    if not _is_project(survey):
        return None
    sentence = Message(N_("{file} is a project of Teachable Machine"), {"file": survey.source_name})
    return Evidence(confidence=Confidence.CERTAIN, sentence=sentence)


def _is_project(survey: Survey) -> bool:
    """True for a source with the suffix of the project files, whatever is in it."""
    return survey.source_name.lower().endswith(".tm")


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    manifests = {member.name for member in json_files(survey, _has_shape)}
    if not manifests and not _is_project(survey):
        return FormatReading(pictures=[])
    reading = CLASS_FOLDERS.read(survey, config)
    if len({assignment.label for _, assignment in reading.pictures}) < 2:
        raise DataError(
            N_(
                "{source} is a Teachable Machine project in which the classes have no folders. In Teachable Machine, download the samples of each class, unpack them into a folder named after the class, and import the folders together."
            ),
            source=survey.source_name,
        )
    left_out = [(name, reason) for name, reason in reading.left_out if name not in manifests]
    return replace(reading, left_out=left_out, label_files=reading.label_files | manifests)


TEACHABLE_MACHINE = ImportFormat(
    name="teachable_machine",
    label="Teachable Machine",
    caption=N_("The project file “.tm”."),
    recognise=_recognise,
    read=_read,
)
