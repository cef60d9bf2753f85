"""Split section: sizes, leaks, and a new split with its consequences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.editing.change import changing
from core.data.import_config import ImportConfig
from core.data.importing import create_project, import_dataset
from core.data.labels.layout import Split
from core.data.split.splitting import SplitConfig
from core.data.version_record import Edit, EditKind
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.workspace import Project
from tests.support.page_queries import said, shown
from tests.support.pictures import class_folders, write_folder

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


@pytest.fixture
def pets(tmp_path: Path) -> Project:
    """Twenty cats and five dogs."""
    source = write_folder(tmp_path / "pets", class_folders({"cats": 20, "dogs": 5}))
    return import_dataset(source, "Pets").project


def opened(open_page: OpenPage, project: Project) -> AppTest:
    return open_page("data", project=project.name, section="split")


def edit(project: Project, **columns: list[str]) -> None:
    """Write a version in which the first pictures have these values."""
    with changing(project) as change:
        pictures = change.pictures
        for name, values in columns.items():
            pictures.loc[: len(values) - 1, name] = values
        change.write(pictures, Edit(kind=EditKind.LABELLED))


def divide_anew(app: AppTest) -> AppTest:
    """Open the panel of a new split."""
    app.session_state["divide-anew"] = True
    return app.run()


def test_the_sizes_of_the_splits_are_shown(open_page: OpenPage, pets: Project) -> None:
    metrics = {metric.label: metric.value for metric in opened(open_page, pets).metric}
    counts = open_dataset(pets).pictures["split"].value_counts()
    split_of = {"to train": Split.TRAIN, "to validate": Split.VALIDATION, "to test": Split.TEST}
    assert {word: metrics[word] for word in split_of} == {
        word: str(counts[split.value]) for word, split in split_of.items()
    }


def test_pictures_without_a_split_are_assigned_on_request(open_page: OpenPage, pets: Project) -> None:
    edit(pets, split=["", "", ""])
    app = opened(open_page, pets)
    assert "3 pictures are in no split yet" in said(app)
    app.button(key="settle").click().run()
    assert (open_dataset(pets).all_pictures["split"] != "").all()
    assert "in no split yet" not in said(app)


def test_a_leak_is_shown_with_its_pictures_and_can_be_removed(open_page: OpenPage, pets: Project) -> None:
    """Training pictures must not measure the classifier."""
    edit(pets, group=["twins"] * 3, split=["train", "test", "train"])
    app = opened(open_page, pets)
    assert "2 pictures have a copy in the validation or test split" in said(app)
    ids = open_dataset(pets).all_pictures["id"].tolist()
    tiles = {tile["id"]: (tile["strong"], tile.get("badge", "")) for tile in shown(app, "leaks")}
    assert tiles == {
        ids[0]: ("to train", "leaks"),
        ids[1]: ("to test", ""),
        ids[2]: ("to train", "leaks"),
    }
    app.button(key="mend-leaks").click().run()
    assert open_dataset(pets).all_pictures["excluded"].tolist()[:3] == [True, False, True]
    assert "No picture that trains, nor a copy of one, is used to measure" in said(app)


def test_moved_pictures_are_shown_with_their_old_split(open_page: OpenPage, pets: Project) -> None:
    edit(pets, group=["twins"] * 2, split=["test", "test"], supplied_split=["train", "test"])
    app = opened(open_page, pets)
    assert "2 pictures belong together in 1 group" in said(app)
    (tile,) = shown(app, "moved-pictures")
    assert tile["id"] == open_dataset(pets).all_pictures["id"][0]
    assert tile["badge"] == "to train → to test"


def test_a_new_split_has_the_announced_counts(open_page: OpenPage, pets: Project, make_run: MakeRun) -> None:
    make_run(pets, "run-1", JobState.FINISHED)
    make_run(pets, "run-2", JobState.FINISHED)
    app = divide_anew(opened(open_page, pets))
    app.slider(key="anew-test").set_value(40)
    app.slider(key="anew-validation").set_value(20)
    app.number_input(key="anew-seed").set_value(7).run()
    announced = app.dataframe[0].value
    assert announced["label"].tolist() == ["dogs", "cats"]
    assert announced[["train", "validation", "test"]].sum(axis=1).tolist() == [5, 20]
    assert announced["test"].tolist() == [2, 8]
    assert "1 class would be tested on fewer than 5 pictures" in said(app)
    assert "2 earlier runs were tested" in said(app)
    app.button(key="redraw").click().run()
    pictures = open_dataset(pets).pictures
    became = pictures.groupby("label")["split"].value_counts().unstack(fill_value=0)
    assert became.loc[["dogs", "cats"], ["train", "validation", "test"]].to_numpy().tolist() == (
        announced[["train", "validation", "test"]].to_numpy().tolist()
    )
    assert "Divided anew: 20% to validate, 40% to test, seed 7" in said(app)


def test_replacing_a_supplied_split_is_announced(open_page: OpenPage, pets: Project) -> None:
    edit(pets, supplied_split=["test"])
    assert "The new split replaces it" in said(divide_anew(opened(open_page, pets)))


def test_a_new_split_is_computed_only_when_its_panel_is_open(open_page: OpenPage, pets: Project) -> None:
    assert not opened(open_page, pets).dataframe


@pytest.mark.parametrize("labelled", [True, False])
def test_without_pictures_to_split_the_section_links_onwards(
    open_page: OpenPage, tmp_path: Path, labelled: bool
) -> None:
    if labelled:
        project = create_project("Pets", ["cats"])
    else:
        source = write_folder(tmp_path / "pets", class_folders({"all": 5}))
        config = ImportConfig(unlabelled=True, split=SplitConfig())
        project = import_dataset(source, "Pets", config).project
    app = opened(open_page, project)
    assert "There is nothing to divide yet" in said(app)
    app.button(key="go-on").click().run()
    assert app.query_params["section"] == ("add" if labelled else "label")
    assert not app.exception
