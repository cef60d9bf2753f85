"""Pages of a multi-label project."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.editing.labels import relabel
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.delivery.files import Labels, parity_file, write_labels
from core.doctor.features.projection import write_map
from core.evaluation.assessment import make_report
from core.evaluation.predictions import prediction_table
from core.evaluation.report import write_report
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.models.backbones import DEFAULT_BACKBONE
from core.workspace import Project
from pages.ui.components.picture_grid import GridEvent
from pages.ui.data.map import categories, category_of
from pages.ui.editing.actions import changes_of, label_action, multi_label_actions
from tests.support.page_queries import said, shown
from tests.support.pictures import encoded, several_labels_csv, two_digits, two_digits_folder
from tests.support.sent_pictures import send_pictures

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


@pytest.fixture
def multi_label_project(workspace: Path, tmp_path: Path) -> Project:
    """Forty pictures of two digits, two of them without a label."""
    config = ImportConfig(multi_label=True)
    project = import_dataset(two_digits_folder(tmp_path / "source", 40), "Pairs", config).project
    relabel(project, open_dataset(project).all_pictures["id"].iloc[:2], "")
    return project


@pytest.fixture
def evaluated(multi_label_project: Project, make_run: MakeRun) -> JobDirectory:
    """A run that misses every 8 and is right otherwise."""
    job = make_run(multi_label_project, "run-1", JobState.FINISHED)
    dataset = open_dataset(multi_label_project)
    rows = dataset.rows(Split.TEST)
    probabilities = 0.1 + 0.8 * dataset.targets[rows]
    probabilities[:, 2] = 0.2
    thresholds = np.full(3, 0.5)
    write_report(
        job.path,
        make_report(dataset, rows, probabilities, thresholds),
        prediction_table(dataset, rows, probabilities, thresholds),
    )
    return job


@pytest.mark.parametrize("section", ["check", "map", "label", "split", "add"])
def test_every_section_of_the_data_page_opens(
    open_page: OpenPage, multi_label_project: Project, section: str
) -> None:
    dataset = open_dataset(multi_label_project)
    ids = dataset.all_pictures["id"].to_numpy(np.str_)
    write_map(dataset.folder, DEFAULT_BACKBONE, ids, np.zeros((len(ids), 2), np.float32))
    app = open_page("data", project=multi_label_project.name, section=section)
    assert not app.exception
    assert "A picture may show several of the classes, or none" in said(app)


def test_the_gallery_can_be_filtered_by_each_label_and_by_none(
    open_page: OpenPage, multi_label_project: Project
) -> None:
    """A picture counts for each class that it shows."""
    app = open_page("data", project=multi_label_project.name, section="browse")
    counts = open_dataset(multi_label_project).counts()
    (choice,) = [box for box in app.selectbox if (box.key or "").startswith("filter-class")]
    options = [str(option) for option in choice.options]
    assert [f"{name} ({count})" for name, count in counts.items()] == options[-3:]
    assert any(option.startswith("– none of the classes") for option in options)


def test_labels_are_added_and_removed_in_the_gallery(multi_label_project: Project) -> None:
    dataset = open_dataset(multi_label_project)
    assert [action.id for action in multi_label_actions(dataset)] == ["also", "not"]
    assert label_action(dataset).choices == ("3", "5", "8", "–")
    picture = str(dataset.all_pictures.loc[dataset.all_pictures["label"] == "3; 8", "id"].iloc[0])
    for action, choice, label in (("also", "5", "3; 5; 8"), ("not", "3", "5; 8"), ("label", "8;3", "3; 8")):
        event = GridEvent(action=action, ids=(picture,), choice=choice)
        changed = changes_of(multi_label_project, open_dataset(multi_label_project), event)[action]()
        assert changed.all_pictures.set_index("id").at[picture, "label"] == label


def test_the_map_has_the_colour_of_the_first_label(multi_label_project: Project) -> None:
    dataset = open_dataset(multi_label_project)
    names = [category.name for category in categories(dataset)]
    shown = category_of(dataset, dataset.all_pictures)
    for label, index in zip(dataset.all_pictures["label"], shown, strict=True):
        first = label.split("; ")[0]
        assert names[index] == (first if first in {"3", "5", "8"} else "Without a class")


def test_the_evaluation_shows_each_class_and_missed_labels(
    open_page: OpenPage, multi_label_project: Project, evaluated: JobDirectory
) -> None:
    app = open_page("evaluate")
    dataset = open_dataset(multi_label_project)
    with_8 = int(dataset.targets[dataset.rows(Split.TEST), 2].sum())
    assert with_8
    assert "have all the right labels, and no other" in said(app)
    table: Any = app.dataframe[0].value.set_index("name")
    assert table.loc["8", ["missed", "added", "recall"]].tolist() == [with_8, 0, 0]
    assert table.loc["3", ["f1", "average_precision", "threshold"]].tolist() == [100, 100, 0.5]
    assert table.loc["macro mean", "f1"] == pytest.approx(200 / 3)
    app = open_page("evaluate", section="mistakes")
    tiles = shown(app, f"mistakes-{evaluated.name}-all")
    assert len(tiles) == with_8
    assert all(tile["strong"] == "−8" for tile in tiles)
    (confusions,) = app.dataframe
    assert confusions.value.values.tolist() == [["8", "–", with_8, 100.0]]


def test_prediction_shows_every_class_that_reaches_its_threshold(
    open_page: OpenPage, evaluated: JobDirectory, tiny_tflite: Path
) -> None:
    """The dark picture is of the first class; the third class reaches its threshold too."""
    shutil.copy(tiny_tflite, evaluated.path / "model.tflite")
    labels = Labels(
        class_names=("3", "5", "8"),
        input_size=8,
        backbone="efficientnet_lite0",
        run="run-1",
        task=Task.MULTI_LABEL,
        thresholds=(0.5, 0.5, 0.0),
    )
    write_labels(evaluated.path, labels)
    write_json(parity_file(evaluated.path), {})
    dark = encoded(np.zeros((10, 20, 3), np.uint8), "PNG")
    app = send_pictures(open_page("predict"), {"dark.png": dark})
    assert not app.exception
    assert "**3**, **8**" in said(app)
    assert "Each class is decided separately" in said(app)


def test_a_multi_label_table_is_recognised(open_page: OpenPage, workspace: Path) -> None:
    """Its checkbox is preset with a reason; for any other table it is not."""
    app = open_page()
    app.radio(key="import-0-format").set_value("table").run()
    uploader = next(box for box in app.file_uploader if "-table-" in str(box.key))
    uploader.upload("labels.csv", several_labels_csv(two_digits(24))).run()
    assert not app.exception
    (box,) = [box for box in app.checkbox if "several labels" in box.label]
    assert box.value is True
    assert "have several labels, or none" in said(app)
    other = next(box for box in app.file_uploader if "-table-" in str(box.key))
    other.set_value([("one.csv", b"file,label\n1.png,cat\n2.png,dog", "text/csv")]).run()
    (box,) = [box for box in app.checkbox if "several labels" in box.label]
    assert box.value is False
