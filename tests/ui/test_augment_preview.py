"""Pictures and labels in the preview of augmentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.dataset import open_dataset
from core.data.editing.labels import relabel
from core.data.importing import import_dataset
from pages.ui.augment.preview import preview_pictures
from tests.support.pictures import class_folders, write_folder


def test_the_labels_of_the_preview_follow_an_edit(tmp_path: Path, workspace: Path) -> None:
    """The digest of the pictures stays the same, so a cache by it would show the old label."""
    source = write_folder(tmp_path / "source", class_folders({"a": 8, "b": 8}))
    project = import_dataset(source, "Digits").project
    before = open_dataset(project)
    _, old = preview_pictures(before, 32)
    after = relabel(project, before.pictures["id"].head(4).tolist(), "b")
    assert after.digest == before.digest
    _, new = preview_pictures(after, 32)
    assert old.sum(axis=0).tolist() == [4, 4]
    assert not np.array_equal(old, new)
