"""Mistakes on the Evaluate page: confusion matrix, list, pictures, changes in place.

In the run of these tests one of six test pictures is wrong: of class “0”, taken for “1”.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.editing.classes import rename_class
from core.data.labels.layout import Split
from core.doctor.report import dismissals
from core.doctor.sentences import FindingKind
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.workspace import Project
from pages.ui.text import escape
from tests.support.page_queries import act, drawn, offered, opened_dialog, said, shown

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]
ALL = "mistakes-run-1-all"


@pytest.fixture
def page(open_page: OpenPage, project: Project, make_run: MakeRun) -> AppTest:
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    return open_page("evaluate", section="mistakes")


def label_of(project: Project, identifier: str) -> str:
    return str(open_dataset(project).all_pictures.set_index("id").at[identifier, "label"])


def test_all_mistakes_are_shown_with_their_most_probable_classes(page: AppTest) -> None:
    (tile,) = shown(page, ALL)
    assert tile["strong"] == "0 → 1"
    assert tile["caption"] == "1 90% · 0 10% · 2 0%"
    (table,) = page.dataframe
    assert table.value.values.tolist() == [["0", "1", 1, 50.0]]


def test_the_saved_chart_is_named_after_its_run(page: AppTest) -> None:
    assert drawn(page, "confusion")["fileName"] == "run-1-confusion"


def test_a_pressed_cell_shows_its_pictures(page: AppTest, project: Project) -> None:
    """Cell 8 is the third class taken for itself."""
    page.session_state["confusion"] = {"clicked": 8}
    page.run()
    dataset = open_dataset(project)
    pictures = dataset.pictures.iloc[dataset.rows(Split.TEST)]
    expected = set(pictures.loc[pictures["label"] == "2", "id"])
    assert {tile["id"] for tile in shown(page, "mistakes-run-1-2-2")} == expected
    assert "2 right · 2 pictures" in [row.value for row in page.subheader]
    page.session_state["confusion"] = {}
    page.button(key="all-mistakes").click().run()
    assert len(shown(page, ALL)) == 1


def test_a_picture_is_relabelled_as_answered_and_taken_back(page: AppTest, project: Project) -> None:
    (tile,) = shown(page, ALL)
    act(page, ALL, "accept", [tile["id"]])
    assert label_of(project, tile["id"]) == "1"
    (after,) = shown(page, ALL)
    assert (after["strong"], after["badge"]) == ("0 → 1", "now 1")
    assert "1 test picture was changed since." in said(page)
    act(page, ALL, "undo")
    assert label_of(project, tile["id"]) == "0"
    assert "badge" not in shown(page, ALL)[0]
    assert "changed since" not in said(page)


def test_an_excluded_picture_stays_in_the_report(page: AppTest, project: Project) -> None:
    (tile,) = shown(page, ALL)
    act(page, ALL, "exclude", [tile["id"]])
    (after,) = shown(page, ALL)
    assert (after["badge"], after["dimmed"]) == ("Excluded", True)
    assert "exclude" not in offered(page, ALL)
    assert open_dataset(project).all_pictures.set_index("id").at[tile["id"], "excluded"]


def test_a_right_label_is_remembered_for_the_check_of_the_pictures(page: AppTest, project: Project) -> None:
    (tile,) = shown(page, ALL)
    assert "doubt" not in offered(page, ALL)
    act(page, ALL, "right", [tile["id"]])
    assert dismissals(project) == {(FindingKind.WRONG_LABELS.value, tile["id"])}
    assert shown(page, ALL)[0]["badge"] == "Label is right"
    act(page, ALL, "doubt", [tile["id"]])
    assert dismissals(project) == set()


def test_a_closer_look_shows_probabilities_also_without_stored_features(page: AppTest) -> None:
    (tile,) = shown(page, ALL)
    act(page, ALL, "look", [tile["id"]])
    assert "**Probabilities**" in opened_dialog(page)
    assert "No features of this picture are stored" in opened_dialog(page)


def test_a_closer_look_is_a_dialog_that_opens_once(page: AppTest) -> None:
    """The picture stands above 48 others, or below them: what opens there would not be seen."""
    (tile,) = shown(page, ALL)
    act(page, ALL, "look", [tile["id"]])
    assert "Probabilities" not in said(page)
    assert opened_dialog(page).startswith(escape(tile["facts"][-1][1].rsplit("/", 1)[-1]))
    page.run()
    assert opened_dialog(page) == ""
    act(page, ALL, "look", ["no picture"])
    assert opened_dialog(page) == ""


def test_a_picture_of_a_cell_is_looked_at_closer(page: AppTest) -> None:
    page.session_state["confusion"] = {"clicked": 8}
    page.run()
    act(page, "mistakes-run-1-2-2", "look", [shown(page, "mistakes-run-1-2-2")[0]["id"]])
    assert "**Probabilities**" in opened_dialog(page)


def test_a_relabelled_class_that_is_gone_is_not_offered(page: AppTest, project: Project) -> None:
    """“Accept answer” would make it anew."""
    rename_class(project, "1", "one")
    page.run()
    assert "accept" not in offered(page, ALL)
    assert drawn(page, ALL)["actions"][0]["id"] == "right"
