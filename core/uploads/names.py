"""Safe file names for paths that a browser sends. Does not touch the disk."""

from __future__ import annotations

import unicodedata
from itertools import chain, count

from core.workspace import FORBIDDEN_IN_NAMES, RESERVED_NAMES

_MAX_NAME_BYTES = 200  # file systems allow 255
_NAMELESS = "unnamed"
# Unicode categories: control, format, surrogate, line and paragraph separator.
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def safe_upload_name(name: str) -> str:
    """Turn a name sent by a browser into a file name that is not a path and not hidden."""
    return clean_name(name.replace("\\", "/").rsplit("/", 1)[-1]) or "upload"


def clean_name(name: str) -> str:
    """Remove from ``name`` what any file system forbids or hides; "" if nothing is left."""
    visible = "".join(letter for letter in name if unicodedata.category(letter) not in _INVISIBLE)
    plain = FORBIDDEN_IN_NAMES.sub("", unicodedata.normalize("NFC", visible)).strip(". ")
    # The end is preserved: it holds the extension.
    shortened = plain.encode()[-_MAX_NAME_BYTES:]
    clean = shortened.decode(errors="ignore").strip(". ")
    return f"_{clean}" if clean.partition(".")[0].strip().lower() in RESERVED_NAMES else clean


class StoredPaths:
    """Map each sent path to a safe, readable and unique stored path.

    Of two paths that some file system may confuse, such as ``a.jpg`` and ``A.jpg``,
    the second becomes ``A (2).jpg``.
    """

    def __init__(self) -> None:
        self._stored: dict[tuple[str, bool], str] = {}  # by the sent path and whether it is a folder
        self._taken: set[str] = set()

    def path_for(self, sent: str) -> str:
        """Stored path of the file ``sent``: relative, with "/" between folders."""
        stored = ""
        for key in _prefixes(sent):
            if key not in self._stored:
                self._assign(key, self._free_path(stored, clean_name(key[0].rpartition("/")[2]) or _NAMELESS))
            stored = self._stored[key]
        return stored

    def add(self, sent: str, stored: str) -> None:
        """Add a pair that was assigned earlier."""
        for key, (prefix, _) in zip(_prefixes(sent), _prefixes(stored), strict=True):
            self._assign(key, prefix)

    def _assign(self, key: tuple[str, bool], stored: str) -> None:
        self._stored[key] = stored
        self._taken.add(_folded(stored))

    def _free_path(self, folder: str, name: str) -> str:
        stem, dot, extension = name.rpartition(".") if "." in name else (name, "", "")
        names = chain([name], (f"{stem} ({number}){dot}{extension}" for number in count(2)))
        paths = (f"{folder}/{name}" if folder else name for name in names)
        return next(path for path in paths if _folded(path) not in self._taken)


def _prefixes(path: str) -> list[tuple[str, bool]]:
    """List ``a``, ``a/b`` and ``a/b/c`` for ``a/b/c``, each with True if it is a folder."""
    parts = path.split("/")
    return [("/".join(parts[:depth]), depth < len(parts)) for depth in range(1, len(parts) + 1)]


def _folded(path: str) -> str:
    """Fold all spellings that some file system treats as one name."""
    return unicodedata.normalize("NFC", path).casefold()
