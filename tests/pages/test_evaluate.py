"""Evaluate page: the table of metrics."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.evaluation.metrics import table as metric_table
from core.evaluation.metrics.table import METRICS, Metric
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.workspace import Project

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


def metrics_shown(app: AppTest) -> dict[str, str]:
    (table,) = [frame.value for frame in app.dataframe if "metric" in frame.value.columns]
    return dict(zip(table["metric"], table["value"], strict=True))


def test_a_new_metric_appears_on_the_page_and_in_the_command_line(
    open_page: OpenPage,
    project: Project,
    make_run: MakeRun,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its row in the table is all that it takes."""
    pictures = Metric(
        code="throwaway",
        label="Throwaway metric",
        help="Number of test pictures",
        function=lambda test: test.pictures,
        is_fraction=False,
    )
    monkeypatch.setattr(metric_table, "METRICS", (*METRICS, pictures))
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    assert metrics_shown(open_page("evaluate"))["Throwaway metric"] == "6.000"
    assert main(["evaluate", run.name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test"]["metrics"]["throwaway"] == 6


def test_every_metric_of_the_report_is_shown(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """One of six pictures is wrong."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    shown = metrics_shown(open_page("evaluate"))
    assert shown["Accuracy"] == "83.3%"
    assert "F1 over all labels" not in shown
