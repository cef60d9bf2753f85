"""WebDataset: files of one sample share a name, such as ``0001.jpg`` and ``0001.cls``.

Labels stand in ``.cls`` (a class number or name), ``.txt``, or ``.json`` with ``label`` or
``class``; names in ``.json`` come before numbers in ``.cls``. The part of the split is said by the shard's name, such as ``train-000000.tar``.

Source: https://github.com/webdataset/webdataset, "The WebDataset Format".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from core.data.formats.annotations import Labels, unnamed_files
from core.data.formats.arrays.embedded import assigned
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.survey import Survey
from core.data.formats.tables.folder_splits import splits_of_folders
from core.data.import_config import ImportConfig
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member
from core.messages import N_, Message

_TOOL = "WebDataset"
_LABEL_KEYS = ("label", "labels", "class", "cls", "class_name", "target")
_LEAST_SHARE = 0.5  # of the pictures that must have a label file
_MOST_CLASS_SHARE = 0.5  # of different texts among .txt labels; captions differ more
_MOST_TEXT_CHARACTERS = 120
_SAMPLE = 200

Key = tuple[str, ...]


def _key(member: Member) -> Key:
    """Folder and name up to the first dot."""
    return (*member.parts[:-1], member.parts[-1].split(".", 1)[0])


def _beside_pictures(survey: Survey, suffix: str) -> dict[Key, Member]:
    keys = {_key(picture) for picture in survey.pictures}
    beside = {_key(member): member for member in survey.ending(suffix)}
    return {key: member for key, member in beside.items() if key in keys}


def _label_files(survey: Survey) -> tuple[str, dict[Key, Member]]:
    """Suffix and label files of the samples; "" where too few pictures have one."""
    enough = _LEAST_SHARE * len(survey.pictures)
    checks: tuple[tuple[str, Callable[[list[Member]], bool]], ...] = (
        (".json", lambda members: _has_names(survey, members)),
        (".cls", lambda members: True),
        (".json", lambda members: _json_key(survey, members) != ""),
        (".txt", lambda members: _are_classes(survey, members)),
    )
    for suffix, holds_labels in checks:
        if len(survey.ending(suffix)) < enough:
            continue
        beside = _beside_pictures(survey, suffix)
        if beside and len(beside) >= enough and holds_labels(_sample(beside)):
            return suffix, beside
    return "", {}


def _sample(beside: dict[Key, Member]) -> list[Member]:
    members = list(beside.values())
    return members[:: max(1, len(members) // _SAMPLE)]


def _are_classes(survey: Survey, members: list[Member]) -> bool:
    """True if texts repeat, as classes do and captions do not."""
    texts = Counter(survey.text(member).strip() for member in members)
    short = all(len(text) <= _MOST_TEXT_CHARACTERS and "\n" not in text for text in texts)
    return short and 2 <= len(texts) <= _MOST_CLASS_SHARE * len(members)


def _json_key(survey: Survey, members: list[Member]) -> str:
    """The key under which all of these JSON files hold their labels; "" without one."""
    values = [survey.json(member) for member in members]
    if not all(isinstance(value, dict) for value in values):
        return ""
    return next((key for key in _LABEL_KEYS if all(key in value for value in values)), "")


def _has_names(survey: Survey, members: list[Member]) -> bool:
    """True if the labels in these JSON files are texts or lists, not numbers."""
    key = _json_key(survey, members)
    return bool(key) and all(isinstance(survey.json(member)[key], str | list) for member in members)


def _recognise(survey: Survey) -> Evidence | None:
    suffix, beside = _label_files(survey)
    if not suffix:
        return None
    return Evidence(
        confidence=Confidence.LIKELY if suffix == ".txt" else Confidence.CERTAIN,
        sentence=Message(
            N_("{count} pictures have a “{suffix}” file of the same name"),
            {"count": len(beside), "suffix": suffix},
        ),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    suffix, beside = _label_files(survey)
    labels_in: Callable[[Member], Labels | None] = {
        ".json": _json_labels(survey, _json_key(survey, _sample(beside))) if suffix == ".json" else _nothing,
        "": _nothing,
    }.get(suffix, lambda member: (survey.text(member).strip(),) if survey.text(member).strip() else None)
    of_picture = {
        picture.name: labels_in(beside[_key(picture)])
        for picture in survey.pictures
        if _key(picture) in beside
    }
    multi_label = config.multi_label or any(
        labels is not None and len(labels) != 1 for labels in of_picture.values()
    )
    splits = splits_of_folders([survey.inner_path(picture) for picture in survey.pictures])
    pictures = [
        (picture, assigned(of_picture[picture.name], split, multi_label=multi_label))
        for picture, split in zip(survey.pictures, splits, strict=True)
        if picture.name in of_picture
    ]
    files = frozenset(
        member.name for member in survey.ending(".cls", ".txt", ".json") if _key(member) in beside
    )
    numbers = all(label.isdigit() for labels in of_picture.values() for label in labels or ())
    if not numbers:  # otherwise it gives them their names
        files |= {member.name for member in survey.named("classes.txt")}
    named = {picture.name for picture, _ in pictures} | files
    blank = sum(not assignment.label for _, assignment in pictures)
    notes = [Note(kind=NoteKind.UNNAMED_CLASSES)] if numbers else []
    notes += [Note(kind=NoteKind.BLANK_LABELS, values={"count": blank})] if blank else []
    return FormatReading(
        pictures=pictures,
        left_out=unnamed_files(survey, named, f"*{suffix}"),
        notes=notes,
        multi_label=multi_label,
        label_files=files,
    )


def _json_labels(survey: Survey, name: str) -> Callable[[Member], Labels | None]:
    def labels(member: Member) -> Labels | None:
        content: Any = survey.json(member)
        value = content.get(name) if isinstance(content, dict) else None
        if isinstance(value, list):
            return tuple(str(item) for item in value if item not in (None, ""))
        return None if value in (None, "") else (str(value),)

    return labels


def _nothing(member: Member) -> None:
    return None


WEBDATASET = ImportFormat(
    name="webdataset",
    label=_TOOL,
    caption=N_("Tar files in which a picture and its label share a name."),
    recognise=_recognise,
    read=_read,
)
