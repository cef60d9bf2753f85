"""The metric that matters on the Evaluate page: chosen, measured, shown first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.delivery.thresholds import use_thresholds
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import choose_metric, chosen_metric
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import project_of
from pages.ui.text import percent
from tests.support.page_queries import said

OpenPage = Callable[..., AppTest]


def opened(open_page: OpenPage, run: Path) -> AppTest:
    return open_page("evaluate", project="digits", run=run.name)


def test_a_chosen_recall_leads_with_its_interval(open_page: OpenPage, finished_run: Path) -> None:
    app = opened(open_page, finished_run)
    (kind,) = [box for box in app.selectbox if box.key == "leading-kind"]
    kind.set_value(LeadingKind.RECALL).run()
    (name,) = [box for box in app.selectbox if box.key == "leading-class"]
    name.set_value("8").run()
    (use,) = [button for button in app.button if button.key == "use-metric"]
    use.click().run()
    assert not app.exception
    assert chosen_metric(project_of(finished_run)).class_name == "8"
    row = EvaluatedRun.open(finished_run).report.classes[2]
    assert f"### Recall of “8”: {percent(row.recall)}" in said(app).replace("\\", "")
    assert f"Always guessing “3” would get {percent(0)}" in said(app).replace("\\", "")


@pytest.mark.parametrize("kind", [LeadingKind.COST, LeadingKind.MACRO_F1])
def test_every_kind_can_be_chosen(open_page: OpenPage, finished_run: Path, kind: LeadingKind) -> None:
    app = opened(open_page, finished_run)
    (box,) = [box for box in app.selectbox if box.key == "leading-kind"]
    box.set_value(kind).run()
    (use,) = [button for button in app.button if button.key == "use-metric"]
    use.click().run()
    assert not app.exception
    assert chosen_metric(project_of(finished_run)).kind is kind
    assert said(app).count("On new pictures like these") == 2
    assert ("least expected cost" in said(app)) is (kind is LeadingKind.COST)


def test_a_metric_of_a_class_that_is_gone_gives_way_to_accuracy(
    open_page: OpenPage, finished_run: Path
) -> None:
    metric = LeadingMetric(kind=LeadingKind.F1, class_names=("3", "9"), class_name="9")
    choose_metric(project_of(finished_run), metric)
    app = opened(open_page, finished_run)
    assert "does not suit the classes" in said(app)
    assert said(app).count("On new pictures like these") == 1


def test_chosen_thresholds_are_measured_beside_the_default(open_page: OpenPage, finished_run: Path) -> None:
    """Every picture is answered “8”, whose threshold each one reaches."""
    evaluated = EvaluatedRun.open(finished_run)
    use_thresholds(evaluated, (None, None, 0.0))
    share = evaluated.test.targets[:, 2].mean()
    text = said(opened(open_page, finished_run))
    assert f"Accuracy {percent(share)}" in text
    assert f"those of the default, {percent(evaluated.report.accuracy)}" in text
