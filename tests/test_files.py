"""A file is whole or not there, and a name for content never changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.files import (
    append_json_line,
    digest_of,
    hash_file,
    read_json,
    read_json_lines,
    sha256_bytes,
    whole_file,
    write_json,
)

# The test vectors of FIPS 180-2 and RFC 1321 for the three letters "abc".
SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
MD5_OF_ABC = "900150983cd24fb0d6963f7d28e17f72"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    path = tmp_path / "files"
    path.mkdir()
    return path


def test_a_write_that_fails_leaves_the_old_file(folder: Path) -> None:
    """A full disk in the middle of saving must not cost what was there before."""
    path = folder / "settings.json"
    path.write_text("old")
    with pytest.raises(OSError, match="disk full"):
        write_half(path)
    assert path.read_text() == "old"
    assert list(folder.iterdir()) == [path]


def write_half(path: Path) -> None:
    with whole_file(path) as temporary:
        temporary.write_text("half of the n")
        raise OSError("disk full")


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(folder: Path) -> None:
    """A page reads status.json while the worker writes it."""
    path = folder / "status.json"
    path.write_text("old")
    with whole_file(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(folder.iterdir()) == [path]


def test_a_file_gets_its_folder(tmp_path: Path) -> None:
    """No caller makes folders first."""
    path = tmp_path / "versions" / "0001.parquet"
    with whole_file(path) as temporary:
        assert temporary.suffix == ".parquet"  # NumPy and Keras choose the format by it
        temporary.write_bytes(b"rows")
    assert path.read_bytes() == b"rows"


def test_a_value_that_json_cannot_hold_leaves_the_old_file(folder: Path) -> None:
    path = folder / "result.json"
    write_json(path, {"accuracy": 0.5})
    with pytest.raises(TypeError):
        write_json(path, {"accuracy": object()})
    assert read_json(path) == {"accuracy": 0.5}
    assert list(folder.iterdir()) == [path]


def test_json_keeps_every_script(tmp_path: Path) -> None:
    """Class names are in the user's language."""
    path = tmp_path / "labels.json"
    write_json(path, ["猫", "Hündin", "🐕"])
    assert read_json(path) == ["猫", "Hündin", "🐕"]
    assert "猫" in path.read_text(encoding="utf-8")  # and people can read the file


def test_records_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    # U+2028 is a line's end to str.splitlines, but not to JSON lines.
    records: list[dict[str, Any]] = [
        {"epoch": 1, "loss": 0.5},
        {"epoch": 2, "note": "one\u2028line\nand more"},
    ]
    for record in records:
        append_json_line(path, record)
    assert read_json_lines(path) == records


def test_no_file_is_no_records(tmp_path: Path) -> None:
    """A page looks before the worker's first epoch."""
    assert read_json_lines(tmp_path / "metrics.jsonl") == []


@pytest.mark.parametrize(
    "tail",
    [b'{"epoch": 2, "lo', b'{"epoch": 2, "class": "\xe7\x8c', b"{", b'{"epoch": 2}'[:-1], b"\x00\x00\x00"],
    ids=["in a name", "in a character", "at its start", "before its end", "zeros after a power cut"],
)
def test_a_torn_last_line_is_skipped(tmp_path: Path, tail: bytes) -> None:
    """A worker may be killed, or still be writing, at any byte."""
    path = tmp_path / "metrics.jsonl"
    append_json_line(path, {"epoch": 1})
    with path.open("ab") as stream:
        stream.write(tail)
    assert read_json_lines(path) == [{"epoch": 1}]


def test_a_record_after_a_torn_line_is_not_lost_with_it(tmp_path: Path) -> None:
    """A worker that goes on after a crash appends to what the crash left."""
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"epoch": 1}\n{"epo')
    append_json_line(path, {"epoch": 2})
    append_json_line(path, {"epoch": 3})
    assert read_json_lines(path) == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]


def test_a_line_that_is_no_record_is_skipped(tmp_path: Path) -> None:
    """Whoever reads a record asks it for names."""
    path = tmp_path / "metrics.jsonl"
    path.write_text('3\n\n["epoch"]\nnull\n{"epoch": 1}\n')
    assert read_json_lines(path) == [{"epoch": 1}]


def test_hashes_are_the_standard_ones(tmp_path: Path) -> None:
    """Weights are checked against hashes that others publish."""
    path = tmp_path / "letters"
    path.write_bytes(b"abc")
    assert sha256_bytes(b"abc") == SHA256_OF_ABC
    assert hash_file(path) == SHA256_OF_ABC
    assert hash_file(path, "md5") == MD5_OF_ABC


def test_a_digest_depends_on_the_value_alone() -> None:
    """Caches are found again by it, in another process and next year."""
    assert digest_of({"a": 1, "b": [2, "猫"]}) == digest_of({"b": [2, "猫"], "a": 1})
    assert digest_of([1, 2]) != digest_of([2, 1])
    assert digest_of(["1"]) != digest_of([1])
    assert digest_of("abc") == sha256_bytes(b'"abc"')[:16]
