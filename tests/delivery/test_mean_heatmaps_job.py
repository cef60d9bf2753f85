"""The job explains the answers of a run, and stores their means beside its evaluation."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from core.data.labels.layout import Split
from core.delivery.mean_heatmaps_job import explain_run, sample_cases
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.mean_heatmaps import read_mean_heatmaps
from core.jobs.kinds import JOB_TYPES, JobKind
from core.progress import JobStopped, QuietProgress
from core.workspace import project_of


class StopsAtOnce(QuietProgress):
    def should_stop(self) -> bool:
        return True


@pytest.fixture
def job_folder(finished_run: Path) -> Path:
    return project_of(finished_run).jobs / "explain"


def test_means_are_stored_for_each_pair_of_class_and_answer(finished_run: Path, job_folder: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    assert read_mean_heatmaps(evaluated) is None
    explain_run(job_folder, {"run": finished_run.name}, QuietProgress())
    result = read_mean_heatmaps(evaluated)
    assert result is not None
    both = np.concatenate([evaluated.rows(Split.TEST), evaluated.rows(Split.VALIDATION)])
    assert sum(mean.pictures for mean in result.means) <= len(both)
    right = [mean for mean in result.means if mean.is_right]
    assert {mean.answer for mean in right} <= set(evaluated.dataset.class_names)
    for mean in result.means:
        assert np.sum(mean.values) == pytest.approx(1, abs=0.01)
    # The run was continued: its classifier is another.
    later = evaluated.file("mean_heatmaps.json").stat().st_mtime_ns + 1
    os.utime(evaluated.file("report.json"), ns=(later, later))
    assert read_mean_heatmaps(evaluated) is None


def test_a_sample_has_at_most_so_many_pictures_of_a_pair(finished_run: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    assert len(sample_cases(evaluated, 1000)) == len(evaluated.predictions)
    pairs = [case[1:] for case in sample_cases(evaluated, 1)]
    assert len(pairs) == len(set(pairs))
    assert sample_cases(evaluated, 1) == sample_cases(evaluated, 1)


def test_a_stop_stores_nothing(finished_run: Path, job_folder: Path) -> None:
    with pytest.raises(JobStopped):
        explain_run(job_folder, {"run": finished_run.name}, StopsAtOnce())
    assert read_mean_heatmaps(EvaluatedRun.open(finished_run)) is None


def test_the_kind_of_job_names_this_function() -> None:
    (step,) = JOB_TYPES[JobKind.EXPLAIN].steps
    assert step.function == f"{explain_run.__module__}:{explain_run.__name__}"
