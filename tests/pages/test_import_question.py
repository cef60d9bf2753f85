"""Imports of sources that can be misunderstood: the page shows what was understood, and asks."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import tests.support.containers as files
from core.data.containers.offers import MissingReader
from core.data.dataset import open_dataset
from core.data.import_config import ImportConfig
from core.data.question import QUESTION_FILE, read_question
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.status import JobState
from core.records import write_record
from core.runs.control import wait_for
from core.runs.start_imports import start_import
from core.workspace import Project, get_project, jobs_folder, list_projects
from pages.ui import optional_packages
from tests.data.images.test_bands import written
from tests.support.deep_pictures import png
from tests.support.pictures import Files, class_folders, digit, digit_scans, encoded

OpenPage = Callable[..., AppTest]
PARTS = class_folders({"train": 4, "test": 3})


def with_table(header: str = "file,label,site") -> Files:
    """Pictures in two folders, and a table that gives them other classes."""
    rows = [
        f"{number}.png,{'blue' if number % 2 else 'red'},{'north' if number < 3 else 'south'}"
        for number in range(8)
    ]
    pictures = {f"{'cat' if number < 4 else 'dog'}/{number}.png": digit(number) for number in range(8)}
    return {**pictures, "colours.csv": "\n".join([header, *rows]).encode()}


def with_lists() -> Files:
    """A table whose cells hold words between commas."""
    cells = ['"cat, dog"', "cat", "dog"]
    rows = [f"{number}.png,{cells[number % 3]}" for number in range(9)]
    pictures = {f"{number}.png": digit(number) for number in range(9)}
    return {**pictures, "labels.csv": "\n".join(["file,label", *rows]).encode()}


def two_annotators() -> Files:
    """A Label Studio export whose annotators disagree about one picture of eight."""
    rows = ["annotation_id,annotator,choice,created_at,id,image,lead_time,updated_at"]
    for number in range(8):
        label = "cat" if number % 2 else "dog"
        other = "cat" if number == 4 else label
        for who, choice in (("ann@x.org", label), ("bob@x.org", other)):
            image = f"/data/upload/1/{number:08x}-{number}.png"
            rows.append(f"{number},{who},{choice},2024-01-01,{number},{image},3.2,2024-01-01")
    pictures = {f"{number}.png": digit(number) for number in range(8)}
    return {**pictures, "result.csv": "\n".join(rows).encode()}


def with_boxes() -> Files:
    """Eight pictures with a cat and a dog each, in boxes of 20 × 20 pixels."""
    pictures = {f"{number}.png": encoded(drawing(number), "PNG") for number in range(8)}
    boxes = [
        {"image_id": number, "category_id": category, "bbox": [left, 10, 20, 20]}
        for number in range(8)
        for category, left in ((1, 10), (2, 50))
    ]
    labels = {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(8)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": boxes,
    }
    return {**pictures, "labels.json": json.dumps(labels).encode()}


def drawing(number: int) -> np.ndarray:
    """100 × 60 pixels with two scanned digits."""
    pixels = np.full((60, 100), 255, dtype=np.uint8)
    for column, left in enumerate((10, 50)):
        pixels[10:26, left : left + 16] = np.kron(
            digit_scans()[2 * number + column], np.ones((2, 2), np.uint8)
        )
    return pixels


def zipped(files: Files) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def ask(
    files: Files, project: str = "Pets", *, add: bool = False, config: ImportConfig | None = None
) -> JobDirectory:
    """Import a zip with these files, as the page does, in a real worker; it must ask."""
    job = start_import(project, upload=("pets.zip", io.BytesIO(zipped(files)).read), add=add, config=config)
    assert wait_for(job) is JobState.FAILED
    return job


def answered(app: AppTest, button: str, state: JobState = JobState.FINISHED) -> AppTest:
    """Press a button of the question, wait for the import and show what comes of it."""
    app.button(key=button).click().run()
    assert wait_for(list_jobs(jobs_folder())[0]) is state
    app.run()
    assert not app.exception
    return app


def labels(project: str = "Pets") -> dict[str, int]:
    counts = open_dataset(get_project(project)).all_pictures["label"].value_counts()
    return {str(label): int(count) for label, count in counts.items()}


def text(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.warning))


def test_a_question_shows_what_was_understood_after_a_refresh_too(open_page: OpenPage) -> None:
    """Nobody must upload five gigabytes again because a tab was closed."""
    ask(PARTS)
    app = open_page("data")
    assert app.subheader[0].value == "Is this right?"
    assert "These are usually parts of a split, not classes" in app.warning[0].value
    assert "**Read as** Class folders" in text(app)
    assert "**Classes** test 3 · train 4" in text(app)
    assert sum("png" in element.value for element in app.markdown) == 6
    assert [error.value for error in app.error] == []
    assert list_projects() == []


def test_a_source_is_imported_as_understood_once_it_is_confirmed(open_page: OpenPage) -> None:
    ask(PARTS)
    app = answered(open_page("data"), "confirm")
    assert labels() == {"train": 4, "test": 3}
    assert "**Read as** Class folders" in text(app)
    assert "2 classes" in text(app)
    app.button(key="close-report").click().run()
    assert "**Read as**" not in text(app)


def test_pictures_whose_folders_mean_nothing_are_labelled_here(open_page: OpenPage) -> None:
    ask(PARTS)
    app = answered(open_page("data"), "label-here")
    assert labels() == {"": 7}
    assert app.query_params["section"] == "label"


def test_a_cancelled_import_leaves_no_file_and_the_form_is_back(open_page: OpenPage) -> None:
    ask(PARTS)
    app = open_page("data")
    app.button(key="cancel-import").click().run()
    assert not app.exception
    assert list(jobs_folder().rglob("*.zip")) == []
    assert app.button(key="import").label == "Import pictures"


def test_a_table_can_win_over_the_folders(open_page: OpenPage) -> None:
    ask(with_table())
    app = open_page("data")
    assert "**Classes** cat 4 · dog 4" in text(app)
    assert "“blue”, “red”" in app.warning[0].value.replace("\\", "")
    answered(app, "read-as-table_inside")
    assert labels() == {"blue": 4, "red": 4}


def test_another_column_of_a_table_can_be_the_class(open_page: OpenPage) -> None:
    ask(with_table())
    app = open_page("data")
    classes = next(box for box in app.selectbox if box.label == "Classes")
    assert (classes.value, classes.options) == ("label", ["– recognised", "file", "label", "site"])
    classes.set_value("site").run()
    answered(app, "use-columns")
    assert labels() == {"south": 5, "north": 3}


def test_after_a_wrong_answer_the_question_stands_again(open_page: OpenPage) -> None:
    ask(PARTS)
    app = open_page("data")
    next(box for box in app.selectbox if box.label == "Format").set_value("coco").run()
    answered(app, "read-so", JobState.FAILED)
    assert len(app.error) == 1
    assert app.subheader[0].value == "Is this right?"
    answered(app, "confirm")
    assert labels() == {"train": 4, "test": 3}


def test_added_pictures_are_asked_about_as_well(open_page: OpenPage, project: Project) -> None:
    ask(class_folders({"train": 4, "test": 3}, start=900), "Digits", add=True)
    app = open_page("data", project="Digits", section="add")
    assert app.subheader[0].value == "Is this right?"
    answered(app, "label-here")
    dataset = open_dataset(project)
    assert dataset.version == 2
    assert int((dataset.all_pictures["label"] == "").sum()) == 7


@pytest.mark.parametrize("other", ["confirm", "cancel-import"])
def test_a_question_about_an_addition_is_not_one_about_a_new_project(
    open_page: OpenPage, project: Project, other: str
) -> None:
    ask(class_folders({"train": 4, "test": 3}, start=900), "Digits", add=True)
    app = open_page()
    assert other not in [button.key for button in app.button]


def test_the_report_and_the_history_have_the_notes(open_page: OpenPage) -> None:
    """Nothing that the labels say differently vanishes without a line."""
    disagree = "Pictures whose annotators disagree: 1."
    app = open_page()
    app.file_uploader[0].upload("pets.zip", zipped(two_annotators())).run()
    app = answered(app, "import")
    assert labels("pets") == {"cat": 4, "dog": 3, "": 1}
    assert "**Read as** Label Studio" in text(app)
    assert "2 classes, 1 without a label" in text(app)
    assert disagree in text(app)
    app = open_page("data", project="pets", section="history")
    assert disagree not in text(app)
    app.session_state["version-pets-1"] = True
    app.run()
    assert disagree in text(app)


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ("confirm", {"cat; dog": 3, "cat": 3, "dog": 3}),
        ("one-label", {"cat, dog": 3, "cat": 3, "dog": 3}),
    ],
)
def test_several_labels_or_one_is_the_users_to_say(
    open_page: OpenPage, button: str, expected: dict[str, int]
) -> None:
    """“cat, dog” may be two classes, or the name of one."""
    ask(with_lists())
    app = open_page("data")
    assert app.button(key="confirm").label == "Pictures may have several labels"
    answered(app, button)
    assert labels() == expected


def with_a_video() -> Files:
    """Pictures in two class folders, with a video of two seconds and a document of two pages."""
    return {
        **class_folders({"cat": 3, "dog": 3}),
        "cat/a.mp4": files.video([0, 40, 80, 120, 160, 200, 240, 250]),
        "dog/b.pdf": files.pdf(1, 2),
    }


def test_pages_and_frames_are_taken_with_one_press(open_page: OpenPage) -> None:
    ask(with_a_video())
    app = open_page("data")
    shown = [box.label.replace("\\", "") for box in app.checkbox]
    assert "Videos: 1. A frame every 1 s gives 2 pictures." in shown
    assert "PDF documents: 1, pages: 2. Each page becomes a picture." in shown
    answered(app, "confirm")
    assert labels() == {"cat": 5, "dog": 5}


def test_the_interval_is_chosen_and_a_kind_can_stay_out(open_page: OpenPage) -> None:
    ask(with_a_video())
    app = open_page("data")
    (seconds,) = [box for box in app.number_input if box.key and box.key.endswith("-seconds")]
    seconds.set_value(0.5).run()
    (frames, pages) = [box for box in app.checkbox if box.key and box.key.startswith("offer-")][::-1]
    assert frames.label.replace("\\", "") == "Videos: 1. A frame every 0.5 s gives 4 pictures."
    pages.uncheck().run()
    answered(app, "confirm")
    assert labels() == {"cat": 7, "dog": 3}


def test_a_missing_reader_is_installed_with_one_press(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installation itself has its own tests."""
    started: list[str] = []
    job = ask(with_a_video())
    understanding = read_question(job.path)
    assert understanding is not None
    write_record(
        job.path / QUESTION_FILE,
        replace(understanding, offers=(), missing_readers=(MissingReader(package="av", files=1),)),
    )
    monkeypatch.setattr(optional_packages, "can_install", lambda: True)
    monkeypatch.setattr(optional_packages, "is_browser_here", lambda: True)
    monkeypatch.setattr(
        optional_packages,
        "start_installation",
        lambda packages: started.extend(package.name for package in packages),
    )
    app = open_page("data")
    assert "Videos: 1. The package av that reads them is not installed." in text(app).replace("\\", "")
    assert "pip install av==" in text(app)
    button = app.button(key="install-av")
    assert (button.label, button.disabled) == ("Install what is missing (105 MB)", False)
    button.click().run()
    assert started == ["av"]
    monkeypatch.setattr(optional_packages, "can_install", lambda: False)
    app.run()
    assert app.button(key="install-av").disabled


