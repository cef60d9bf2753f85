"""Class names beside or inside a foreign model: text files, JSON, and the archive behind a TFLite file."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from core.data.sources.zips import ARCHIVE_ERRORS
from core.evaluation.foreign.faults import ForeignModelError
from core.messages import N_

# Of one file with names.
_LARGEST_BYTES = 4 << 20
_NAMES = ("labels.txt", "label.txt", "classes.txt", "class_names.txt", "labelmap.txt", "labels.json")
_NUMBERED = re.compile(r"(\d+)[\s:,]+(.*)")


def names_beside(folder: Path) -> tuple[str, ...]:
    """Read the class names in a model's folder; empty without a file of them."""
    files = {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
    found = next((files[name] for name in _NAMES if name in files), None)
    return read_names(found) if found else ()


def names_behind(file: Path) -> tuple[str, ...]:
    """Read the class names in the archive that TFLite metadata appends to a model; empty without one."""
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                if info.filename.lower().endswith(".txt") and info.file_size <= _LARGEST_BYTES:
                    return parse_names(archive.read(info).decode("utf-8-sig", errors="replace"))
    except ARCHIVE_ERRORS:
        pass
    return ()


def read_names(file: Path) -> tuple[str, ...]:
    """Read a file of class names: one a line, also numbered, or a JSON list.

    Raises:
        ForeignModelError: the file cannot be read, or names no class.
    """
    try:
        data = file.read_bytes() if file.stat().st_size <= _LARGEST_BYTES else b""
        names = parse_names(data.decode("utf-8-sig", errors="replace"))
    except OSError as error:
        raise ForeignModelError(
            N_("The class names in {file} cannot be read: {error}."),
            file=str(file),
            error=error.strerror or str(error),
        ) from error
    if not names:
        raise ForeignModelError(N_("{file} names no classes. It needs one class a line."), file=file.name)
    return names


def parse_names(text: str) -> tuple[str, ...]:
    """Read class names: a JSON list, a mapping of numbers, or lines; “0 cat” loses its number."""
    if text.lstrip().startswith(("[", "{")):
        return _names_in_json(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    matches = [_NUMBERED.fullmatch(line) for line in lines]
    if all(match and int(match[1]) == index for index, match in enumerate(matches)):
        return tuple(match[2] for match in matches if match)
    return tuple(lines)


def _names_in_json(text: str) -> tuple[str, ...]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if isinstance(content, dict):
        # A Darkroom bundle calls them class_names.
        content = content.get("class_names") or [content.get(str(index)) for index in range(len(content))]
    if not isinstance(content, Sequence) or not all(isinstance(name, str) for name in content):
        return ()
    return tuple(content)
