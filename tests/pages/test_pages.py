"""Every page in every state it can be in, under AppTest."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.importing import import_dataset
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.status import JobState
from core.models.augmentation import AugmentationConfig
from core.runs.control import wait_for
from core.workspace import (
    Project,
    get_project,
    jobs_folder,
    list_projects,
    project_settings,
    remember_setting,
)
from tests.support.page_queries import shown as tiles_shown
from tests.support.sent_pictures import send_pictures

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]
STEPS = ("data", "augment", "model", "train", "evaluate", "predict", "export")


def elements(app: AppTest, kind: str) -> list[Any]:
    """The elements of a kind in the page's main part."""
    return list(app.main.get(kind))


def texts(app: AppTest) -> str:
    """Every sentence on the page, whatever element it stands in."""
    kinds = ("markdown", "caption", "info", "warning", "error", "success", "title", "header", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in elements(app, kind))


def newest_job() -> JobDirectory:
    """The newest job that belongs to no project: an import or a download."""
    return list_jobs(jobs_folder())[0]


def png(shade: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (20, 10), (shade, shade, shade)).save(stream, "PNG")
    return stream.getvalue()


def test_an_empty_workspace_offers_an_import_and_the_sample(open_page: OpenPage) -> None:
    """The first page of a new user shows the next action."""
    app = open_page()
    assert app.title[0].value == "Turn pictures into a classifier"
    assert app.button(key="import").disabled
    assert not app.button(key="sample-digits").disabled


@pytest.mark.parametrize("step", STEPS)
def test_every_page_without_a_project_links_to_the_overview(open_page: OpenPage, step: str) -> None:
    """An empty page links to the missing step."""
    app = open_page(step)
    if step == "data":
        assert not app.button(key="sample-digits").disabled
    else:
        assert "Every step starts with a project" in texts(app)
        assert [link.label for link in elements(app, "page_link")] == ["Choose or make a project"]


@pytest.mark.parametrize("step", STEPS)
def test_every_page_opens_with_an_untrained_project(open_page: OpenPage, project: Project, step: str) -> None:
    app = open_page(step)
    if step in {"evaluate", "predict", "export"}:
        assert "There is no trained classifier yet." in texts(app)
        assert [link.label for link in elements(app, "page_link")] == ["Train one"]


def test_one_button_imports_and_opens_the_sample(open_page: OpenPage) -> None:
    """The whole of 1,797 digits, by a real worker."""
    app = open_page()
    app.button(key="sample-digits").click().run()
    assert wait_for(newest_job()) is JobState.FINISHED
    app.run()
    assert app.title[0].value == "Data"
    assert {metric.label: metric.value for metric in app.metric}["Pictures"] == "1,797"


def test_a_failed_import_shows_its_reason(open_page: OpenPage) -> None:
    app = open_page()
    app.file_uploader[0].upload("leaves.zip", b"this is no zip").run()
    assert app.text_input(key="new-name").placeholder == "leaves"
    app.button(key="import").click().run()
    assert wait_for(newest_job()) is JobState.FAILED
    app.run()
    assert "is not a zip or tar file" in app.error[0].value
    assert list_projects() == []


def test_classes_that_differ_in_capitals_can_be_imported_as_one(
    open_page: OpenPage, digits_folder: Path, tmp_path: Path
) -> None:
    """The error shows the button with the remedy."""
    source = tmp_path / "animals.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for digit, label in (("0", "Cat"), ("1", "cat"), ("2", "dog")):
            for picture in sorted((digits_folder / digit).iterdir()):
                archive.write(picture, f"{label}/{picture.name}")
    app = open_page()
    app.file_uploader[0].upload(source.name, source.read_bytes()).run()
    app.button(key="import").click().run()
    assert wait_for(newest_job()) is JobState.FAILED
    app.run()
    assert "differ only in capital letters" in app.error[0].value
    app.button(key="merge").click().run()
    assert wait_for(newest_job()) is JobState.FINISHED
    app.run()
    assert {metric.label: metric.value for metric in app.metric}["Classes"] == "2"


def test_the_data_page_lists_skipped_files(open_page: OpenPage, workspace: Path, digits_folder: Path) -> None:
    broken = digits_folder / "0" / "broken.png"
    broken.write_bytes(b"no picture")
    try:
        import_dataset(digits_folder, "With a broken one")
    finally:
        broken.unlink()
    app = open_page("data")
    assert {metric.label: metric.value for metric in app.metric}["Left out"] == "1"
    table = app.dataframe[0].value
    assert table["file"].tolist() == ["0/broken.png"]
    assert "not a picture" in table["why"][0]


