"""Class in the file name, such as “cat_01.jpg” or “cat.0.jpg”: only possible, so it is always asked about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from core.data.formats.doubts import Doubt, DoubtKind
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.survey import Survey
from core.data.formats.tables.folder_splits import splits_of_folders
from core.data.import_config import ImportConfig
from core.data.labels.layout import FileAssignment, label_of
from core.data.notes import Note, NoteKind
from core.data.skip_reasons import Reason, SkipReason
from core.errors import DataError
from core.messages import N_, Message

# Counters at the end: “_01”, “.0”, “ (3)”, “12”.
_COUNTER = re.compile(r"[\s._-]*\(?\d+\)?$")
_LETTER = re.compile(r"[^\W\d_]")
# Names that cameras, phones and screens give.
_DEVICE_NAMES = frozenset({"img", "image", "pic", "picture", "photo", "dsc", "dscn", "dscf", "dcim", "pxl", "mvimg", "frame", "screenshot", "scan", "file", "vid", "gopr"})  # fmt: skip
_LEAST_SHARE = 0.8  # of the names with letters that must have a counter
_SHOWN = 3
_SAMPLE = 5_000  # names looked at


def _recognise(survey: Survey) -> Evidence | None:
    stems = [
        _stem(member.parts[-1]) for member in survey.pictures[:: max(1, len(survey.pictures) // _SAMPLE)]
    ]
    counts = Counter(label for label in map(_label, stems) if label)
    classes = {label for label in counts if not _is_of_device(label)}
    named = sum(bool(_LETTER.search(stem)) for stem in stems)
    if not 2 <= len(classes) <= counts.total() / 2 or counts.total() < _LEAST_SHARE * named:
        return None
    return Evidence(
        confidence=Confidence.POSSIBLE,
        sentence=Message(N_("{count} words begin the file names"), {"count": len(classes)}),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    labels = _labels(survey)
    if len(set(labels) - {""}) < 2:
        raise DataError(
            N_("The file names in {source} hold no classes. Expected are names such as “cat_01.jpg”."),
            source=survey.source_name,
        )
    splits = splits_of_folders([survey.inner_path(member) for member in survey.pictures])
    pictures = [
        (member, FileAssignment(label=label, split=split))
        for member, label, split in zip(survey.pictures, labels, splits, strict=True)
    ]
    blank = labels.count("")
    named = {member.name for member in survey.pictures}
    return FormatReading(
        pictures=pictures,
        left_out=[
            (member.name, Reason(code=SkipReason.NOT_A_PICTURE))
            for member in survey.members
            if member.name not in named
        ],
        notes=[Note(kind=NoteKind.BLANK_LABELS, values={"count": blank})] if blank else [],
        doubts=[Doubt(kind=DoubtKind.CLASSES_FROM_NAMES, values={"examples": _examples(survey, labels)})],
    )


def _labels(survey: Survey) -> list[str]:
    """Class of each picture; "" for a name without letters or without a counter."""
    return [_label(_stem(member.parts[-1])) for member in survey.pictures]


def _label(stem: str) -> str:
    counter = _COUNTER.search(stem)
    return label_of(stem[: counter.start()]) if counter and _LETTER.search(stem[: counter.start()]) else ""


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _is_of_device(label: str) -> bool:
    return re.split(r"[\W\d_]", label.casefold())[0] in _DEVICE_NAMES


def _examples(survey: Survey, labels: Sequence[str]) -> str:
    """The pattern on examples: “cat_01.jpg” → “cat”."""
    first: dict[str, str] = {}
    for member, label in zip(survey.pictures, labels, strict=True):
        if label:
            first.setdefault(label, member.parts[-1])
    return ", ".join(f"“{name}” → “{label}”" for label, name in list(first.items())[:_SHOWN])


FILE_NAMES = ImportFormat(
    name="file_names",
    label=N_("Names of the files"),
    caption=N_("A file name begins with its class, such as cat_01.jpg."),
    recognise=_recognise,
    read=_read,
    strongest=Confidence.POSSIBLE,
)