def test_boxes_become_pictures_with_the_margin_that_is_chosen(open_page: OpenPage) -> None:
    job = ask(with_boxes())
    app = open_page("data")
    assert "The labels draw boxes: 16" in app.warning[0].value
    assert "**Or one picture for each box**" in text(app)
    assert "**Classes** cat 8 · dog 8" in text(app)
    # Six whole pictures, six crops.
    assert len(list((job.path / "examples").glob("*.jpg"))) == 12
    app.slider(key=f"question-{job.name}-margin").set_value(50)
    app = answered(app, "crop-boxes")
    assert labels() == {"cat": 8, "dog": 8}
    pictures = open_dataset(get_project("Pets")).all_pictures
    assert set(pictures["box"]) == {"0 0 40 40", "40 0 80 40"}
    assert "Pictures cut out of boxes: 16, from 8 files, with a margin of 50% on each side" in text(app)


def test_boxes_can_label_the_whole_picture(open_page: OpenPage) -> None:
    ask(with_boxes())
    app = answered(open_page("data"), "confirm")
    assert labels() == {"cat; dog": 8}
    assert "Boxes and outlines are not used: 16" in text(app)


def flags() -> Files:
    """A table with a column of 0 and 1 for each class, and another one that repeats."""
    rows = [
        f"{number}.png,{number % 2},{(number + 1) % 2},{'north' if number < 4 else 'south'}"
        for number in range(8)
    ]
    pictures = {f"{number}.png": digit(number) for number in range(8)}
    return {**pictures, "labels.csv": "\n".join(["file,cat,dog,site", *rows]).encode()}


