"""Version records on disk: today's, those of older versions, damaged ones and those of newer versions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import __version__
from core.data.labels.task import Task
from core.data.skip_reasons import Reason, Skipped, SkipReason
from core.data.split.splitting import SplitConfig
from core.data.version_record import (
    Edit,
    EditKind,
    ManifestChanges,
    VersionRecord,
    read_version_header,
    read_version_record,
    version_file,
)
from core.errors import DamagedFileError, SchemaVersionError
from core.records import write_record

RECORD = VersionRecord(
    version=3,
    created=1_764_400_000.5,
    who="ada",
    edit=Edit(kind=EditKind.LABELLED, values={"label": "cats", "count": 3}),
    task=Task.MULTI_LABEL,
    pictures=20,
    class_names=("cats", "dogs"),
    split=SplitConfig(seed=5),
    skipped=(Skipped(file="a.png", reason=Reason(code=SkipReason.DAMAGED)),),
)
# As commit 03be4e7 wrote it.
OLD: dict[str, Any] = {
    "schema_version": 1,
    "version": 1,
    "created": 1764400000.5,
    "who": "ada",
    "what": {
        "template": "Imported from {source}. Pictures: {count}",
        "values": {"source": "pets.zip", "count": 9},
    },
    "task": "multi_class",
    "pictures": 9,
    "class_names": ["cats", "dogs"],
    "skipped": [
        {
            "file": "cats/again.png",
            "reason": {"template": "it is the same picture as {other}", "values": {"other": "cats/1.png"}},
        },
        {"file": "notes.txt", "reason": {"template": "it lies in no class folder", "values": {}}},
    ],
    "split_seed": 7,
    "split": {"validation_fraction": 0.15, "test_fraction": 0.3, "seed": 7},
}


def write(folder: Path, values: dict[str, Any]) -> Path:
    file = version_file(folder, 1)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values), encoding="utf-8")
    return folder


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    write_record(version_file(tmp_path, 3), RECORD)
    assert read_version_record(tmp_path, 3) == RECORD
    header = read_version_header(tmp_path, 3)
    assert (header.edit, header.class_names, header.split) == (RECORD.edit, RECORD.class_names, RECORD.split)


def test_changes_are_read_as_they_were_written(tmp_path: Path) -> None:
    changes = ManifestChanges(base=2, label={"a1": "cats"}, split={"a1": "test"}, excluded={"b2": True})
    record = replace(RECORD, changes=changes, skipped=())
    (tmp_path / "versions").mkdir()
    write_record(version_file(tmp_path, 3), record)
    assert read_version_record(tmp_path, 3) == record
    assert read_version_header(tmp_path, 3).manifest_version == 2


def test_a_record_of_format_2_has_a_manifest(tmp_path: Path) -> None:
    """Format 2 knew no changes."""
    values = {name: value for name, value in RECORD.to_json().items() if name != "changes"}
    record = read_version_record(write(tmp_path, {"schema_version": 2, **values}), 1)
    assert record == RECORD
    assert record.manifest_version == RECORD.version


def test_a_record_of_an_older_version_is_read(tmp_path: Path) -> None:
    record = read_version_record(write(tmp_path, OLD), 1)
    assert record.edit == Edit(kind=EditKind.IMPORTED, values={"source": "pets.zip", "count": 9})
    assert [item.reason.code for item in record.skipped] == [SkipReason.DUPLICATE, SkipReason.NO_CLASS_FOLDER]
    assert record.split == SplitConfig(test_fraction=0.3, seed=7)
    assert (record.created, record.who, record.pictures) == (1764400000.5, "ada", 9)
    assert read_version_header(tmp_path, 1).edit == record.edit


def test_the_oldest_records_have_neither_a_time_nor_a_source(tmp_path: Path) -> None:
    oldest = {"schema_version": 1, "version": 1, "class_names": ["a", "b"], "skipped": [], "what": "import"}
    record = read_version_record(write(tmp_path, oldest), 1)
    assert str(record.edit) == "Imported"
    assert (record.created, record.who, record.task) == (None, "", Task.MULTI_CLASS)


def test_an_unknown_old_sentence_stays_as_text(tmp_path: Path) -> None:
    what = {"template": "Painted {count} pictures", "values": {"count": 2}}
    record = read_version_record(write(tmp_path, OLD | {"what": what}), 1)
    assert record.edit.kind is EditKind.OTHER
    assert str(record.edit) == "Painted 2 pictures"


@pytest.mark.parametrize(
    "changed",
    [
        {"edit": {"kind": "painted", "values": {}}},
        {"skipped": [{"file": "a.png", "reason": {"code": "eaten", "values": {}}}]},
        {"palette": ["red"]},
    ],
    ids=["edit", "reason", "key"],
)
def test_what_only_a_newer_version_knows_names_that_version(tmp_path: Path, changed: dict[str, Any]) -> None:
    header = {"schema_version": RECORD.schema_version, "darkroom_version": "9.9"}
    with pytest.raises(SchemaVersionError, match=r"was written by Darkroom 9\.9"):
        read_version_record(write(tmp_path, header | RECORD.to_json() | changed), 1)


def test_a_newer_format_names_the_version_that_wrote_it(tmp_path: Path) -> None:
    header = {"schema_version": RECORD.schema_version + 1, "darkroom_version": "9.9"}
    with pytest.raises(SchemaVersionError, match=r"was written by Darkroom 9\.9"):
        read_version_header(write(tmp_path, header | RECORD.to_json()), 1)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 1}'])
def test_half_a_record_is_said_to_be_damaged(tmp_path: Path, text: str) -> None:
    version_file(write(tmp_path, {}), 1).write_text(text, encoding="utf-8")
    with pytest.raises(DamagedFileError, match=r"0001\.json is damaged"):
        read_version_record(tmp_path, 1)


def test_an_unknown_code_of_this_version_is_damage(tmp_path: Path) -> None:
    header = {"schema_version": RECORD.schema_version, "darkroom_version": __version__}
    values = header | RECORD.to_json() | {"edit": {"kind": "painted", "values": {}}}
    with pytest.raises(DamagedFileError, match="“painted”"):
        read_version_record(write(tmp_path, values), 1)
