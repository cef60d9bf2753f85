"""Files that name the pictures of class folders and were not read are asked about."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from core.data.formats.understanding import ConfirmationNeededError
from tests.support.formats import read, source

PICTURES = [f"batch{folder}/scan_{folder}{number}.png" for folder in "AB" for number in range(3)]
LABELS = {path: ("cat", "dog")[index % 2] for index, path in enumerate(PICTURES)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "\n".join(f"{path.rpartition('/')[2]} {label}" for path, label in LABELS.items())),
        ("labels.yaml", "\n".join(f"{path}: {label}" for path, label in LABELS.items())),
        ("labels.json", {"a": {"b": {path: [label] for path, label in LABELS.items()}}}),
        ("labels.pkl", pickle.dumps(LABELS)),
        ("labels.xls", b"\xd0\xcf\x11\xe0"),
    ],
)
def test_a_file_that_names_the_pictures_is_asked_about(tmp_path: Path, name: str, content: object) -> None:
    """The folders became the classes without a word."""
    with pytest.raises(ConfirmationNeededError, match=f"{name} may hold labels"):
        read(source(tmp_path, PICTURES, {name: content}))
    assert read(tmp_path / "source", confirmed=True).format == "folders"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", "Scans of 2026, see scan_A0.png for an example."),
        ("md5sums.txt", "\n".join(f"d41d8cd98f00b204 {path}" for path in PICTURES)),
        ("batchA/scan_A0.txt", "scan_A0.png scan_A1.png scan_A2.png scan_B0.png scan_B1.png scan_B2.png"),
    ],
)
def test_other_files_are_not_asked_about(tmp_path: Path, name: str, content: str) -> None:
    assert read(source(tmp_path, PICTURES, {name: content})).format == "folders"


def test_files_of_an_unknown_tool_beside_each_picture_are_asked_about(tmp_path: Path) -> None:
    files: dict[str, object] = {
        f"ann/{path.rpartition('/')[2]}.json": {"tags": [{"name": label}]} for path, label in LABELS.items()
    }
    with pytest.raises(ConfirmationNeededError, match=r"ann/scan_A0\.png\.json may hold labels"):
        read(source(tmp_path, PICTURES, files))
