"""Names of the classes in a YOLO ``data.yaml``: the key ``names`` with a list or numbered names.

Only this key is read, in the notations that Ultralytics, Roboflow and CVAT write; anything else
is an error, because a name too many or too few would shift all classes after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import DataError
from core.messages import N_

_KEY = re.compile(r"^names:", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
# One name: quoted or plain, with its number where the names are numbered.
_NUMBER = r"""(?:['"]?(?P<number>\d+)['"]?\s*:\s*)?"""
_QUOTED = r"""'(?P<single>(?:[^']|'')*)'|"(?P<double>[^"\\]*)\""""
_IN_BRACKETS = re.compile(
    rf"""\s*{_NUMBER}(?:{_QUOTED}|(?P<plain>[^'"\s,\[\]#{{}}][^,\[\]#{{}}]{{0,300}}?))\s*(?P<end>[,\]}}])"""
)
_ON_A_LINE = re.compile(
    rf"""\s*(?:-\s+|(?=['"\d])){_NUMBER}(?:{_QUOTED}|(?P<plain>[^'"\s#][^#]{{0,300}}?))\s*(?:\s#.*)?$"""
)
_CLOSING = {"[": "]", "{": "}"}


def names_in_yaml(text: str, file: str) -> list[str]:
    """Read the names; empty without the key ``names``.

    Raises:
        DataError: the names are written in another way, or not numbered from 0 in their order.
    """
    key = _KEY.search(text)
    if key is None:
        return []
    rest = text[key.end() :]
    begin = rest.lstrip()
    if begin[:1] in _CLOSING:
        entries = _entries_in_brackets(begin)
    else:
        entries = _entries_on_lines(rest.splitlines())
    numbers = [entry["number"] for entry in entries or ()]
    if entries is None or any(number and int(number) != index for index, number in enumerate(numbers)):
        raise DataError(
            N_(
                "The names of the classes in {file} cannot be read. Expected is a list, or names numbered from 0 in their order."
            ),
            file=file,
        )
    return [_name(entry) for entry in entries]


def _entries_in_brackets(text: str) -> Sequence[re.Match[str]] | None:
    """Names between brackets, on one line or several; None in another notation."""
    entries: list[re.Match[str]] = []
    closing, position = _CLOSING[text[0]], 1
    if text[1:].lstrip().startswith(closing):
        return []
    while entry := _IN_BRACKETS.match(text, position):
        entries.append(entry)
        position = entry.end()
        rest = text[position:].lstrip()
        if entry["end"] == closing or rest.startswith(closing):
            return entries
        if entry["end"] != ",":
            return None
    return None


def _entries_on_lines(lines: Sequence[str]) -> Sequence[re.Match[str]] | None:
    """Names on a line each; None in another notation."""
    entries: list[re.Match[str]] = []
    first, *others = lines or [""]
    if _COMMENT.sub("", first).strip():
        return None
    for line in others:
        if not _COMMENT.sub("", line).strip():
            continue
        if line[0] not in " \t-":  # the next key
            break
        entry = _ON_A_LINE.match(line)
        if entry is None:
            return None
        entries.append(entry)
    return entries


def _name(entry: re.Match[str]) -> str:
    if entry["single"] is not None:
        return entry["single"].replace("''", "'")
    return str(entry["double"] if entry["double"] is not None else entry["plain"])
