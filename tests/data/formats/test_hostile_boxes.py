"""Boxes of a stranger: whatever a number is replaced by, the answer is a reading or an error of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from core.data.formats.understanding import understand
from core.data.import_config import ImportConfig
from core.data.labels.boxes import BoxUse, Edges, place_box
from core.data.sources.members import Listing, Member
from core.errors import DarkroomError
from tests.support.box_files import BOX_FILES

# As JSON and as text.
HOSTILE = (
    "NaN",
    "-Infinity",
    "1e999",
    "-7",
    "0",
    "1e308",
    "9" * 400,
    "null",
    '""',
    '"x"',
    "[]",
    "{}",
    "true",
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.mark.parametrize("tool", BOX_FILES)
def test_any_number_may_be_anything(tool: str) -> None:
    for files in changed(BOX_FILES[tool]):
        for use in (BoxUse.PICTURE, BoxUse.CROP):
            require_inside(files, ImportConfig(boxes=use, confirmed=True))


def changed(files: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The files with one number replaced, each by each value."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in files.items()}
    for name, text in texts.items():
        for match in NUMBER.finditer(text):
            for value in HOSTILE:
                yield {**texts, name: text[: match.start()] + value + text[match.end() :]}


def require_inside(files: dict[str, str], config: ImportConfig) -> None:
    """Read the files; the pixels of every box lie in a picture of any size and orientation."""
    contents = {"a.png": b"", **{name: text.encode() for name, text in files.items()}}
    members = [
        Member(name=name, parts=tuple(name.split("/")), read=partial(bytes, data))
        for name, data in contents.items()
    ]
    try:
        reading, understanding = understand(Listing(members=members), config, "source")
    except DarkroomError:
        return
    understanding.to_json()
    boxes = [assignment.box for _, assignment in reading.pictures if assignment.box is not None]
    for box in boxes:
        for size, orientation in (((100, 50), 1), ((50, 100), 6)):
            placement = place_box(box, size, orientation, margin=0.5)
            assert placement is None or is_inside(placement.edges, size)


def is_inside(edges: Edges, size: tuple[int, int]) -> bool:
    return 0 <= edges.left <= edges.right <= size[0] and 0 <= edges.top <= edges.bottom <= size[1]
