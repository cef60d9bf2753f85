"""Nested class folders: classes below dates or sessions, and parts of a split below classes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from enum import StrEnum

_DATE = re.compile(
    r"^(?:19|20)\d{2}[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12]\d|3[01]))?\b|^\d{1,2}[-_.]\d{1,2}[-_.]\d{4}$"
)
_NUMBERED = re.compile(r"^(\D+?)[ _.-]?\d+$")

# Words before a number that name classes, not occasions.
_CLASS_WORDS = frozenset({"class", "category", "label", "type", "kind", "species", "grade", "stage", "level", "score", "klasse", "typ", "stufe", "classe", "clase", "类", "类别", "类型", "等级", "级"})  # fmt: skip


class Nesting(StrEnum):
    """Meaning of two levels of folders."""

    # The outer folders are the classes, whatever is inside.
    NONE = "none"
    # The inner ones are: “2024-03-01/cat”, “2024-03-02/cat”.
    INNER_CLASSES = "inner_classes"
    # The same inner names under every outer one: “red/left”, “blue/left”. Either can be the classes.
    EITHER = "either"


def nesting_of(paths: Sequence[Sequence[str]]) -> Nesting:
    """Find the level of the classes.

    Args:
        paths: folders and name of each picture, from the first level that may be classes.
    """
    inner: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        if len(path) < 3:
            return Nesting.NONE
        inner[path[0]].add(path[1])
    outers = Counter(name for names in inner.values() for name in names)
    if len(inner) < 2 or len(outers) < 2:
        return Nesting.NONE
    are_equal = all(count == len(inner) for count in outers.values())
    if _are_occasions(inner) and max(outers.values()) > 1:
        return Nesting.INNER_CLASSES
    return Nesting.EITHER if are_equal else Nesting.NONE


def _are_occasions(names: Collection[str]) -> bool:
    """True for dates, and for one word with numbers, such as “session 1” and “session 2”."""
    if all(_DATE.match(name) for name in names):
        return True
    numbered = [_NUMBERED.match(name) for name in names]
    words = {match[1].casefold() if match else "" for match in numbered}
    return len(words) == 1 and not words & {"", *_CLASS_WORDS}
