"""Picture index: finds the file that a label file means by a path, an address or a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

from core.data.sources.members import PICTURE_SUFFIXES, Member

_MOST_FOLDERS_DROPPED = 40  # of a path that begins above the source, such as C:\Users\…
_ENOUGH_FOUND = 0.5  # share of the names
_SAMPLE = 300  # names that decide how many folders are dropped
# Label Studio and CVAT put such a prefix before the names of uploaded files.
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-(?=.)")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class _Form(StrEnum):
    """Notation of a file name in a label file."""

    NAME = "name"
    # Without its suffix.
    STEM = "stem"
    # Without its suffix and its leading zeros, which spreadsheets remove.
    NUMBER = "number"


class PictureIndex:
    """Lookup of pictures by full or partial path, with or without suffix."""

    def __init__(self, pictures: Sequence[Member]) -> None:
        self.pictures = pictures
        self._paths = [
            member.parts if member.name.isascii() else tuple(_normal(part) for part in member.parts)
            for member in pictures
        ]
        self._deepest = max(map(len, self._paths), default=0)
        self._all_have_suffixes = all(path[-1].lower().endswith(PICTURE_SUFFIXES) for path in self._paths)
        # By the end of a path: one index, or several. A hundred thousand lists would take much memory.
        self._tables: dict[tuple[int, _Form], dict[str, int | list[int]]] = {}

    def find_all(self, names: Sequence[str]) -> list[list[int]]:
        """Find the pictures of each name: one index, none, or several where names are ambiguous.

        A path may begin above the source. The number of leading folders to ignore is one for
        all names: dropped one by one, a missing “dogs/1.jpg” would be taken for “cats/1.jpg”.
        """
        paths = [path_of(name) for name in names]
        dropped = self._folders_dropped(paths)
        return [self._find(path, dropped) for path in paths]

    def count(self, names: Sequence[str]) -> int:
        """Number of names that mean exactly one picture."""
        return sum(len(indices) == 1 for indices in self.find_all(names))

    def share(self, names: Sequence[str], sample: int = _SAMPLE) -> float:
        """Share of a sample of names that mean exactly one picture, 0 to 1."""
        some = names[:: max(1, len(names) // sample)]
        return self.count(some) / len(some) if some else 0.0

    def _find(self, path: tuple[str, ...], dropped: int = 0) -> list[int]:
        if not path:
            return []
        indices = self._find_path(path, dropped)
        if not indices and _UPLOAD_PREFIX.match(path[-1]):
            indices = self._find_path((*path[:-1], _UPLOAD_PREFIX.sub("", path[-1])), dropped)
        return indices

    def _find_path(self, path: tuple[str, ...], dropped: int) -> list[int]:
        wanted = path[min(dropped, len(path) - 1) :]
        has_suffix = wanted[-1].lower().endswith(PICTURE_SUFFIXES)
        # Where all files have a suffix, names without one need no table of full names.
        indices = self._ending_in(wanted, _Form.NAME) if has_suffix or not self._all_have_suffixes else []
        if not indices and not has_suffix:
            indices = self._ending_in(wanted, _Form.STEM)
        if not indices and _is_number(wanted[-1]):
            indices = self._ending_in((*wanted[:-1], wanted[-1].lstrip("0")), _Form.NUMBER)
        if len(indices) > 1:  # names that differ in capitals only
            indices = [index for index in indices if self._paths[index][-len(wanted) :] == wanted] or indices
        if len(indices) > 1:  # the path from the root, not from any folder on
            indices = [index for index in indices if self._paths[index] == wanted] or indices
        return indices

    def _ending_in(self, wanted: tuple[str, ...], form: _Form) -> list[int]:
        key = (len(wanted), form)
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = self._table(len(wanted), form)
        found = table.get(_folded(wanted), [])
        return [found] if isinstance(found, int) else found

    def _table(self, length: int, form: _Form) -> dict[str, int | list[int]]:
        table: dict[str, int | list[int]] = {}
        for index, path in enumerate(self._paths if length <= self._deepest else ()):
            if len(path) < length or (last := _in_form(path[-1], form)) is None:
                continue
            end = _folded((*path[-length:-1], last))
            others = table.get(end)
            if others is None:
                table[end] = index
            elif isinstance(others, int):
                table[end] = [others, index]
            else:
                others.append(index)
        return table

    def _folders_dropped(self, paths: Sequence[tuple[str, ...]]) -> int:
        some = [path for path in paths if path]
        some = some[:: max(1, len(some) // _SAMPLE)]
        longest = max((len(path) for path in some), default=1)
        counts: list[int] = []
        for dropped in range(min(longest, _MOST_FOLDERS_DROPPED + 1)):
            counts.append(sum(len(self._find(path, dropped)) == 1 for path in some))
            if counts[-1] >= _ENOUGH_FOUND * len(some):
                return dropped
        return counts.index(max(counts))


def path_of(name: str) -> tuple[str, ...]:
    """Folders and file name of a path or address as label files write them.

    Queries and fragments of an address are left out, its escapes decoded. ``..`` and drive
    letters name nothing inside a source, so they are left out too: the result only serves to
    compare with the names of files that the source really has.
    """
    text = (name if name.isascii() else _normal(name)).strip()
    if "/" not in text and "\\" not in text:
        return () if text in {"", ".", ".."} else (text,)
    if _SCHEME.match(text) or text.startswith("/data/"):
        text = _path_of_address(text)
    parts = text.replace("\\", "/").split("/")
    return tuple(part for part in parts if part not in {"", ".", ".."})


def _path_of_address(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets that are no IPv6 host
        return address
    local = parse_qs(parts.query).get("d")  # Label Studio: /data/local-files/?d=folder/1.jpg
    return local[0] if local else unquote(parts.path)


def _in_form(name: str, form: _Form) -> str | None:
    if form is _Form.NAME:
        return name
    stem = name.rpartition(".")[0] or name
    if form is _Form.STEM:
        return stem
    return stem.lstrip("0") if _is_number(stem) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _folded(path: tuple[str, ...]) -> str:
    return ("/".join(path) if len(path) > 1 else path[0]).casefold()
