"""Robustness test of a finished run, in this process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.labels.layout import Split
from core.delivery.robustness_job import measure_run
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.corruptions import CORRUPTIONS
from core.evaluation.robustness.records import RobustnessRequest, read_answers, read_robustness
from core.jobs.kinds import JOB_TYPES, JobKind
from core.progress import JobStopped
from core.workspace import project_of
from tests.support.progress_recorder import Recorder
from tests.support.tables import extend_table


def run_job(run: Path, progress: Recorder) -> EvaluatedRun:
    directory = project_of(run).jobs / "robustness-1"
    measure_run(directory, RobustnessRequest(run=run.name).to_json(), progress)
    return EvaluatedRun.open(run)


def test_the_result_says_how_the_evaluated_classifier_answers(finished_run: Path) -> None:
    """As they are, the pictures get the evaluation's own answers; every condition counts all pictures."""
    evaluated = run_job(finished_run, Recorder())
    report, answers = read_robustness(evaluated), read_answers(evaluated)
    assert report is not None
    assert report.clean.accuracy == evaluated.report.accuracy
    assert report.pictures == report.test_pictures == 9
    assert [result.code for result in report.corruptions] == [row.code for row in CORRUPTIONS]
    clean = answers[answers["code"] == ""].set_index("id")
    recorded = evaluated.predictions.set_index("id").loc[clean.index]
    assert clean["predicted"].tolist() == recorded["predicted"].tolist()
    np.testing.assert_allclose(clean["confidence"], recorded["confidence"], atol=1e-5)
    labels = evaluated.dataset.pictures.set_index("id")["label"]
    for result in report.corruptions:
        for level, condition in enumerate(result.conditions):
            own = answers[(answers["code"] == result.code) & (answers["level"] == level)]
            right = (own["predicted"].to_numpy() == labels.loc[own["id"]].to_numpy()).mean()
            assert condition.accuracy == pytest.approx(right)
            assert condition.drop == pytest.approx(report.clean.accuracy - right)


def test_a_stopped_test_leaves_no_result(finished_run: Path) -> None:
    with pytest.raises(JobStopped):
        run_job(finished_run, Recorder(stop=lambda recorder: len(recorder.steps) == 3))
    assert read_robustness(EvaluatedRun.open(finished_run)) is None


def test_the_job_tests_a_sample_of_the_test_pictures(finished_run: Path) -> None:
    directory = project_of(finished_run).jobs / "robustness-1"
    measure_run(directory, RobustnessRequest(run=finished_run.name, pictures=4).to_json(), Recorder())
    evaluated = EvaluatedRun.open(finished_run)
    report, answers = read_robustness(evaluated), read_answers(evaluated)
    assert report is not None
    assert (report.pictures, report.test_pictures) == (4, 9)
    test = set(evaluated.dataset.pictures["id"].iloc[evaluated.rows(Split.TEST)])
    assert set(answers["id"]) < test


def test_a_new_corruption_is_measured(finished_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row in the table is all that it takes; black pictures have one answer."""
    row = replace(
        CORRUPTIONS[0],
        code="throwaway",
        strengths=(1.0,),
        apply=lambda pictures, strength, randoms: np.zeros_like(pictures),
    )
    extend_table(monkeypatch, CORRUPTIONS, row)
    answers = read_answers(run_job(finished_run, Recorder()))
    assert answers[answers["code"] == "throwaway"]["predicted"].nunique() == 1


def test_the_job_kind_names_the_step() -> None:
    (step,) = JOB_TYPES[JobKind.ROBUSTNESS].steps
    assert step.function == f"{measure_run.__module__}:{measure_run.__name__}"
