"""Add section: added pictures, skipped files and failed additions."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.editing.labels import exclude
from core.data.importing import create_project, import_dataset
from core.data.labels.layout import Split
from core.jobs.directory import list_jobs
from core.jobs.status import JobState
from core.runs.control import wait_for
from core.workspace import Project, jobs_folder
from pages.ui import state
from pages.ui.components import camera
from pages.ui.data.sources.choosing import Kind
from tests.support.page_queries import said
from tests.support.pictures import class_folders, digit, encoded, small_photograph, write_folder

OpenPage = Callable[..., AppTest]


@pytest.fixture
def pets(tmp_path: Path) -> Project:
    source = write_folder(tmp_path / "pets", class_folders({"cats": 20, "dogs": 20}))
    return import_dataset(source, "Pets").project


def opened(open_page: OpenPage, project: Project) -> AppTest:
    return open_page("data", project=project.name, section="add")


def choose(app: AppTest, project: Project, kind: Kind) -> AppTest:
    pills: Any = next(group for group in app.get("button_group") if group.key == f"add-kind-{project.name}")
    app = pills.set_value(kind).run()
    assert not app.exception
    return app


def test_excluded_pictures_are_not_among_those_so_far(open_page: OpenPage, pets: Project) -> None:
    """The Overview counts as the Data page does."""
    exclude(pets, open_dataset(pets).pictures["id"].iloc[:2].tolist())
    assert "Pictures so far: cats 18 · dogs 20" in said(opened(open_page, pets))
    assert "38 pictures · 2 classes" in said(open_page())


def test_single_files_join_a_class(open_page: OpenPage) -> None:
    project = create_project("Leaves", ["oak", "maple"])
    app = opened(open_page, project)
    app.selectbox(key="add-class-Leaves").set_value("maple")
    files = [(f"{number}.png", digit(number), "image/png") for number in range(3)]
    app.file_uploader[0].set_value(files).run()
    assert app.button(key="add-files").label == "Add 3 pictures"
    app.button(key="add-files").click().run()
    assert not app.exception
    pictures = open_dataset(project).all_pictures
    assert pictures["label"].tolist() == ["maple"] * 3
    assert app.file_uploader[0].value == []
    assert app.selectbox(key="add-class-Leaves").value == "maple"
    app.button(key="undo").click().run()
    assert open_dataset(project).all_pictures.empty


def test_known_pictures_and_unreadable_files_are_reported(open_page: OpenPage, pets: Project) -> None:
    dataset = open_dataset(pets)
    row = dataset.rows(Split.TEST)[0]
    like_a_test_picture = dataset.picture_bytes(row) + b"\0"
    app = opened(open_page, pets)
    app.selectbox(key="add-class-Pets").set_value(dataset.pictures["label"].iloc[row]).run()
    files = [("new.png", digit(100)), ("again.png", dataset.picture_bytes(row))]
    files += [("broken.png", b"no picture"), ("like.png", like_a_test_picture)]
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files]).run()
    app.button(key="add-files").click().run()
    assert "**2 pictures added**" in said(app)
    assert "1 was here already" in said(app)
    assert "1 looks almost like a test picture" in said(app)
    assert app.dataframe[0].value["file"].tolist() == ["broken.png"]


def test_an_addition_of_known_files_only_says_so(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    app.file_uploader[0].set_value([("again.png", digit(0), "image/png")]).run()
    app.button(key="add-files").click().run()
    assert "Nothing was added" in app.error[0].value
    assert len(open_dataset(pets).all_pictures) == 40


def test_pictures_from_the_camera_join_the_class_and_a_burst_stays_together(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AppTest draws no camera; the page gets the message that one would send."""
    project = create_project("Leaves", ["oak"])
    shots = [encoded(small_photograph(name), "JPEG") for name in ("china", "flower", "chelsea")]
    sent = [
        {"jpeg": base64.b64encode(shot).decode(), "burst": 0 if number < 2 else 1}
        for number, shot in enumerate(shots)
    ]

    def taken(*, key: str, class_name: str) -> camera.CameraCatch | None:
        assert class_name == "oak"
        message = {"serial": 1, "session": "s", "pictures": sent}
        return camera.read_catch(message, key=key, session="s", answered=state.handled_serial(key))

    monkeypatch.setattr("pages.ui.data.sources.additions.camera", taken)
    app = choose(opened(open_page, project), project, Kind.CAMERA)
    pictures = open_dataset(project).all_pictures
    assert pictures["label"].tolist() == ["oak"] * 3
    assert pictures.groupby("group").size().tolist() in ([1, 2], [2, 1])
    app.run()
    assert len(open_dataset(project).all_pictures) == 3


def test_an_added_zip_joins_the_project_and_its_pictures_are_linked(
    open_page: OpenPage, pets: Project
) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in class_folders({"dogs": 4, "apes": 5}, start=100).items():
            archive.writestr(name, data)
        archive.writestr("cats/again.png", digit(0))
    app = choose(opened(open_page, pets), pets, Kind.ARCHIVE)
    app.file_uploader[0].upload("more.zip", stream.getvalue()).run()
    app.button(key="add-source").click().run()
    assert wait_for(list_jobs(jobs_folder())[0]) is JobState.FINISHED
    app.run()
    assert not app.exception
    assert "**9 pictures added**: apes 5, dogs 4." in said(app)
    assert "1 was here already" in said(app)
    assert open_dataset(pets).counts() == {"apes": 5, "cats": 20, "dogs": 24}
    app.button(key="undo").click().run()
    assert open_dataset(pets).counts() == {"cats": 20, "dogs": 20}
    assert "pictures added" not in said(app)


def test_a_failed_addition_shows_its_reason_and_a_remedy(open_page: OpenPage, pets: Project) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(100, 104):
            archive.writestr(f"{number}.png", digit(number))
    app = choose(opened(open_page, pets), pets, Kind.ARCHIVE)
    app.file_uploader[0].upload("loose.zip", stream.getvalue()).run()
    app.button(key="add-source").click().run()
    assert wait_for(list_jobs(jobs_folder())[0]) is JobState.FAILED
    app.run()
    assert "it is not in a class folder" in app.error[0].value
    app.button(key="label-later").click().run()
    assert wait_for(list_jobs(jobs_folder())[0]) is JobState.FINISHED
    app.run()
    assert (open_dataset(pets).all_pictures["label"] == "").sum() == 4
    app.button(key="added-label").click().run()
    assert app.query_params["section"] == "label"