def test_one_column_can_be_the_class_where_several_were_taken_for_classes(open_page: OpenPage) -> None:
    ask(flags())
    app = open_page("data")
    classes = next(box for box in app.selectbox if box.label == "Classes")
    assert (classes.value, classes.options[1:]) == ("", ["file", "cat", "dog", "site"])
    classes.set_value("site").run()
    answered(app, "use-columns")
    assert labels() == {"south": 4, "north": 4}


def arrays() -> Files:
    stream = io.BytesIO()
    np.savez(stream, x_train=digit_scans()[:12], y_train=np.arange(12) % 3)
    return {"digits.npz": stream.getvalue()}


def test_numbered_classes_can_be_named_in_place(open_page: OpenPage) -> None:
    ask(arrays(), config=ImportConfig(offers_choices=True))
    app = open_page("data")
    assert "numbers instead of names" in app.info[0].value
    names = next(area for area in app.text_area if "Names of the classes" in area.label)
    names.set_value("zero\none").run()
    app.button(key="confirm").click().run()
    assert "2 names were given" in app.error[0].value
    names = next(area for area in app.text_area if "Names of the classes" in area.label)
    names.set_value("zero\none\ntwo\n").run()
    answered(app, "confirm")
    assert labels() == {"zero": 4, "one": 4, "two": 4}


