"""Summaries of additions: new pictures, duplicates and files left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.additions import what_was_added
from core.data.dataset import open_dataset
from core.data.editing.labels import relabel
from core.data.editing.versions import restore_version
from core.data.importing import add_pictures, add_to_class, import_dataset
from core.data.labels.layout import Split
from core.workspace import Project
from tests.support.pictures import class_folders, digit, write_folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    source = write_folder(tmp_path / "first", class_folders({"cats": 10, "dogs": 10}))
    return import_dataset(source, "Pets").project


def test_a_summary_separates_new_pictures_duplicates_and_other_files(
    project: Project, tmp_path: Path
) -> None:
    more = class_folders({"dogs": 4, "apes": 3}, start=100)
    more |= {"cats/again.png": digit(0), "dogs/twice.png": digit(100), "dogs/broken.png": b"no picture"}
    add_pictures(project, write_folder(tmp_path / "more", more))
    addition = what_was_added(project, 2)
    assert addition is not None
    assert addition.labels == {"apes": 3, "dogs": 4}
    assert {file.file for file in addition.duplicates} == {"cats/again.png", "dogs/twice.png"}
    assert [file.file for file in addition.left_out] == ["dogs/broken.png"]
    assert addition.excluded == 0
    assert addition.needs_summary


def test_a_picture_like_one_to_test_with_is_counted_as_excluded(project: Project) -> None:
    """The same pixels in another file would be learnt and tested with."""
    dataset = open_dataset(project)
    row = dataset.rows(Split.TEST)[0]
    label = dataset.pictures["label"].iloc[row]
    add_to_class(project, label, [("copy.png", dataset.picture_bytes(row) + b"\0")])
    addition = what_was_added(project, 2)
    assert addition is not None
    assert (addition.count, addition.excluded) == (1, 1)


def test_an_addition_to_one_class_needs_no_summary(project: Project) -> None:
    add_to_class(project, "dogs", [("a.png", digit(200))])
    addition = what_was_added(project, 2)
    assert addition is not None
    assert not addition.needs_summary


def test_files_left_out_earlier_are_not_repeated(project: Project) -> None:
    add_to_class(project, "cats", [("broken.png", b"no picture"), ("a.png", digit(200))])
    add_to_class(project, "", [("b.png", digit(201))])
    addition = what_was_added(project, 3)
    assert addition is not None
    assert addition.labels == {"": 1}
    assert addition.left_out == ()


def test_other_changes_are_no_additions(project: Project) -> None:
    relabel(project, open_dataset(project).pictures["id"][:1], "apes")
    assert what_was_added(project, 1) is None
    assert what_was_added(project, 2) is None
    restore_version(project, 1)
    assert what_was_added(project, 3) is None
