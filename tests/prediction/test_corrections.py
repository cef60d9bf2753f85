"""Corrected answers become labelled pictures of a new version, which says where they come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.dataset import open_dataset
from core.data.editing.labels import relabel
from core.data.history import list_versions
from core.data.importing import add_to_class, import_dataset
from core.data.labels.layout import Split
from core.data.version_record import EditKind
from core.errors import DataError
from core.files import sha256_bytes
from core.prediction.corrections import AnsweredFile, correct
from core.prediction.doubts import Doubt
from core.prediction.queue.store import QueuedPicture, put, queued_pictures
from core.workspace import Project
from tests.support.pictures import digit, write_folder
from tests.support.trained import real_digits

NEW = [digit(number) for number in range(1000, 1008)]


@pytest.fixture
def project(workspace: Path, tmp_path: Path) -> Project:
    return import_dataset(write_folder(tmp_path / "digits", real_digits()), "Digits").project


def answered(number: int, answer: str = "3") -> AnsweredFile:
    return AnsweredFile(name=f"new/{number}.png", data=NEW[number], run="run-1", answer=answer)


def test_corrections_join_train_and_validation_and_leave_the_test_set_alone(project: Project) -> None:
    before = open_dataset(project)
    after = correct(project, "5", [answered(number) for number in range(8)])
    new = after.all_pictures[~after.all_pictures["id"].isin(before.all_pictures["id"])]
    assert len(new) == 8
    assert set(new["label"]) == {"5"}
    assert Split.TEST.value not in set(new.loc[~new["excluded"], "split"])
    test = before.all_pictures["split"] == Split.TEST.value
    assert set(before.all_pictures.loc[test, "id"]) == set(
        after.all_pictures.loc[after.all_pictures["split"] == Split.TEST.value, "id"]
    )


def test_the_history_names_the_run_and_its_answers(project: Project) -> None:
    correct(project, "8", [answered(0), answered(1, "5"), answered(2)])
    newest = list_versions(project)[0]
    assert newest.edit.kind is EditKind.CORRECTED
    assert newest.edit.values == {"label": "8", "run": "run-1", "answers": "3, 5", "count": 3}
    assert "run-1/5/1.png" in set(open_dataset(project).all_pictures["name"])


def test_a_new_class_is_made(project: Project) -> None:
    assert "tree" in correct(project, "tree", [answered(0)]).all_class_names


def test_the_queue_forgets_a_corrected_picture(project: Project) -> None:
    sha256 = sha256_bytes(NEW[0])
    picture = QueuedPicture(
        sha256=sha256, name="0.png", run="run-1", doubt=Doubt.UNSURE, answer="3", confidence=0.5
    )
    put(project, picture, NEW[0], None)
    correct(project, "5", [answered(0)])
    assert queued_pictures(project) == []


def test_a_picture_of_the_project_with_another_label_is_refused_by_name(project: Project) -> None:
    """Two rows of one picture with two labels would teach both."""
    add_to_class(project, "8", [("known.png", NEW[3])])
    version = open_dataset(project).version
    with pytest.raises(DataError, match=r"new/3\.png.*“8”.*Data page"):
        correct(project, "5", [answered(2), answered(3)])
    assert open_dataset(project).version == version


def test_an_unlabelled_picture_of_the_project_gets_the_label(project: Project) -> None:
    dataset = open_dataset(project)
    first = dataset.all_pictures.iloc[0]
    relabel(project, [first["id"]], "")
    data = dataset.image_path(0).read_bytes()
    after = correct(project, "8", [AnsweredFile(name="a.png", data=data, run="run-1", answer="3")])
    assert after.all_pictures.set_index("id").loc[first["id"], "label"] == "8"
    assert len(after.all_pictures) == len(dataset.all_pictures)


def test_a_file_that_is_no_picture_changes_nothing(project: Project) -> None:
    version = open_dataset(project).version
    with pytest.raises(DataError):
        correct(project, "5", [AnsweredFile(name="a.png", data=b"no picture", run="run-1", answer="3")])
    assert open_dataset(project).version == version