def test_html_and_markdown_in_names_are_escaped(
    open_page: OpenPage, workspace: Path, digits_folder: Path, tmp_path: Path
) -> None:
    """A class called <script> must be a class called <script>."""
    source = tmp_path / "source"
    shutil.copytree(digits_folder / "0", source / "<script>alert(1)<")
    shutil.copytree(digits_folder / "1", source / "**bold** [x](http:")
    import_dataset(source, "Hostile")
    app = open_page("data")
    assert "<script>" not in texts(app)
    offered = [option for box in app.selectbox for option in box.options]
    assert any("<script>alert(1)<" in option for option in offered)


def test_a_preset_changes_the_preview_and_is_stored(open_page: OpenPage, project: Project) -> None:
    app = open_page("augment")
    before, after = (element.value for element in elements(app, "html"))
    assert before == after
    app.button(key="preset-strong").click().run()
    assert not app.exception
    before, after = (element.value for element in elements(app, "html"))
    assert before != after
    assert AugmentationConfig.from_json(dict(project_settings(project)["augmentation"])).rotation == 0.1  # type: ignore[call-overload]


def test_a_slider_shows_degrees_and_is_stored_as_a_fraction(open_page: OpenPage, project: Project) -> None:
    app = open_page("augment")
    app.slider(key="rotation-0").set_value(90).run()
    assert project_settings(project)["augmentation"]["rotation"] == 0.25  # type: ignore[index]


def test_another_draw_changes_the_copies(open_page: OpenPage, project: Project) -> None:
    remember_setting(project, "augmentation", AugmentationConfig(rotation=0.2).to_json())
    app = open_page("augment")
    first = elements(app, "html")[1].value
    app.button(key="draw-again").click().run()
    assert elements(app, "html")[1].value != first


def test_evaluation_shows_accuracy_beside_the_baseline(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """Six test pictures, one wrong: 5/6; always guessing one of three equal classes: 2/6."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate")
    shown = texts(app)
    assert "83.3% of the test pictures are right" in shown
    assert "33.3%" in shown
    table = app.dataframe[0].value
    assert table["name"].tolist() == ["0", "1", "2", "macro mean", "weighted mean"]
    assert table["recall"].tolist()[:3] == [50.0, 100.0, 100.0]
    assert table["precision"].tolist()[1] == pytest.approx(100 * 2 / 3)
    app = open_page("evaluate", section="mistakes")
    (mistake,) = tiles_shown(app, "mistakes-run-1-all")
    assert mistake["strong"] == "0 → 1"


def test_prediction_shows_each_picture_and_refuses_other_files(
    open_page: OpenPage, project: Project, make_run: MakeRun, deliver: Callable[..., None], tiny_tflite: Path
) -> None:
    deliver(make_run(project, "run-1", JobState.FINISHED, evaluated=True), tiny_tflite)
    files = {"dark.png": png(0), "bright.png": png(255), "notes.txt": b"no picture"}
    app = send_pictures(open_page("predict"), files)
    assert not app.exception
    shown = texts(app)
    assert "**0** · 99.8%" in shown
    assert "**2** · 99.8%" in shown
    assert "cannot be read" in app.error[0].value


def test_export_offers_the_proven_files_and_the_proof(
    open_page: OpenPage, project: Project, make_run: MakeRun, deliver: Callable[..., None], tiny_tflite: Path
) -> None:
    deliver(make_run(project, "run-1", JobState.FINISHED, evaluated=True), tiny_tflite)
    app = open_page("export")
    links = [element.proto.url for element in elements(app, "link_button")]
    # The first stands above the table, too.
    assert links == [
        f"/api/projects/Digits/runs/run-1/export/{kind}" for kind in ("bundle", "bundle", "tflite", "keras")
    ] + ["/api/docs"]
    assert "on 6 test pictures" in app.success[0].value


def test_a_run_without_delivered_files_cannot_be_exported(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    make_run(project, "run-1", JobState.STOPPED, evaluated=True)
    app = open_page("export")
    assert "was not completed" in app.warning[0].value
    assert not elements(app, "link_button")


def test_a_deep_link_opens_project_and_run(
    open_page: OpenPage, project: Project, digits_folder: Path, make_run: MakeRun
) -> None:
    import_dataset(digits_folder, "Another")
    make_run(project, "run-1", JobState.FAILED)
    make_run(project, "run-2", JobState.INTERRUPTED)
    app = open_page("train", project="Digits", run="run-1")
    assert app.selectbox(key="run-picker-run-1").value == "run-1"


def test_deleting_a_project_needs_a_second_press(open_page: OpenPage, project: Project) -> None:
    app = open_page()
    assert get_project("Digits")
    app.button(key="delete-for-good-Digits").click().run()
    assert list_projects() == []
    assert not app.exception


def test_the_pages_speak_chinese(open_page: OpenPage, project: Project) -> None:
    app = open_page("train", lang="zh_CN")
    assert app.title[0].value == "训练"
