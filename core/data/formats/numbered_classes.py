"""Names of classes that a source only numbers: from a file beside the data, or from the user."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.data.formats.import_format import FormatReading
from core.data.formats.label_files import MOST_LOOKED_AT
from core.data.formats.survey import Survey
from core.data.formats.tools.yolo_names import names_in_yaml
from core.data.labels.class_names import checked_class_name
from core.data.labels.label_sets import NONE_OF_THEM, SEPARATOR, label_names
from core.data.labels.layout import label_of
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_

_TEXT_FILES = (
    *("classes.txt", "labels.txt", "names.txt", "class_names.txt", "label_names.txt", "categories.txt"),
    *("classnames.txt", "labelmap.txt"),
)
_YAML_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml", "classes.yaml", "names.yaml")
_JSON_FILES = (
    *("classes.json", "labels.json", "names.json", "class_names.json", "label_names.json", "categories.json"),
    *("label_map.json", "labelmap.json", "class_indices.json", "id2label.json", "cat_to_name.json"),
    *("config.json", "info.json", "dataset.json"),
)
# Keys below which JSON files hold their names.
_JSON_KEYS = ("names", "classes", "class_names", "label_names", "labels", "categories", "id2label", "label")
_SPEAKS_OF_CLASSES = re.compile(r"label|class|categor|names|map", re.IGNORECASE)
_NUMBERED_LINE = re.compile(r"^(\d{1,6})\s*[\s:;,=]\s*(\S.*)$")
_SHOWN_NAMES = 3


def names_on_lines(text: str) -> list[str]:
    """Names that are written one on a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def are_numbered(classes: Collection[str]) -> bool:
    """True if the classes have numbers instead of names."""
    numbers = {int(name) for name in classes if name.isdecimal() and len(name) < 7}
    return bool(classes) and len(numbers) == len(classes)


def names_by_number(classes: Collection[str], names: Sequence[str]) -> Mapping[int, str]:
    """Assign the user's names to numbered classes, in the order of the numbers from 0 or 1.

    Raises:
        DataError: the classes have names, or the numbers and names do not match.
        ClassNameError: a name is empty, too long or occurs twice.
    """
    if not are_numbered(classes):
        raise DataError(
            N_("The classes have names already, such as “{name}”. Only numbers can get names at the import."),
            name=next((name for name in classes if not name.isdecimal()), "–"),
        )
    checked: list[str] = []
    for name in names:
        checked.append(checked_class_name(name, checked))
    numbers = sorted(map(int, classes))
    by_number = _counted_from_0_or_1(numbers, checked)
    if by_number is None:
        raise DataError(
            N_(
                "The classes are numbered from {first} to {last}, and {count} names were given. Give a name for each number, the first one for {first}."
            ),
            first=numbers[0],
            last=numbers[-1],
            count=len(names),
        )
    return by_number


def with_names(reading: FormatReading, classes: Collection[str], names: Sequence[str]) -> FormatReading:
    """Give the user's names to numbered classes; see ``names_by_number``."""
    return _named(reading, names_by_number(classes, names), "")


def with_names_beside(reading: FormatReading, classes: Collection[str], survey: Survey) -> FormatReading:
    """Give numbered classes the names that a file of the source holds, if one fits."""
    if not are_numbered(classes):
        return reading
    numbers = sorted(map(int, classes))
    for member, names in _names_files(survey):
        if member.name in reading.label_files:
            continue
        by_number = names if isinstance(names, dict) else _counted_from_0_or_1(numbers, names)
        # More names than numbers may be those of another numbering.
        is_exact = isinstance(names, dict) or len(names) in {numbers[-1], numbers[-1] + 1}
        if by_number is not None and is_exact and _fits(by_number, numbers):
            return _named(reading, by_number, member.name)
    return reading


def _counted_from_0_or_1(numbers: Sequence[int], names: Sequence[str]) -> dict[int, str] | None:
    """Names by number; None where the numbers do not say from which one the names count."""
    if numbers[0] == 0 and numbers[-1] < len(names):
        return dict(enumerate(names))
    # All numbers up to the last one, so that it has the last name.
    if numbers[0] == 1 and numbers[-1] == len(names):
        return dict(enumerate(names, start=1))
    return None


