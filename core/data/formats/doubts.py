"""Doubts about a reading: signs that its classes are not what the user means.

A doubt never refuses a source. It makes the page and the command line ask before they import.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.data.labels.layout import split_named
from core.messages import N_, Message
from core.records import Record


class DoubtKind(StrEnum):
    """Code of a reason to ask before importing."""

    SECOND_EXPLANATION = "second_explanation"
    CLASSES_ARE_PARTS = "classes_are_parts"
    CLASSES_ARE_FOLDER_WORDS = "classes_are_folder_words"
    CLASSES_ARE_FLAGS = "classes_are_flags"
    CLASSES_ARE_PEOPLE = "classes_are_people"
    CLASSES_ARE_SHARDS = "classes_are_shards"
    CLASSES_ARE_JSON = "classes_are_json"
    CLASSES_ARE_DATES = "classes_are_dates"
    LABEL_COLUMN_GUESSED = "label_column_guessed"
    LABEL_COLUMN_UNNAMED = "label_column_unnamed"
    SEVERAL_LABELS = "several_labels"
    MOST_LEFT_OUT = "most_left_out"
    TABLE_NOT_UNDERSTOOD = "table_not_understood"
    CLASSES_FROM_NAMES = "classes_from_names"
    BOXES = "boxes"
    CLASSES_ARE_NUMBERS = "classes_are_numbers"
    PIXEL_RANGE_FOUND = "pixel_range_found"
    TEXT_ENCODING_UNSURE = "text_encoding_unsure"
    TEXT_ENCODING_UNKNOWN = "text_encoding_unknown"
    LABELS_OF_OTHER_PICTURES = "labels_of_other_pictures"
    LABEL_FILE_NOT_READ = "label_file_not_read"
    CLASSES_ARE_FRACTIONS = "classes_are_fractions"
    CLASSES_ARE_GARBLED = "classes_are_garbled"
    PICTURES_ARE_MASKS = "pictures_are_masks"
    LABELS_CONTRADICT = "labels_contradict"


SENTENCES: Mapping[DoubtKind, str] = {
    DoubtKind.SECOND_EXPLANATION: N_(
        "The source can also be read as “{format}”, which gives other classes: {classes}."
    ),
    DoubtKind.CLASSES_ARE_PARTS: N_(
        "The classes are called {classes}. These are usually parts of a split, not classes."
    ),
    DoubtKind.CLASSES_ARE_FOLDER_WORDS: N_(
        "The classes are called {classes}. These are usually folders of one dataset, not classes."
    ),
    DoubtKind.CLASSES_ARE_FLAGS: N_(
        "The classes are called {classes}. These usually say yes or no in one of several columns."
    ),
    DoubtKind.CLASSES_ARE_PEOPLE: N_("The classes look like the names of annotators: {classes}."),
    DoubtKind.CLASSES_ARE_SHARDS: N_("The classes look like numbered files: {classes}."),
    DoubtKind.CLASSES_ARE_JSON: N_("The classes look like program text: {classes}."),
    DoubtKind.CLASSES_ARE_DATES: N_("The classes look like dates: {classes}."),
    DoubtKind.LABEL_COLUMN_GUESSED: N_(
        "The column “{column}” was taken for the classes; {others} would be possible too."
    ),
    DoubtKind.LABEL_COLUMN_UNNAMED: N_(
        "The column “{column}” was taken for the classes, because its values repeat."
    ),
    DoubtKind.SEVERAL_LABELS: N_("Some pictures have several labels, such as {example}."),
    DoubtKind.TABLE_NOT_UNDERSTOOD: N_("Labels were not used: {error}"),
    DoubtKind.CLASSES_FROM_NAMES: N_("The classes are the beginnings of the file names: {examples}."),
    DoubtKind.BOXES: N_(
        "The labels draw boxes: {count}. Each box can become a picture, or they label the whole picture."
    ),
    DoubtKind.CLASSES_ARE_NUMBERS: N_(
        "The classes have numbers instead of names: {classes}. Name them, or import the numbers."
    ),
    DoubtKind.PIXEL_RANGE_FOUND: N_(
        "Pictures have more than 8 bits. What becomes black and white is chosen once for all of them."
    ),
    DoubtKind.TEXT_ENCODING_UNSURE: N_(
        "{file} is not UTF-8, so its classes can be read as {classes} or as {others}. If the first are wrong, save it as UTF-8."
    ),
    DoubtKind.TEXT_ENCODING_UNKNOWN: N_(
        "{file} is in an encoding that is not known here, so its classes may be wrong: {classes}. Save it as UTF-8."
    ),
    DoubtKind.LABELS_OF_OTHER_PICTURES: N_(
        "Label files that name another picture than that of their own name: {count}, such as {file}, which names “{named}”. The named picture gets the label."
    ),
    DoubtKind.LABEL_FILE_NOT_READ: N_(
        "{file} may hold labels, and was not understood. If it does, save them as a CSV table with the columns “file” and “label”."
    ),
    DoubtKind.PICTURES_ARE_MASKS: N_(
        "Some pictures are probably masks of others, such as {example}: {count}. Take them out if they are no pictures to learn from."
    ),
    DoubtKind.CLASSES_ARE_GARBLED: N_(
        "The names of the classes are in an encoding that is not known here: {classes}. Zip the folders again with a program that writes UTF-8."
    ),
    DoubtKind.CLASSES_ARE_FRACTIONS: N_(
        "The classes are fractions, such as measured values or probabilities: {classes}."
    ),
    DoubtKind.LABELS_CONTRADICT: N_(
        "The labels contradict each other about many pictures: {count} of {total}. Remove an old label file, or correct the labels."
    ),
    DoubtKind.MOST_LEFT_OUT: N_("Only {count} of {total} pictures have a label."),
}
# The source is clear, and the user has a choice.
CHOICES = frozenset([DoubtKind.CLASSES_ARE_NUMBERS, DoubtKind.PIXEL_RANGE_FOUND])
_SHOWN_CLASSES = 4
# One such name is enough.
_FOLDER_WORDS = frozenset(
    [
        "images",
        "image",
        "imgs",
        "annotations",
        "labels",
        "jpegimages",
        "thumbnails",
        "thumbs",
        "unlabeled",
        "unlabelled",
        "_unlabeled",
        "no_label",
    ]
)
# Two of these make a source of several folders; one alone may be a class.
_LAYER_WORDS = frozenset(
    [
        "mask",
        "masks",
        "img",
        "pictures",
        "photos",
        "raw",
        "processed",
        "original",
        "originals",
        "data",
        "dataset",
        "crops",
        "rgb",
        "depth",
    ]
)
_COUNTERS = "0123456789_- "  # after the name of a part: “test1”
_SHARD = re.compile(r"^(?P<stem>.*?)(?P<number>\d{4,})$")
_MAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", re.IGNORECASE)
_JSON = re.compile(r"""^[\[{].*["']""")
_DATE = re.compile(
    r"^(?:19|20)\d{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])\b|^\d{1,2}[.]\d{1,2}[.]\d{4}$"
)
# Lines of boxes, as which DOS shows the letters of other alphabets, and bytes that are no letter.
_GARBLED = re.compile("[\u2500-\u259f\ufffd]")
_FRACTION = re.compile(r"^[+-]?\d*[.,]\d+(?:e[+-]?\d+)?$", re.IGNORECASE)
# Spreadsheets make these of names such as “3-9” and “SEPT1”.
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_SPREADSHEET_DATE = re.compile(
    rf"^(?:\d{{1,2}}-{_MONTH}|{_MONTH}-\d{{1,2}}|(?:19|20)\d\d-\d\d-\d\d|\d{{1,2}}月\d{{1,2}}日)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Doubt(Record):
    """A reason to ask, with the values that its sentence names."""

    kind: DoubtKind
    values: Mapping[str, str | int | float | Message] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        return Message(SENTENCES[self.kind], dict(self.values))


def doubts_about_classes(names: Collection[str]) -> list[Doubt]:
    """Find class names that are no classes; at most one doubt."""
    if not names:
        return []
    for kind, is_implausible in _CHECKS:
        if is_implausible(names):
            dates = [name for name in names if _SPREADSHEET_DATE.match(name)]
            shown = dates if kind is DoubtKind.CLASSES_ARE_DATES and dates else names
            return [Doubt(kind=kind, values={"classes": listed(shown)})]
    return []


def listed(names: Collection[str]) -> str:
    """The first few names, in quotation marks."""
    shown = [f"“{name}”" for name in sorted(names)[:_SHOWN_CLASSES]]
    return ", ".join([*shown, "…"] if len(names) > _SHOWN_CLASSES else shown)


def _most(names: Collection[str], is_one: Callable[[str], object]) -> bool:
    """True if more than half of the names, at least two, are of a kind."""
    count = sum(bool(is_one(name)) for name in names)
    return count >= 2 and 2 * count > len(names)


def _are_shards(names: Collection[str]) -> bool:
    """True for consecutive numbers after the same text, such as “part-00000” and “part-00001”."""
    if all(name.isdigit() for name in names) or not _most(names, _SHARD.match):
        return False
    numbers: dict[str, set[int]] = defaultdict(set)
    for match in filter(None, map(_SHARD.match, names)):
        numbers[match["stem"]].add(int(match["number"]))
    are_consecutive = all(max(of_stem) - min(of_stem) < len(of_stem) for of_stem in numbers.values())
    return are_consecutive and any(len(of_stem) > 1 for of_stem in numbers.values())


_CHECKS: tuple[tuple[DoubtKind, Callable[[Collection[str]], bool]], ...] = (
    (
        DoubtKind.CLASSES_ARE_PARTS,
        lambda names: _most(names, lambda name: split_named(name.rstrip(_COUNTERS))),
    ),
    (
        DoubtKind.CLASSES_ARE_FOLDER_WORDS,
        lambda names: (
            any(name.casefold() in _FOLDER_WORDS for name in names)
            or _most(names, lambda name: name.casefold() in _LAYER_WORDS)
        ),
    ),
    (DoubtKind.CLASSES_ARE_PEOPLE, lambda names: _most(names, _MAIL.match)),
    (DoubtKind.CLASSES_ARE_JSON, lambda names: _most(names, _JSON.match)),
    (
        DoubtKind.CLASSES_ARE_DATES,
        lambda names: _most(names, _DATE.match) or any(map(_SPREADSHEET_DATE.match, names)),
    ),
    (DoubtKind.CLASSES_ARE_GARBLED, lambda names: any(map(_GARBLED.search, names))),
    (DoubtKind.CLASSES_ARE_FRACTIONS, lambda names: _most(names, _FRACTION.match)),
    (DoubtKind.CLASSES_ARE_SHARDS, lambda names: _are_shards(names)),
)
