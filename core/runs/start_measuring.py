"""Start of the jobs that measure evaluated runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.delivery.mean_heatmaps_job import MeanHeatmapsRequest
from core.evaluation.averaging.measuring import require_measurable
from core.evaluation.averaging.records import AveragingRequest
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.learning_curve.records import LearningCurveRequest
from core.evaluation.robustness.records import RobustnessRequest
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.runs.temporary_jobs import start_temporary
from core.workspace import Project, project_of


def start_learning_curve(run: Path) -> JobDirectory:
    """Measure a run's accuracy over the number of its training pictures."""
    request = LearningCurveRequest(run=run.name)
    return start_temporary(project_of(run).jobs, JobKind.LEARNING_CURVE, request.to_json())


def start_robustness_test(run: Path, pictures: int) -> JobDirectory:
    """Test a run, or a judged model, on a corrupted sample of at most so many of its test pictures."""
    project = project_of(run)
    request = RobustnessRequest(run=run.name, is_judged=run.parent == project.judged, pictures=pictures)
    return start_temporary(project.jobs, JobKind.ROBUSTNESS, request.to_json())


def start_explaining(run: Path) -> JobDirectory:
    """Make the mean heatmaps of a run's answers, and look for shortcuts in them."""
    request = MeanHeatmapsRequest(run=run.name)
    return start_temporary(project_of(run).jobs, JobKind.EXPLAIN, request.to_json())


def start_averaging(run: Path) -> JobDirectory:
    """Measure on validation what averaging the answers to several views of a picture gains.

    Raises:
        EvaluationError: validation pictures cannot tell.
    """
    require_measurable(EvaluatedRun.open(run))
    request = AveragingRequest(run=run.name)
    return start_temporary(project_of(run).jobs, JobKind.AVERAGING, request.to_json())


def start_timing(project: Project, runs: Sequence[Path]) -> JobDirectory:
    """Measure the latency of delivered classifiers on this machine."""
    config = {"runs": [run.name for run in runs]}
    return start_temporary(project.jobs, JobKind.MEASURE_RUNS, config)