def test_the_range_of_deep_pictures_is_chosen_on_the_pictures_themselves(open_page: OpenPage) -> None:
    """They stand beside what most programs show of them."""
    pictures = {
        f"{label}/{number}.png": png(digit_scans()[number + shift].astype("u2") * 16)
        for label, shift in (("a", 0), ("b", 50))
        for number in range(4)
    }
    ask(pictures, config=ImportConfig(offers_choices=True))
    app = open_page("data")
    assert "chosen once for all of them" in app.info[0].value
    assert "black up to 0, white from 4,095" in text(app)
    choice = next(box for box in app.selectbox if box.label.startswith("Black and white"))
    choice.set_value("fixed").run()
    app.number_input[1].set_value(1023.0).run()
    assert "black up to 0, white from 1,023." in text(app)
    answered(app, "confirm")
    assert open_dataset(get_project("Pets")).pixel_range == (0, 1023)


def test_a_waiting_question_stays_in_sight(open_page: OpenPage) -> None:
    """Its answer is needed, whatever page is open."""
    ask(PARTS)
    app = open_page("model")
    assert "Import of Pets has a question" in "".join(caption.value for caption in app.sidebar.caption)
    (button,) = [button for button in app.sidebar.button if button.label == "Answer"]
    button.click().run()
    assert not app.exception
    assert "Is this right?" in [header.value for header in app.subheader]


def test_channels_are_chosen_with_a_view_of_the_result(open_page: OpenPage) -> None:
    """The page suggests the first three of five, and the choice becomes the project's."""
    generator = np.random.default_rng(2)
    source = {
        f"{label}/{number}.tif": written(generator.integers(0, 250, (24, 24, 5)).astype(np.uint8))
        for label in ("corn", "wheat")
        for number in range(3)
    }
    ask(source)
    app = open_page("data")
    colours = {box.label: box for box in app.selectbox if box.label in {"Red", "Green", "Blue"}}
    assert [colours[name].value for name in ("Red", "Green", "Blue")] == [1, 2, 3]
    colours["Red"].set_value(5).run()
    answered(app, "confirm")
    assert open_dataset(get_project("Pets")).channels == (5, 2, 3)
