"""History section: versions, comparisons, restoring, and the runs of each version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.classes import rename_class, reorder_classes
from core.data.editing.labels import exclude, include, relabel
from core.data.editing.versions import erase
from core.data.importing import create_project, import_dataset
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.workspace import Project
from pages.ui.text import moment
from tests.support.page_queries import drawn, parts, said
from tests.support.pictures import class_folders, write_folder

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


@pytest.fixture
def pets(tmp_path: Path) -> Project:
    source = write_folder(tmp_path / "pets", class_folders({"cats": 6, "dogs": 6}))
    return import_dataset(source, "Pets").project


def opened(open_page: OpenPage, project: Project) -> AppTest:
    return open_page("data", project=project.name, section="history")


def unfolded(app: AppTest, key: str) -> AppTest:
    app.session_state[key] = True
    app.run()
    assert not app.exception
    return app


def grids(app: AppTest) -> dict[str, list[str]]:
    """Ids of the pictures by the label of their grid."""
    keys = [element.proto.id.split("-changes-")[1] for element in app.get("bidi_component")]
    drawings = [drawn(app, f"changes-{key}") for key in keys]
    return {data["label"]: [tile["id"] for tile in data["tiles"]] for data in drawings}


def ids_of(project: Project) -> list[str]:
    return open_dataset(project).all_pictures["id"].tolist()


def test_versions_are_listed_newest_first_with_their_edits(open_page: OpenPage, pets: Project) -> None:
    relabel(pets, ids_of(pets)[:2], "*apes*")
    exclude(pets, ids_of(pets)[:1])
    labels = [step.label for step in opened(open_page, pets).expander if step.proto.icon]
    assert labels[0].startswith("**3** · Excluded")
    assert labels[1].startswith("**2** · Labelled “\\*apes\\*”")
    assert labels[2].startswith("**1** · Imported from pets")
    assert "12 pictures · 3 classes" in said(opened(open_page, pets))


def test_a_version_shows_what_changed_with_its_pictures(open_page: OpenPage, pets: Project) -> None:
    ids = ids_of(pets)
    relabel(pets, ids[:2], "dogs")
    app = unfolded(opened(open_page, pets), "version-Pets-2")
    assert grids(app) == {"cats → dogs · 2": ids[:2]}


@pytest.mark.parametrize(
    ("change", "change_name"),
    [
        (lambda project, ids: exclude(project, ids[:1]), "Excluded · 1"),
        (lambda project, ids: erase(project, ids[:1]), ""),
        (lambda project, ids: relabel(project, ids[:1], ""), "cats → no label · 1"),
        (lambda project, ids: rename_class(project, "cats", "lions"), "cats → lions · 6"),
        (lambda project, ids: reorder_classes(project, ["dogs", "cats"]), ""),
    ],
)
def test_any_two_versions_are_compared(
    open_page: OpenPage, pets: Project, change: Callable[[Project, list[str]], Dataset], change_name: str
) -> None:
    """The first with the newest, unless others are chosen; pictures deleted for good are not shown again."""
    change(pets, ids_of(pets))
    app = unfolded(opened(open_page, pets), "compare")
    assert list(grids(app)) == ([change_name] if change_name else [])


def test_a_comparison_in_reverse_order_shows_the_reverse_changes(open_page: OpenPage, pets: Project) -> None:
    ids = ids_of(pets)
    exclude(pets, ids[:2])
    include(pets, ids[:1])
    app = unfolded(opened(open_page, pets), "compare")
    app.selectbox(key="older-Pets").set_value(2)
    app.selectbox(key="newer-Pets").set_value(3).run()
    assert grids(app) == {"Taken back · 1": ids[:1]}
    app.selectbox(key="older-Pets").set_value(3)
    app.selectbox(key="newer-Pets").set_value(3).run()
    assert "No remaining picture differs" in said(app)


def test_a_new_order_of_classes_is_reported(open_page: OpenPage, pets: Project) -> None:
    reorder_classes(pets, ["dogs", "cats"])
    app = unfolded(opened(open_page, pets), "version-Pets-2")
    assert "New order of the classes: dogs, cats" in said(app)


def test_an_earlier_version_is_restored(open_page: OpenPage, pets: Project) -> None:
    relabel(pets, ids_of(pets), "dogs")
    app = unfolded(opened(open_page, pets), "version-Pets-1")
    app.button(key="restore-1").click().run()
    assert open_dataset(pets).counts() == {"cats": 6, "dogs": 6}
    assert "Version 1 restored" in said(app)
    unfolded(app, "version-Pets-3")
    assert "restore-3" not in [button.key for button in app.button]


def test_runs_are_listed_with_the_version_they_were_trained_on(
    open_page: OpenPage, pets: Project, make_run: MakeRun
) -> None:
    make_run(pets, "run-1", JobState.FINISHED)
    exclude(pets, ids_of(pets)[:1])
    make_run(pets, "run-2", JobState.FINISHED)
    make_run(pets, "run-3", JobState.FAILED)
    app = opened(open_page, pets)
    newest, first = (step.label for step in app.expander if step.proto.icon and "**" in step.label)
    assert "2 runs" in newest
    assert "1 run]" in first
    unfolded(app, "version-Pets-1")
    (link,) = [link for link in parts(app, "page_link") if "Run" in link.label]
    assert "run=run-1" in link.proto.query_string


def test_a_long_history_is_paginated(open_page: OpenPage, pets: Project) -> None:
    ids = ids_of(pets)
    for _ in range(6):
        exclude(pets, ids[:1])
        include(pets, ids[:1])
    app = opened(open_page, pets)
    assert "**1** ·" not in "".join(step.label for step in app.expander)
    app.pagination[0].set_value(2).run()
    assert [step.label for step in app.expander if "**1** ·" in step.label]


def test_a_project_without_pictures_has_a_history(open_page: OpenPage) -> None:
    app = opened(open_page, create_project("Bare"))
    assert "Started without pictures" in app.expander[0].label


def test_a_time_is_formatted_in_the_users_language() -> None:
    assert moment(1_800_000_000).startswith("15 Jan 2027")


def _time() -> None:
    import streamlit as st

    from pages.ui.text import moment

    st.text(moment(0))


def test_a_browser_time_zone_that_arrives_late_is_taken_up() -> None:
    """The first run of a session may come before the browser's time zone."""
    app = AppTest.from_function(_time, default_timeout=300).run()
    for zone, written in (("Asia/Tokyo", "1 Jan 1970 09:00"), ("Asia/Kolkata", "1 Jan 1970 05:30")):
        app.context = {"timezone": zone}
        assert app.run().text[0].value == written
