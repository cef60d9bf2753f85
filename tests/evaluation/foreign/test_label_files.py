"""Class names are read in the forms that exports write them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from core.errors import ForeignModelError
from core.evaluation.foreign.label_files import names_behind, names_beside, parse_names, read_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cat\r\ndog\r\n", ("cat", "dog")),
        ("0 cat\n1 guinea pig\n", ("cat", "guinea pig")),
        ("0: cat\n1: dog", ("cat", "dog")),
        # Names that begin with numbers, but are not numbered.
        ("7 up\n1 cola", ("7 up", "1 cola")),
        ('["cat", "dog"]', ("cat", "dog")),
        ('{"0": "cat", "1": "dog"}', ("cat", "dog")),
        ('{"schema_version": 1, "class_names": ["cat", "dog"]}', ("cat", "dog")),
        ("[1, 2", ()),
        ("", ()),
    ],
)
def test_names_are_read(text: str, names: tuple[str, ...]) -> None:
    assert parse_names(text) == names


def test_a_file_beside_the_model_names_its_classes(tmp_path: Path) -> None:
    assert names_beside(tmp_path) == ()
    (tmp_path / "Labels.txt").write_bytes("\ufeff0 Käse\n1 Brot\n".encode())
    assert names_beside(tmp_path) == ("Käse", "Brot")


def test_the_archive_behind_a_tflite_file_names_its_classes(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
    model = tmp_path / "model.tflite"
    model.write_bytes(b"TFL3" * 10 + stream.getvalue())
    assert names_behind(model) == ("cat", "dog")
    model.write_bytes(b"TFL3" * 10)
    assert names_behind(model) == ()


def test_a_file_without_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("\n \n")
    with pytest.raises(ForeignModelError, match="names no classes"):
        read_names(tmp_path / "labels.txt")
    with pytest.raises(ForeignModelError, match="cannot be read"):
        read_names(tmp_path / "missing.txt")