def _fits(by_number: Mapping[int, str], numbers: Sequence[int]) -> bool:
    """True if each number has a name of its own that is no number."""
    names = [label_of(by_number.get(number, "")) for number in numbers]
    distinct = {name.casefold() for name in names if name}
    return len(distinct) == len(numbers) and not all(name.isdecimal() for name in names)


def _names_files(survey: Survey) -> Iterator[tuple[Member, list[str] | dict[int, str]]]:
    """Files that may hold names of classes, with their names: in order, or by number."""
    readers = (
        (survey.named(*_TEXT_FILES) + survey.ending(".names"), _in_text),
        (survey.named(*_YAML_FILES), _in_yaml),
        ([*survey.named(*_JSON_FILES), *_json_files_like_these(survey)], _in_json),
    )
    for members, names_in in readers:
        for member in members:
            try:
                names = names_in(survey, member)
            except DataError:
                continue
            if names:
                yield member, names


def _json_files_like_these(survey: Survey) -> list[Member]:
    """JSON files whose names speak of classes, such as “label_num_to_disease_map.json” of Kaggle's Cassava."""
    some = survey.ending(".json")[:MOST_LOOKED_AT]
    return [member for member in some if _SPEAKS_OF_CLASSES.search(member.parts[-1])]


def _in_text(survey: Survey, member: Member) -> list[str] | dict[int, str]:
    """Names on lines, or lines such as “0 cat” and “1: dog”."""
    lines = survey.lines(member)
    numbered = [_NUMBERED_LINE.match(line) for line in lines]
    by_number = {int(match[1]): match[2].strip() for match in numbered if match}
    return by_number if len(by_number) == len(lines) else lines


def _in_yaml(survey: Survey, member: Member) -> list[str]:
    return names_in_yaml(survey.text(member), member.name)


def _in_json(survey: Survey, member: Member) -> list[str] | dict[int, str]:
    value = survey.json(member)
    candidates = [value]
    if isinstance(value, dict):
        candidates += [value[key] for key in _JSON_KEYS if key in value]
    return next((names for candidate in candidates if (names := _names_of(candidate))), [])


def _names_of(value: Any) -> list[str] | dict[int, str]:
    """Names in a list, in {"0": "cat"} or in {"cat": 0}; nothing in other values."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return list(value)
    if not isinstance(value, dict) or not value:
        return []
    if all(key.isdecimal() and isinstance(name, str) for key, name in value.items()):
        return {int(key): name for key, name in value.items() if len(key) < 7}
    numbers = [number for number in value.values() if type(number) is int]
    if len(set(numbers)) == len(value):
        return {number: name for name, number in value.items()}
    return []


def _named(reading: FormatReading, by_number: Mapping[int, str], file: str) -> FormatReading:
    def renamed(label: str) -> str:
        if not label or label == NONE_OF_THEM:
            return label
        numbers = label_names(label) if reading.multi_label else (label,)
        return SEPARATOR.join(label_of(by_number[int(number)]) for number in numbers)

    pictures = [
        (member, replace(assignment, label=renamed(assignment.label)))
        for member, assignment in reading.pictures
    ]
    used = sorted({int(name) for _, item in reading.pictures for name in label_names(item.label)})
    shown = [f"{number} “{label_of(by_number[number])}”" for number in used[:_SHOWN_NAMES]]
    examples = ", ".join([*shown, "…"] if len(used) > _SHOWN_NAMES else shown)
    kind = NoteKind.CLASS_NAMES_OF_FILE if file else NoteKind.CLASS_NAMES_GIVEN
    values: dict[str, str | int | float] = {"examples": examples, **({"file": file} if file else {})}
    others = [note for note in reading.notes if note.kind is not NoteKind.UNNAMED_CLASSES]
    return replace(
        reading,
        pictures=pictures,
        notes=(*others, Note(kind=kind, values=values)),
        left_out=[(name, reason) for name, reason in reading.left_out if name != file],
        label_files=reading.label_files | ({file} if file else set()),
    )
