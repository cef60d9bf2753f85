"""Label section: groups of similar pictures, suggestions, skipped pictures."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.editing.labels import relabel
from core.data.importing import add_to_class
from core.doctor.labelling.job import prepare_labelling
from core.files import read_json, write_json
from core.jobs.directory import list_jobs
from core.jobs.status import JobState
from core.progress import QuietProgress
from core.runs.control import wait_for
from core.workspace import Project
from tests.support.page_queries import act, drawn, offered, said, shown
from tests.support.pictures import digit
from tests.support.trained import NAME, PICTURES, Trained, copy_dataset, copy_run

OpenPage = Callable[..., AppTest]
GROUP = "label-digits"
SINGLE = "label-single-digits"


@pytest.fixture(scope="module")
def few_labels(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose project has 120 digits and three labels for each class; its truth is beside it."""
    home = tmp_path_factory.mktemp("few")
    classes = load_digits().target
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(home))
        project = copy_dataset(trained, home)
        for name in PICTURES:
            rows = np.flatnonzero(classes == int(name))[-20:]
            add_to_class(project, name, [(f"{row}.png", digit(row)) for row in rows])
        pictures = open_dataset(project).all_pictures
        write_json(home / "truth.json", dict(zip(pictures["id"], pictures["label"], strict=True)))
        relabel(project, set(pictures["id"]) - set(pictures.groupby("label").head(3)["id"]), "")
    return home


