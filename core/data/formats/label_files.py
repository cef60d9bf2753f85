"""Helpers for formats whose labels stand in JSON, XML or text files: recognition and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET

from core.data.formats.import_format import Confidence, Evidence
from core.data.formats.survey import Survey, parse_json
from core.data.labels.layout import Split, split_named
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

# Label files looked into to recognise a format; the nearest to the root come first.
MOST_LOOKED_AT = 12
_WORDS = re.compile(r"[^\W\d_]+")
# Wrong shapes of a parsed file, found by reading it as if it were right.
_SHAPE_ERRORS = (
    KeyError,
    TypeError,
    AttributeError,
    ValueError,
    IndexError,
    StopIteration,
    OverflowError,
)


@contextmanager
def laid_out_as(tool: str, file: str) -> Iterator[None]:
    """Turn the errors of reading a file of another shape into one sentence.

    Raises:
        DataError: the file is not laid out as the tool writes it.
    """
    try:
        yield
    except _SHAPE_ERRORS as error:
        raise DataError(
            N_("{file} is not laid out as {tool} writes it ({error}). Export the labels again."),
            file=file,
            tool=tool,
            error=f"{type(error).__name__}: {error}",
        ) from error


def fitting(candidates: Sequence[Member], fits: Callable[[Member], bool]) -> list[Member]:
    """Files that fit, in their order. If none of the first few does, no further one is read."""
    some = [member for member in candidates[:MOST_LOOKED_AT] if fits(member)]
    return [*some, *filter(fits, candidates[MOST_LOOKED_AT:])] if some else []


def json_files(survey: Survey, has_shape: Callable[[Any], bool], *suffixes: str) -> list[Member]:
    """JSON files of a shape, the nearest to the root first."""
    candidates = survey.ending(*(suffixes or (".json",)))
    return fitting(candidates, lambda member: json_of_shape(survey, member, has_shape) is not None)


def json_of_shape(survey: Survey, member: Member, has_shape: Callable[[Any], bool]) -> Any:
    """Parse a JSON file; None if it is no JSON, or has another shape."""
    try:
        value = survey.json(member)
        return value if has_shape(value) else None
    except (DataError, *_SHAPE_ERRORS):
        return None


def line_files(survey: Survey, has_shape: Callable[[Any], bool], *suffixes: str) -> list[Member]:
    """Files with a JSON value on each line whose first value has a shape."""

    def first_fits(member: Member) -> bool:
        try:
            first = survey.lines(member)[0]  # an error further down is named when the file is read
            return has_shape(parse_json(first, member.name, line=1))
        except (DataError, *_SHAPE_ERRORS):
            return False

    return fitting(survey.ending(*suffixes), first_fits)


def class_names_on_lines(survey: Survey, member: Member) -> list[str]:
    """Names of numbered classes, one on a line.

    Raises:
        DataError: a line between the names is blank, so that the numbers of those below are unclear.
    """
    lines = survey.numbered_lines(member)
    for expected, (number, _) in enumerate(lines, start=1):
        if number != expected:
            raise DataError(
                N_(
                    "Line {line} of {file} is blank, so the numbers of the classes below it are unclear. Write a name there, or remove the line."
                ),
                line=expected,
                file=member.name,
            )
    return [name for _, name in lines]


def class_named(names: Sequence[object], number: object) -> str:
    """The name of a class by its number, counted from 0.

    Raises:
        ValueError: there is no such class; ``laid_out_as`` turns it into a sentence.
    """
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(names):
        raise ValueError(f"class {number!r} of {len(names)}")
    return str(names[number])


def parse_xml(text: str, name: str) -> ET.Element:
    """Parse XML from a stranger's file; documents that define entities are refused.

    Raises:
        DataError: it is no XML, or defines entities.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataError(N_("{file} defines XML entities, which label files do not need."), file=name)
    try:
        return ET.fromstring(text)  # noqa: S314 - entities are refused above
    except (ET.ParseError, ValueError, RecursionError) as error:
        raise DataError(
            N_("{file} is not valid XML: {error}. Export the labels again."), file=name, error=str(error)
        ) from error


def evidence_in(files: Sequence[Member], template: str) -> Evidence | None:
    """Certain evidence from label files that only one format has; None without any.

    Args:
        template: a sentence marked for translation, with ``{file}`` for the first file.
    """
    if not files:
        return None
    return Evidence(confidence=Confidence.CERTAIN, sentence=Message(template, {"file": files[0].name}))


@lru_cache(4096)
def split_of_path(parts: tuple[str, ...]) -> Split | None:
    """The split that a label file's name or folder says, such as “instances_train2017.json”.

    The name counts before the folders, and the last word before the first.
    """
    for part in reversed(parts):
        words = _WORDS.findall(part.rpartition(".")[0] or part)
        named = [split for word in reversed(words) if (split := split_named(word))]
        if named:
            return named[0]
    return None


def in_folder_of(label_file: Member, name: str) -> str:
    """A name that is relative to its label file, as a path from the root of the source."""
    return "/".join((*label_file.parts[:-1], name))
