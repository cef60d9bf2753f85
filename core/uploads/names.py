"""Names that a browser sends, made safe for every file system.

Owns what a stored file may be called. Touches no disk.
"""

from __future__ import annotations

import unicodedata
from itertools import chain, count

from core.workspace import FORBIDDEN_IN_NAMES, RESERVED_NAMES

_LONGEST_NAME_BYTES = 200  # file systems end at 255
_NAMELESS = "unnamed"
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, formatting, broken, line and paragraph separators


def safe_upload_name(name: str) -> str:
    """A file name for what a browser sent: never a path, never hidden."""
    return clean_name(name.replace("\\", "/").rsplit("/", 1)[-1]) or "upload"


def clean_name(name: str) -> str:
    """``name`` such that every system takes it for one visible file or folder; "" if nothing is left."""
    visible = "".join(letter for letter in name if unicodedata.category(letter) not in _INVISIBLE)
    plain = FORBIDDEN_IN_NAMES.sub("", unicodedata.normalize("NFC", visible)).strip(". ")
    kept = plain.encode()[-_LONGEST_NAME_BYTES:]
    clean = kept.decode(errors="ignore").strip(". ")
    return f"_{clean}" if clean.partition(".")[0].strip().lower() in RESERVED_NAMES else clean


class Places:
    """Map each sent path to a safe, readable and unique file name.

    Of two that a file system may take for one, such as ``a.jpg`` and ``A.jpg``,
    the second becomes ``A (2).jpg``.
    """

    def __init__(self) -> None:
        self._places: dict[tuple[str, bool], str] = {}  # by the sent path and whether it is a folder
        self._taken: set[str] = set()

    def place(self, sent: str) -> str:
        """The place of the file ``sent``, relative and with "/" between folders."""
        place = ""
        for key in _prefixes(sent):
            if key not in self._places:
                self._give(key, self._free(place, clean_name(key[0].rpartition("/")[2]) or _NAMELESS))
            place = self._places[key]
        return place

    def remember(self, sent: str, place: str) -> None:
        """Take over a place that was given earlier."""
        for key, (part, _) in zip(_prefixes(sent), _prefixes(place), strict=True):
            self._give(key, part)

    def _give(self, key: tuple[str, bool], place: str) -> None:
        self._places[key] = place
        self._taken.add(_folded(place))

    def _free(self, folder: str, name: str) -> str:
        stem, dot, extension = name.rpartition(".") if "." in name else (name, "", "")
        names = chain([name], (f"{stem} ({number}){dot}{extension}" for number in count(2)))
        places = (f"{folder}/{name}" if folder else name for name in names)
        return next(place for place in places if _folded(place) not in self._taken)


def _prefixes(path: str) -> list[tuple[str, bool]]:
    """``a``, ``a/b`` and ``a/b/c`` for the last of them, each with whether it is a folder."""
    parts = path.split("/")
    return [("/".join(parts[:depth]), depth < len(parts)) for depth in range(1, len(parts) + 1)]


def _folded(place: str) -> str:
    """The same for all spellings that some file system takes for one name."""
    return unicodedata.normalize("NFC", place).casefold()