@pytest.fixture(scope="module")
def few_labels_grouped(few_labels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with its pictures in groups."""
    home = tmp_path_factory.mktemp("grouped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(home))
        project = copy_of(few_labels, home)
        config = {"version": open_dataset(project).version}
        prepare_labelling(project.jobs / "group-1", config, QuietProgress())
    return home


def copy_of(home: Path, other: Path) -> Project:
    shutil.copytree(home, other, symlinks=True, dirs_exist_ok=True)
    return Project(name=NAME, path=other / "projects" / NAME)


@pytest.fixture
def ungrouped(few_labels: Path, workspace: Path) -> Project:
    return copy_of(few_labels, workspace)


@pytest.fixture
def grouped(few_labels_grouped: Path, workspace: Path) -> Project:
    return copy_of(few_labels_grouped, workspace)


@pytest.fixture
def truth(few_labels: Path) -> dict[str, str]:
    """The label of each picture, before most were taken."""
    return dict(read_json(few_labels / "truth.json"))


def opened(open_page: OpenPage, project: Project) -> AppTest:
    return open_page("data", project=project.name, section="label")


def ids(app: AppTest, key: str = GROUP) -> list[str]:
    return [tile["id"] for tile in shown(app, key)]


def labels(project: Project) -> dict[str, str]:
    pictures = open_dataset(project).all_pictures
    return dict(zip(pictures["id"], pictures["label"], strict=True))


def suggestion(app: AppTest) -> str:
    return "\n".join([said(app), *(str(heading.value) for heading in app.subheader)])


def test_one_button_groups_the_pictures_and_shows_the_first_group(
    open_page: OpenPage, ungrouped: Project
) -> None:
    """By a real worker; until then they can be labelled one by one."""
    app = opened(open_page, ungrouped)
    assert len(ids(app, SINGLE)) == 48
    app.button(key="group").click().run()
    assert wait_for(list_jobs(ungrouped.jobs)[0]) is JobState.FINISHED
    app.run()
    assert "pictures that look alike" in suggestion(app)
    assert drawn(app, GROUP)["preselected"]
    assert {labels(ungrouped)[identifier] for identifier in ids(app)} == {""}


def test_a_group_is_labelled_at_once_without_unselected_pictures(
    open_page: OpenPage, grouped: Project
) -> None:
    app = opened(open_page, grouped)
    first = ids(app)
    app = act(app, GROUP, "label", first[2:], "8")
    now = labels(grouped)
    assert {now[identifier] for identifier in first[2:]} == {"8"}
    assert {now[identifier] for identifier in first[:2]} == {""}
    assert not set(first) & set(ids(app))


def test_a_group_comes_back_when_its_labels_are_undone(open_page: OpenPage, grouped: Project) -> None:
    """The undone pictures are visible at once."""
    app = opened(open_page, grouped)
    first = ids(app)
    app = act(app, GROUP, "label", first, "a new class")
    (label,) = (action for action in drawn(app, GROUP)["actions"] if action["id"] == "label")
    assert "a new class" in label["choices"]
    app = act(app, GROUP, "undo")
    assert sorted(ids(app)) == sorted(first)
    assert {labels(grouped)[identifier] for identifier in first} == {""}


def test_excluding_one_picture_stays_on_its_group(open_page: OpenPage, grouped: Project) -> None:
    app = opened(open_page, grouped)
    first = ids(app)
    app = act(app, GROUP, "exclude", first[:1])
    assert ids(app) == first[1:]


def test_skipped_groups_can_be_restarted(open_page: OpenPage, grouped: Project) -> None:
    app = opened(open_page, grouped)
    first, waiting = ids(app), {name for name, label in labels(grouped).items() if not label}
    seen: set[str] = set()
    while "Skipped or removed pictures" not in suggestion(app):
        assert not seen & set(ids(app))
        seen |= set(ids(app))
        app = act(app, GROUP, "skip")
    assert seen == waiting
    assert set(ids(app, SINGLE)) <= waiting
    app.button(key="label-again").click().run()
    assert ids(app) == first


def test_existing_labels_suggest_a_class_that_one_key_accepts(
    open_page: OpenPage, grouped: Project, truth: dict[str, str]
) -> None:
    app = opened(open_page, grouped)
    while "accept" not in offered(app, GROUP):
        app = act(app, GROUP, "skip")
    (accept,) = (action for action in drawn(app, GROUP)["actions"] if action["id"] == "accept")
    group = ids(app)
    assert "going by the labels so far" in suggestion(app)
    act(app, GROUP, "accept", group)
    (given,) = {labels(grouped)[identifier] for identifier in group}
    assert accept["label"] == f"Yes, “{given}”"


def test_skipped_pictures_accept_their_own_suggestions(
    open_page: OpenPage, grouped: Project, truth: dict[str, str]
) -> None:
    """Each picture has its own suggestion; with nine labels two in three are right."""
    app = opened(open_page, grouped)
    while "Skipped or removed pictures" not in suggestion(app):
        app = act(app, GROUP, "skip")
    chosen = [tile["id"] for tile in shown(app, SINGLE) if tile.get("strong")]
    assert len(chosen) > 20
    act(app, SINGLE, "accept", ids(app, SINGLE))
    now = labels(grouped)
    right = [now[identifier] == truth[identifier] for identifier in chosen]
    assert sum(right) / len(right) > 0.66


def test_the_latest_classifier_suggests_if_it_has_the_same_classes(
    open_page: OpenPage, grouped: Project, trained: Trained
) -> None:
    copy_run(trained, grouped)
    app = opened(open_page, grouped)
    while "accept" not in offered(app, GROUP):
        app = act(app, GROUP, "skip")
    assert "says the latest classifier" in suggestion(app)
    act(app, GROUP, "label", ids(app), "a class it does not know")
    app = opened(open_page, grouped)
    assert "says the latest classifier" not in suggestion(app)


def test_without_a_backbone_pictures_are_labelled_one_by_one(open_page: OpenPage, ungrouped: Project) -> None:
    (ungrouped.path.parents[1] / "backbones").unlink()
    app = opened(open_page, ungrouped)
    act(app, SINGLE, "label", ids(app, SINGLE)[:5], "8")
    assert list(labels(ungrouped).values()).count("8") == 8


def test_a_fully_labelled_project_links_to_the_next_sections(open_page: OpenPage, ungrouped: Project) -> None:
    app = opened(open_page, ungrouped)
    waiting = [name for name, label in labels(ungrouped).items() if not label]
    app = act(app, SINGLE, "label", waiting, "8")
    assert "Every picture has a label." in suggestion(app)
    app.button(key="label-see").click().run()
    assert app.query_params["section"] == "browse"
    sections: Any = app.get("button_group")[0]
    assert "Label" not in sections.options
