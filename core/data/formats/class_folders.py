"""Class folders: the name of each folder is a class, below parts of a split where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.layout import FileAssignment, is_companion, read_layout
from core.data.labels.multi_label_table import labels_in_cells
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import Member
from core.messages import N_, Message


def _recognise(survey: Survey) -> Evidence | None:
    assignments = read_layout([member for member in survey.members if not is_companion(member)])
    classes = {assignment.label for assignment in assignments if assignment}
    if len(classes) < 2:
        return None
    return Evidence(
        confidence=Confidence.LIKELY,
        sentence=Message(N_("{count} folders hold pictures"), {"count": len(classes)}),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    return reading_of_assignments(survey, read_layout(survey.members), config)


def _read_unlabelled(survey: Survey, config: ImportConfig) -> FormatReading:
    return reading_of_assignments(survey, read_layout(survey.members, unlabelled=True), config)


def reading_of_assignments(
    survey: Survey,
    assignments: Sequence[FileAssignment | None],
    config: ImportConfig,
    reason: Reason | None = None,
) -> FormatReading:
    """The reading of a source with an assignment for each of its files, None for those without a class."""
    reason = reason or Reason(code=SkipReason.NO_CLASS_FOLDER)
    pictures: list[tuple[Member, FileAssignment]] = []
    left_out: list[tuple[str, Reason]] = []
    for member, assignment in zip(survey.members, assignments, strict=True):
        if is_companion(member):
            left_out.append((member.name, Reason(code=SkipReason.NOT_A_PICTURE)))
        elif assignment is None:
            left_out.append((member.name, reason))
        else:
            if config.multi_label:
                assignment = replace(assignment, label=labels_in_cells([assignment.label])[0])
            pictures.append((member, assignment))
    return FormatReading(pictures=pictures, left_out=left_out, multi_label=config.multi_label)


CLASS_FOLDERS = ImportFormat(
    name="folders",
    label=N_("Their folders"),
    caption=N_("The name of each folder is a class."),
    recognise=_recognise,
    read=_read,
    is_offered=True,
)
UNLABELLED = ImportFormat(
    name="unlabelled",
    label=N_("Nothing yet: I label them here"),
    caption=N_("In groups of similar pictures, with suggestions. Folders are ignored."),
    recognise=lambda survey: None,
    read=_read_unlabelled,
    is_offered=True,
)
