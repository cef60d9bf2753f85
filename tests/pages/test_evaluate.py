"""Evaluate page: the table of metrics."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.data.dataset import open_dataset
from core.data.editing.versions import erase
from core.data.labels.layout import Split
from core.evaluation import looks
from core.evaluation.assessment import make_report
from core.evaluation.calibration.calibrating import measure_calibration
from core.evaluation.metrics import table as metric_table
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.table import METRICS, Metric
from core.evaluation.predictions import prediction_table
from core.evaluation.report import read_predictions, read_report, write_report
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


def test_the_page_says_how_far_probabilities_can_be_believed(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """In a report of an earlier version nothing is known of it."""
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    shown = [row.value for row in open_page("evaluate", section="trust").subheader]
    assert "When can you believe an answer?" not in shown
    dataset, report = open_dataset(project), read_report(run.path)
    rows, stored = dataset.rows(Split.TEST), read_predictions(run.path)
    test = TestPredictions.of(dataset, rows, np.stack(stored["probabilities"].to_list()))
    calibration = measure_calibration(
        test, test, raw=test.probabilities, temperatures=np.array([2.0, 2.0, 2.0])
    )
    write_report(run.path, replace(report, calibration=calibration), stored)
    app = open_page("evaluate", section="trust")
    assert "When can you believe an answer?" in [row.value for row in app.subheader]
    (table,) = [frame.value for frame in app.dataframe if "promise" in frame.value.columns]
    assert table["promise"].tolist() == ["80%", "90%", "95%"]
    assert table["size"].tolist() == [row.mean_size for row in calibration.sets]
    # The probabilities are here as they were before.
    assert any("show no gain" in caption.value for caption in app.caption)
    before = replace(calibration.before, ece=calibration.after.ece + 0.01)
    write_report(run.path, replace(report, calibration=replace(calibration, before=before)), stored)
    captions = open_page("evaluate", section="trust").caption
    assert not any("show no gain" in caption.value for caption in captions)


def test_every_row_of_the_class_table_has_its_interval(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """Also the means over the classes."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    (table,) = [frame.value for frame in open_page("evaluate").dataframe if "f1" in frame.value.columns]
    assert all(table["interval"].str.fullmatch(r"\d+–\d+%"))


def test_the_page_says_that_a_small_test_set_shows_little(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """Five of six right: the interval reaches from 44 to 97%, and holds always guessing one of three."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    (said,) = [info.value for info in open_page("evaluate").info]
    assert "With 6 test pictures, differences below 27 points cannot be seen" in said
    assert "about 220 pictures would narrow it to ±5" in said


def test_the_page_counts_looks_at_the_test_set(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second visit is no second look."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    counts = "Runs measured on these test pictures: 1. Results seen: 1."
    for _visit in range(2):
        assert any(counts in caption.value for caption in open_page("evaluate").caption)
    monkeypatch.setattr(looks, "MOST_LOOKS", 1)
    (warning,) = [warning.value for warning in open_page("evaluate").warning]
    assert counts in warning


def test_the_report_can_be_downloaded_in_the_language_of_the_reader(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """The file is made by the button, not before."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", lang="zh_CN")
    assert {"download-report", "download-card"} <= {button.key for button in app.get("download_button")}


def test_the_scores_of_a_run_outlive_its_pictures(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """A version can be erased, but what was measured on it is still true."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    shutil.rmtree(project.dataset / "versions")
    app = open_page("evaluate")
    assert metrics_shown(app)["Accuracy"] == "83.3%"
    assert "version 1" in app.warning[0].value


def test_answers_that_are_no_numbers_are_said(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """They would count as answers of the first class; here all others are right."""
    job, dataset = make_run(project, "run-1", JobState.FINISHED), open_dataset(project)
    rows = dataset.rows(Split.TEST)
    probabilities = np.eye(3, dtype=np.float32)[dataset.label_indices[rows]]
    probabilities[:2] = np.nan
    write_report(
        job.path, make_report(dataset, rows, probabilities), prediction_table(dataset, rows, probabilities)
    )
    app = open_page("evaluate")
    assert "For 2 test pictures the network computes no numbers (NaN)" in app.warning[0].value
    assert metrics_shown(app)["Accuracy"] == f"{(len(rows) - 2) / len(rows):.1%}"


def test_the_scores_of_a_run_outlive_its_test_pictures(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """No section can be computed from none of them."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    dataset = open_dataset(project)
    erase(project, dataset.pictures["id"].iloc[dataset.rows(Split.TEST)].tolist())
    for section in ("quality", "trust", "next"):
        app = open_page("evaluate", section=section)
        assert "All test pictures of this run were erased" in app.warning[0].value
        assert "of the test pictures are right" in "".join(item.value for item in app.markdown)
