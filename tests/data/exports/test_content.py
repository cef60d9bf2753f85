"""Names in exports can be unpacked on every system."""

from __future__ import annotations

import pytest

from core.data.exports.content import safe_name


@pytest.mark.parametrize("name", ["con", "CON", "nul", "Aux", "com1", "LPT9", "nul.txt", "con .x"])
def test_names_that_windows_keeps_for_devices_are_marked(name: str) -> None:
    """A folder called “con” cannot be made there, nor a file “nul.txt”."""
    assert safe_name(name) == f"_{name}"


@pytest.mark.parametrize("name", ["console", "com", "com10", "icon", "a.con", "猫"])
def test_other_names_stay(name: str) -> None:
    assert safe_name(name) == name
