"""Class folders: the name of each folder is a class, below parts of a split where there are any."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from core.data.formats.doubts import Doubt, DoubtKind, doubts_about_classes
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.layout import FileAssignment, nesting_of_folders, read_layout
from core.data.labels.multi_label_table import labels_in_cells
from core.data.labels.nesting import Nesting
from core.data.notes import Note, NoteKind
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import Member, UnreadableMemberError
from core.errors import DataError
from core.messages import N_, Message

# Folders in which FiftyOne, Datumaro and CVAT put the pictures that nobody has labelled.
_NO_LABEL = frozenset({"_unlabeled", "_unlabelled", "unlabeled", "unlabelled", "no_label"})
_MASK = re.compile(
    r"^(?P<original>.+?)[ _.-](?:mask|seg|segmentation|gt|annotation)(?:[_-]?\d+)?$", re.IGNORECASE
)
_MASKS = frozenset(
    {"mask", "masks", "annotations", "labels", "ground_truth", "groundtruth", "gt", "segmentation"}
)
_COPIES_LOOKED_AT = 20  # pairs of files of one name


def _recognise(survey: Survey) -> Evidence | None:
    assignments = read_layout(survey.possible_pictures)
    classes = {assignment.label for assignment in assignments if assignment and not _has_no_label(assignment)}
    doubts = {doubt.kind for doubt in doubts_about_classes(classes)}
    if len(classes) < 2 or DoubtKind.CLASSES_ARE_PARTS in doubts:
        return None
    return Evidence(
        confidence=Confidence.POSSIBLE if doubts else Confidence.LIKELY,
        sentence=Message(N_("{count} folders hold pictures"), {"count": len(classes)}),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    return _reading(survey, read_layout(survey.members), config)


def _recognise_outer(survey: Survey) -> Evidence | None:
    """Evidence where the inner folders are as likely to be the classes as the outer ones."""
    if _nesting(survey) is not Nesting.EITHER:
        return None
    sentence = Message(N_("every folder holds folders of the same names"))
    return Evidence(confidence=Confidence.LIKELY, sentence=sentence)


def _read_outer(survey: Survey, config: ImportConfig) -> FormatReading:
    if _nesting(survey) is Nesting.NONE:
        raise DataError(
            N_(
                "{source} has no folders of the same names inside its class folders. Import it by its folders."
            ),
            source=survey.source_name,
        )
    return _reading(survey, read_layout(survey.members, outer=True), config)


def _nesting(survey: Survey) -> Nesting:
    return nesting_of_folders(survey.possible_pictures)


def _reading(
    survey: Survey, assignments: Sequence[FileAssignment | None], config: ImportConfig
) -> FormatReading:
    with_classes = [
        replace(assignment, label="") if assignment and _has_no_label(assignment) else assignment
        for assignment in assignments
    ]
    reading = reading_of_assignments(survey, with_classes, config)
    blank = sum(not assignment.label for _, assignment in reading.pictures)
    notes = [Note(kind=NoteKind.BLANK_LABELS, values={"count": blank})] if blank else []
    doubts = [] if config.multi_label else _doubts_about_copies(reading.pictures)
    doubts += _doubts_about_masks(reading.pictures)
    return replace(reading, notes=notes, doubts=doubts)


def _has_no_label(assignment: FileAssignment) -> bool:
    return assignment.label.casefold() in _NO_LABEL


def _doubts_about_copies(pictures: Sequence[tuple[Member, FileAssignment]]) -> list[Doubt]:
    """Ask about files that lie under one name in several class folders and are the same picture.

    Datumaro writes several labels of a picture like this.
    """
    by_name: dict[str, dict[str, Member]] = defaultdict(dict)
    for member, assignment in pictures:
        by_name[member.parts[-1]].setdefault(assignment.label, member)
    shared = [of_label for of_label in by_name.values() if len(of_label) > 1]
    some = shared[:: max(1, len(shared) // _COPIES_LOOKED_AT)]
    copies = [of_label for of_label in some if _is_same_picture(list(of_label.values())[:2])]
    if 2 * len(copies) <= len(some):
        return []
    example = "; ".join(sorted(copies[0]))
    return [Doubt(kind=DoubtKind.SEVERAL_LABELS, values={"example": example})]


def _doubts_about_masks(pictures: Sequence[tuple[Member, FileAssignment]]) -> list[Doubt]:
    """Ask about drawings of outlines that lie beside their pictures, or in a folder inside the class."""
    members = [member for member, _ in pictures]
    stems = {(*member.parts[:-1], _stem(member)) for member in members}
    masks = [
        member
        for member in members
        if (match := _MASK.match(_stem(member))) and (*member.parts[:-1], match["original"]) in stems
    ]
    in_folders = [
        member
        for member, assignment in pictures
        if (folder := "".join(member.parts[-2:-1])).lower() in _MASKS and folder != assignment.label
    ]
    masks = masks or (in_folders if len(in_folders) < len(members) else [])
    if not masks:
        return []
    return [Doubt(kind=DoubtKind.PICTURES_ARE_MASKS, values={"count": len(masks), "example": masks[0].name})]


def _stem(member: Member) -> str:
    return member.parts[-1].rpartition(".")[0]


def _is_same_picture(members: Sequence[Member]) -> bool:
    try:
        return len({member.read() for member in members}) == 1
    except UnreadableMemberError:
        return False


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
        if refusal := survey.refusal(member):
            left_out.append((member.name, refusal))
        elif assignment is None:
            left_out.append((member.name, reason))
        else:
            if config.multi_label:
                assignment = replace(assignment, label=labels_in_cells([assignment.label])[0])
            pictures.append((member, assignment))
    return FormatReading(pictures=pictures, left_out=left_out, multi_label=config.multi_label)


CLASS_FOLDERS = ImportFormat(
    name="folders",
    label=N_("Class folders"),
    caption=N_("The name of each folder is a class."),
    recognise=_recognise,
    read=_read,
    is_offered=True,
)
OUTER_FOLDERS = ImportFormat(
    name="outer_folders",
    label=N_("Outer class folders"),
    caption=N_("The name of each outer folder is a class, whatever folders are inside."),
    recognise=_recognise_outer,
    read=_read_outer,
)
UNLABELLED = ImportFormat(
    name="unlabelled",
    label=N_("Nothing yet: I label them here"),
    caption=N_("In groups of similar pictures, with suggestions. Folders are ignored."),
    recognise=lambda survey: None,
    read=_read_unlabelled,
    is_offered=True,
)
