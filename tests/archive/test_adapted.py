"""Adapted backbones travel with their project."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.archive.files import project_files
from core.archive.reading import restore_archive
from core.archive.records import SaveRequest
from core.archive.writing import write_archive
from core.data.importing import import_dataset
from core.errors import ConfigError
from core.files import read_json, write_json
from core.models.adapted import adapted_keys
from core.models.backbones import backbones_of, get_backbone
from core.progress import QuietProgress
from core.workspace import Project, get_project
from tests.support.adapted import adapted_backbone
from tests.support.pictures import class_folders, write_folder


@pytest.fixture
def few(tmp_path: Path) -> Project:
    return import_dataset(write_folder(tmp_path / "s", class_folders({"a": 7, "b": 6})), "Few").project


def test_an_adapted_backbone_is_there_where_its_project_is_opened(
    few: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = adapted_backbone(few)
    (few.adaptations / "adaptation-1" / "activations").mkdir()
    (few.adaptations / "adaptation-1" / "activations" / "a.npy").write_bytes(b"computed again")
    names = {file.name for file in project_files(few, SaveRequest())}
    assert f"adaptations/adaptation-1/{key}.npz" in names
    assert not any("activations" in name for name in names)
    write_archive(few, SaveRequest(), tmp_path / "few.zip", QuietProgress())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path / "elsewhere"))
    restored = restore_archive(tmp_path / "few.zip", "Copy", QuietProgress())
    assert adapted_keys(get_project(restored.project)) == [key]
    assert get_backbone(key).parent == "efficientnet_lite0"


def test_a_forged_record_names_no_backbone(few: Project) -> None:
    """It could name itself as its parent, or other weights than its key."""
    key = adapted_backbone(few)
    record = few.adaptations / "adaptation-1" / f"{key}.json"
    write_json(record, read_json(record) | {"parent": key})
    with pytest.raises(ConfigError, match="There is no backbone called"):
        get_backbone(key)
    assert backbones_of(few) == []
