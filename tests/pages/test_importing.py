"""New projects: sources, reading options, failed imports and their remedies."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.formats.table import FORMATS
from core.data.import_config import ImportRequest
from core.data.sources.server_folders import FOLDERS_VARIABLE
from core.data.version_record import version_file
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.runs.control import wait_for
from core.workspace import get_project, jobs_folder, list_projects
from pages.ui.data.sources.choosing import Kind, Source, suggested_name
from tests.support.pictures import Files, class_folders, digit, write_folder

OpenPage = Callable[..., AppTest]


def zipped(files: Files) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def choose(app: AppTest, kind: Kind) -> AppTest:
    """Choose the kind of source."""
    pills: Any = next(group for group in app.get("button_group") if group.key == "import-kind")
    app = pills.set_value(kind).run()
    assert not app.exception
    return app


def imported(app: AppTest, state: JobState = JobState.FINISHED) -> AppTest:
    """The page once the import that it follows has ended."""
    assert wait_for(newest_import()) is state
    app.run()
    assert not app.exception
    return app


def newest_import() -> JobDirectory:
    return list_jobs(jobs_folder())[0]


@pytest.mark.parametrize(
    ("file", "name"),
    [("leaves.zip", "leaves"), ("leaves.tar.gz", "leaves"), ("my.leaves", "my.leaves"), ("a.b.tgz", "a.b")],
)
def test_a_project_takes_the_name_of_its_file_by_default(file: str, name: str) -> None:
    assert suggested_name(Source(name=file)) == name


def test_a_project_can_start_with_class_names_only(open_page: OpenPage) -> None:
    """Pictures can come from the camera later."""
    app = choose(open_page(), Kind.EMPTY)
    app.text_input(key="new-name").set_value("Leaves")
    app.text_area[0].set_value("oak\n\n  maple  \n").run()
    app.button(key="start-empty").click().run()
    assert open_dataset(get_project("Leaves")).all_class_names == ("oak", "maple")
    assert app.title[0].value == "Data"
    assert app.selectbox(key="add-class-Leaves").options == ["oak", "maple"]


def test_ambiguous_class_names_are_refused_and_the_text_stays(open_page: OpenPage) -> None:
    app = choose(open_page(), Kind.EMPTY)
    app.text_input(key="new-name").set_value("Leaves")
    app.text_area[0].set_value("oak\nOak").run()
    app.button(key="start-empty").click().run()
    assert "already a class called" in app.error[0].value
    assert (app.text_input(key="new-name").value, app.text_area[0].value) == ("Leaves", "oak\nOak")
    assert list_projects() == []


def test_an_import_without_class_folders_can_continue_without_labels(open_page: OpenPage) -> None:
    """The most common first import: a zip with one folder of photographs."""
    app = open_page()
    holiday = {f"holiday/{number}.png": digit(number) for number in range(6)}
    app.file_uploader[0].upload("holiday.zip", zipped(holiday)).run()
    app.button(key="import").click().run()
    imported(app, JobState.FAILED)
    assert "Only one class was found" in app.error[0].value
    app.button(key="label-later").click().run()
    imported(app)
    assert open_dataset(get_project("holiday")).all_pictures["label"].tolist() == [""] * 6
    assert app.query_params["section"] == "label"


def test_a_failed_import_keeps_the_name_but_not_the_bytes(open_page: OpenPage) -> None:
    app = open_page()
    app.file_uploader[0].upload("a.zip", b"this is no zip")
    app.text_input(key="new-name").set_value("My leaves").run()
    app.button(key="import").click().run()
    imported(app, JobState.FAILED)
    assert app.text_input(key="new-name").value == "My leaves"
    assert app.file_uploader[0].value == []


def test_the_chosen_split_is_applied(open_page: OpenPage) -> None:
    app = open_page()
    pets = class_folders({"cats": 20, "dogs": 20})
    app.file_uploader[0].upload("pets.tar.zip", zipped(pets))
    app.number_input(key="import-0-test").set_value(30)
    app.number_input(key="import-0-seed").set_value(7).run()
    app.button(key="import").click().run()
    imported(app)
    (project,) = list_projects()
    record = read_json(version_file(project.dataset, 1))
    assert record["split"] == {"validation_fraction": 0.15, "test_fraction": 0.3, "seed": 7}
    assert (open_dataset(project).pictures["split"] == "test").sum() == 12


def test_a_new_format_is_offered(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding a row to the table is enough."""
    monkeypatch.setitem(FORMATS, "tarot", replace(FORMATS["folders"], name="tarot", label="The cards"))
    assert "The cards" in open_page().radio(key="import-0-format").options


def test_classes_can_come_from_a_table(open_page: OpenPage) -> None:
    """One folder of files and a label table."""
    rows = [f"{number};{'even' if number % 2 == 0 else 'odd'};{'xyz'[number % 3]}" for number in range(12)]
    table = "\n".join(["picture;parity;rest", *rows]).encode()
    app = open_page()
    app.file_uploader[0].upload("digits.zip", zipped({f"{n}.png": digit(n) for n in range(12)}))
    app.radio(key="import-0-format").set_value("table").run()
    assert app.button(key="import").disabled
    app.file_uploader[1].upload("labels.csv", table).run()
    assert "12 rows. Columns: picture, parity, rest" in [caption.value for caption in app.caption]
    app.checkbox(key="import-0-columns").check().run()
    app.selectbox(key="import-0-column-label").set_value("rest").run()
    app.button(key="import").click().run()
    imported(app)
    assert open_dataset(get_project("digits")).counts() == {"x": 4, "y": 4, "z": 4}


