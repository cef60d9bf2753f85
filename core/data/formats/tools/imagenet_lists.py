"""ImageNet lists, as Datumaro and CVAT write them: ``train.txt`` and ``synsets.txt``.

A line of a list is a picture and the numbers of its classes, counted from 0 along ``synsets.txt``.
"""

from __future__ import annotations

from core.data.formats.annotations import Annotation, are_multi_label, read_annotations
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import class_names_on_lines, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

_NAMES_FILE = "synsets.txt"
_MOST_DIGITS = 9


def _lists(survey: Survey) -> list[Member]:
    """Text files beside the names whose first line ends in a number."""
    folders = {member.parts[:-1] for member in survey.named(_NAMES_FILE)}
    beside = [
        member
        for member in survey.ending(".txt")
        if member.parts[:-1] in folders and member.parts[-1].casefold() != _NAMES_FILE
    ]
    return [member for member in beside if _is_list(survey, member)]


def _is_list(survey: Survey, member: Member) -> bool:
    lines = survey.lines(member)
    return bool(lines) and any(line.rpartition(" ")[2].isdigit() for line in lines[:100])


def _recognise(survey: Survey) -> Evidence | None:
    lists = _lists(survey)
    if not lists:
        return None
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(
            N_("{list} names pictures and {names} the classes"),
            {"list": lists[0].name, "names": _NAMES_FILE},
        ),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    lists = _lists(survey)
    names_files = survey.named(_NAMES_FILE)
    names = class_names_on_lines(survey, names_files[0]) if names_files else []
    annotations = [
        _annotation(line, number, names, member)
        for member in lists
        for number, line in enumerate(survey.lines(member), start=1)
    ]
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=[*names_files, *lists])


def _annotation(line: str, number: int, names: list[str], member: Member) -> Annotation:
    file, numbers = _parsed(line)
    if any(index >= len(names) for index in numbers):
        raise DataError(
            N_("Line {line} of {file} names class {number}, but {names} has {count} classes."),
            line=number,
            file=member.name,
            number=max(numbers, default=0),
            names=_NAMES_FILE,
            count=len(names),
        )
    return Annotation(
        file=file.strip("'\""),
        labels=tuple(names[index] for index in numbers) or None,
        split=split_of_path(member.parts[-1:]),
        label_file=member.name,
        entry=number,
    )


def _parsed(line: str) -> tuple[str, list[int]]:
    """The file, whose name may have spaces, and the numbers behind it."""
    words = line.split()
    count = 0
    while count < len(words) - 1 and _is_number(words[-1 - count]):
        count += 1
    file = line.rsplit(maxsplit=count)[0] if count else line
    return file, [int(word) for word in words[len(words) - count :]]


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _MOST_DIGITS


IMAGENET_LISTS = ImportFormat(
    name="imagenet_lists",
    label=N_("ImageNet lists"),
    caption=N_("“synsets.txt” and a list of pictures for each part."),
    recognise=_recognise,
    read=_read,
)
