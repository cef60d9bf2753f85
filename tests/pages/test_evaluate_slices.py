"""Slices on the Evaluate page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.editing.splits import redraw_split
from core.data.labels.layout import Split
from core.data.split.splitting import SplitConfig
from core.evaluation.assessment import make_report
from core.evaluation.predictions import prediction_table
from core.evaluation.report import write_report
from core.evaluation.slices import measuring
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.workspace import Project
from tests.support.page_queries import act, opened_dialog, shown

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


def test_the_worst_slice_is_shown_with_its_mistakes_and_another_can_be_chosen(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half the pictures of class "0" are taken for "1"; with six test pictures, two are enough here."""
    monkeypatch.setattr(measuring, "LEAST_PICTURES", 2)
    monkeypatch.setattr(measuring, "LEAST_GROUPS", 2)
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", section="mistakes", part="slices")
    texts = [markdown.value for markdown in app.markdown]
    assert any("None is worse beyond chance." in text for text in texts)
    chosen = next(box for box in app.selectbox if box.label == "Slice")
    assert chosen.options[0] == "Class: 0 · 50%"
    assert any(text.startswith("2 test pictures, 50% right") for text in texts)
    assert any(text == "Most frequent mistakes: 0 → 1 (1)" for text in texts)
    (table,) = [frame.value for frame in app.dataframe if "adjusted" in frame.value.columns][:1]
    assert table["slice"].iloc[0] == "Class: 0"
    assert table["accuracy"].iloc[0] == 50
    act(app, "slice-pictures-run-1", "look", [shown(app, "slice-pictures-run-1")[0]["id"]])
    assert "**Probabilities**" in opened_dialog(app)
    chosen = next(box for box in app.selectbox if box.label == "Slice")
    chosen.set_value(chosen.options.index("Class: 1 · 100%")).run()
    assert not app.exception
    assert not any("Most frequent mistakes" in markdown.value for markdown in app.markdown)


def test_a_slice_that_is_no_chance_is_named(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 15 test pictures, the five of class "0" are wrong, all others are right."""
    dataset = redraw_split(project, SplitConfig(validation_fraction=0.2, test_fraction=0.4))
    run = make_run(project, "run-1", JobState.FINISHED)
    rows = dataset.rows(Split.TEST)
    labels = dataset.label_indices[rows]
    probabilities = np.eye(3, dtype=np.float32)[np.where(labels == 0, 1, labels)]
    write_report(
        run.path, make_report(dataset, rows, probabilities), prediction_table(dataset, rows, probabilities)
    )
    monkeypatch.setattr(measuring, "LEAST_PICTURES", 5)
    app = open_page("evaluate", section="mistakes", part="slices")
    assert any(r"**Class\: 0**" in text.value for text in app.markdown)


def test_too_few_pictures_are_said(open_page: OpenPage, project: Project, make_run: MakeRun) -> None:
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", section="mistakes", part="slices")
    assert any("too few test pictures to compare slices" in text.value for text in app.markdown)