def test_a_column_of_a_table_among_the_pictures_can_be_named(open_page: OpenPage) -> None:
    """As with the command line's --label-column."""
    rows = [f"{number}.png,{'xyz'[number % 3]},{'north' if number < 6 else 'south'}" for number in range(12)]
    table = "\n".join(["file,label,site", *rows]).encode()
    app = open_page()
    pictures = {f"{number}.png": digit(number) for number in range(12)}
    app.file_uploader[0].upload("digits.zip", zipped({**pictures, "labels.csv": table}))
    app.radio(key="import-0-format").set_value("table_inside").run()
    app.text_input(key="import-0-label-column").set_value("site").run()
    app.button(key="import").click().run()
    imported(app)
    assert open_dataset(get_project("digits")).counts() == {"north": 6, "south": 6}


def test_a_table_that_cannot_be_read_is_refused_before_the_import(open_page: OpenPage) -> None:
    app = open_page()
    app.file_uploader[0].upload("digits.zip", zipped({"0.png": digit(0)}))
    app.radio(key="import-0-format").set_value("table").run()
    app.file_uploader[1].upload("labels.xlsx", b"no workbook").run()
    assert "cannot be read as an Excel file" in app.error[0].value
    assert app.button(key="import").disabled


def test_an_interrupted_import_can_be_resumed(open_page: OpenPage, tmp_path: Path) -> None:
    """The uploaded files are used again."""
    source = tmp_path / "pets.zip"
    source.write_bytes(zipped(class_folders({"cats": 20, "dogs": 20})))
    record = {"project": "Pets", "source": str(source), "sample": None, "add": False, "merge_case": True}
    job = JobDirectory.create(jobs_folder() / "import-1", JobKind.IMPORT, record)
    write_json(job.path / "process.json", {"pid": 2**22 + 1, "started": 0.0})  # above every real pid
    write_json(job.path / "status.json", {"state": "running", "seconds": {}})
    app = open_page()
    app.session_state["job"] = str(job.path)
    app.run()
    assert "was interrupted" in app.warning[0].value
    app.button(key="import-again").click().run()
    again = next(job for job in list_jobs(jobs_folder()) if job.name != "import-1")
    assert wait_for(again) is JobState.FINISHED
    assert ImportRequest.from_json(again.config()).settings.merge_case
    assert len(open_dataset(get_project("Pets")).pictures) == 40


def test_labels_can_be_chosen_beside_the_archive(open_page: OpenPage) -> None:
    """Many tools export the labels as a file of their own."""
    rows = [f"{number}.png,{'even' if number % 2 == 0 else 'odd'}" for number in range(12)]
    table = "\n".join(["file,label", *rows]).encode()
    app = open_page()
    app.file_uploader[0].upload("labels.csv", table)
    app.file_uploader[0].upload("digits.zip", zipped({f"{n}.png": digit(n) for n in range(12)})).run()
    assert app.text_input(key="new-name").placeholder == "digits"
    app.button(key="import").click().run()
    imported(app)
    assert open_dataset(get_project("digits")).counts() == {"even": 6, "odd": 6}
    assert list(jobs_folder().rglob("*.zip")) == []


def test_the_range_of_deep_pictures_can_be_chosen(open_page: OpenPage) -> None:
    app = open_page()
    app.file_uploader[0].upload("a.zip", zipped(class_folders({"a": 4, "b": 4})))
    app.selectbox(key="import-0-pixel-range").set_value("ct_lung").run()
    app.button(key="import").click().run()
    imported(app)
    assert ImportRequest.from_json(newest_import().config()).settings.pixel_range == (-1350, 150)


def test_a_format_can_be_named(open_page: OpenPage) -> None:
    """Someone who knows what the file is need not wait for a guess."""
    app = open_page()
    app.file_uploader[0].upload("pets.zip", zipped(class_folders({"train": 4, "test": 3})))
    app.radio(key="import-0-format").set_value("other").run()
    named = app.selectbox(key="import-0-other-format")
    assert "Label Studio" in named.options
    assert app.button(key="import").disabled
    named.set_value("coco").run()
    assert not app.button(key="import").disabled
    app.button(key="import").click().run()
    imported(app, JobState.FAILED)
    assert ImportRequest.from_json(newest_import().config()).settings.format == "coco"


@pytest.fixture
def server_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_folder(tmp_path / "shared", class_folders({"pets/cats": 5, "pets/dogs": 5}))
    monkeypatch.setenv(FOLDERS_VARIABLE, str(folder))
    return folder.resolve()


def test_a_server_folder_can_be_browsed_and_imported_in_place(
    open_page: OpenPage, server_folder: Path
) -> None:
    app = choose(open_page(), Kind.FOLDER)
    go_to = next(box for box in app.selectbox if box.label == "Go to")
    assert go_to.options == ["pets"]
    app = go_to.set_value(server_folder / "pets").run()
    assert "cats, dogs" in "".join(caption.value for caption in app.caption)
    app.radio[0].set_value(True).run()
    assert app.text_input(key="new-name").placeholder == "pets"
    app.button(key="import").click().run()
    imported(app)
    locations = open_dataset(get_project("pets")).pictures["location"]
    assert set(locations) == {str(path) for path in server_folder.rglob("*.png")}
    assert all(path.exists() for path in server_folder.rglob("*.png"))


def test_a_folder_that_is_not_allowed_cannot_be_typed(open_page: OpenPage, server_folder: Path) -> None:
    app = choose(open_page(), Kind.FOLDER)
    app.text_input[0].set_value("/etc").run()
    assert "is outside the allowed folders" in app.error[0].value
    assert app.button(key="import").disabled


def test_without_allowed_folders_the_page_says_how_to_allow_one(open_page: OpenPage) -> None:
    app = choose(open_page(), Kind.FOLDER)
    assert FOLDERS_VARIABLE in app.code[0].value
    assert app.button(key="import").disabled
