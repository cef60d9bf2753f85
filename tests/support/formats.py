"""Sources in the formats of other tools, and how Darkroom reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.formats.import_format import FormatReading
from core.data.formats.summary import Understanding
from core.data.formats.understanding import understand
from core.data.import_config import ImportConfig
from core.data.sources.opening import open_source
from tests.support.pictures import digit, write_folder


@dataclass(frozen=True, kw_only=True)
class Understood:
    """A reading, flattened for comparison."""

    reading: FormatReading
    understanding: Understanding

    @property
    def format(self) -> str:
        return self.understanding.format

    @property
    def labels(self) -> dict[str, str]:
        """Label of each picture, by the name of its file."""
        return {member.parts[-1]: assignment.label for member, assignment in self.reading.pictures}

    @property
    def splits(self) -> dict[str, str]:
        """Part of the split of each picture, by the name of its file; "" for none."""
        return {
            member.parts[-1]: assignment.split.value if assignment.split else ""
            for member, assignment in self.reading.pictures
        }

    @property
    def notes(self) -> dict[str, Any]:
        """Count of each kind of note; True for notes that count nothing."""
        return {note.kind.value: note.values.get("count", True) for note in self.reading.notes}

    @property
    def left_out(self) -> dict[str, str]:
        """Code of the reason for each file that is left out."""
        return {name: reason.code.value for name, reason in self.reading.left_out}


def read(folder: Path, **config: Any) -> Understood:
    """Read a source as an import does, without decoding its pictures."""
    with open_source(folder) as listing:
        reading, understanding = understand(listing, ImportConfig(**config), folder.name)
        return Understood(reading=reading, understanding=understanding)


def source(tmp_path: Path, pictures: Iterable[str], files: Mapping[str, object]) -> Path:
    """A folder with small pictures of these names, and label files: bytes, text or values for JSON."""
    contents = {name: digit(index) for index, name in enumerate(pictures)}
    for name, content in files.items():
        if isinstance(content, bytes):
            contents[name] = content
        else:
            contents[name] = (content if isinstance(content, str) else json.dumps(content)).encode()
    return write_folder(tmp_path / "source", contents)


def lines(*values: object) -> str:
    """Values as JSON lines."""
    return "\n".join(json.dumps(value) for value in values)
