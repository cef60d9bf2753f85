"""Names of YOLO's classes are read exactly, or not at all."""

from __future__ import annotations

import pytest

from core.data.formats.tools.yolo_names import names_in_yaml
from core.errors import DataError


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("nc: 2\nnames:\n- cat\n- dog\nroboflow:\n  x: 1\n", ["cat", "dog"]),
        ("names: [cat, dog]  # classes", ["cat", "dog"]),
        ("names: ['cat, small', \"dog\"]", ["cat, small", "dog"]),
        ("names: [cat,\n  dog]\nnc: 2", ["cat", "dog"]),
        ("names: {0: cat, 1: dog}", ["cat", "dog"]),
        ('names: {"0": "cat"}', ["cat"]),
        ("names:  # classes\n  # animals\n  0: cat  # small\n\n  1: 'it''s'\nnc: 2", ["cat", "it's"]),
        ("names:\r\n- no\r\n- C++\r\n", ["no", "C++"]),
        ("names: []", []),
        ("nc: 2", []),
    ],
)
def test_names_in_every_notation(text: str, names: list[str]) -> None:
    assert names_in_yaml(text, "data.yaml") == names


@pytest.mark.parametrize(
    "text", ["names: {1: dog, 0: cat}", "names:\n  0: cat\n  2: dog", "names: [a, [b]]", "names: &x"]
)
def test_other_names_are_refused(text: str) -> None:
    """A name too many or too few would shift all classes after it."""
    with pytest.raises(DataError, match="names of the classes in"):
        names_in_yaml(text, "data.yaml")
