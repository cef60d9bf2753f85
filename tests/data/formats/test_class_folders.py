"""Class folders as tools write them: pictures without a label, and pictures with several."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.formats import read, source
from tests.support.pictures import digit


@pytest.mark.parametrize("folder", ["_unlabeled", "no_label"])
def test_the_folder_of_unlabelled_pictures_is_no_class(tmp_path: Path, folder: str) -> None:
    result = read(source(tmp_path, ["cat/a.png", "dog/b.png", f"{folder}/c.png"], {}))
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": ""}
    assert result.notes == {"blank_labels": 1}
    assert result.understanding.doubts == ()


def test_one_picture_in_two_class_folders_asks_whether_it_has_both_labels(tmp_path: Path) -> None:
    files = {"cat/a.png": digit(1), "red/a.png": digit(1)}
    result = read(source(tmp_path, ["dog/b.png", "red/c.png"], files), confirmed=True)
    assert [doubt.kind.value for doubt in result.understanding.doubts] == ["several_labels"]
    assert (
        str(result.understanding.doubts[0].message) == "Some pictures have several labels, such as cat; red."
    )


def test_other_pictures_of_one_name_are_no_copies(tmp_path: Path) -> None:
    result = read(source(tmp_path, ["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"], {}))
    assert result.understanding.doubts == ()


@pytest.mark.parametrize("part", ["val", "valid", "validation"])
def test_yolo_classification_folders_keep_their_parts(tmp_path: Path, part: str) -> None:
    pictures = ["train/cat/a.png", "train/dog/b.png", f"{part}/cat/c.png", "test/dog/d.png"]
    result = read(source(tmp_path, pictures, {}))
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "cat", "d.png": "dog"}
    assert result.splits == {"a.png": "train", "b.png": "train", "c.png": "validation", "d.png": "test"}
