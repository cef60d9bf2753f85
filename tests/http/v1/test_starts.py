"""Work that takes long is a job, and a refused one starts nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.learning_curve.records import CurvePoint, LearningCurve, write_learning_curve
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.workspace import Project
from tests.support.api_client import post
from tests.support.http_client import ask
from tests.support.robustness import store_robustness


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    """Jobs that would have been started."""
    jobs: list[JobDirectory] = []
    for module in ("temporary_jobs", "start_runs"):
        monkeypatch.setattr(f"core.runs.{module}.launch", lambda job, **options: jobs.append(job))
    return jobs


STARTS: tuple[tuple[str, object, JobKind], ...] = (
    ("runs/{run}/robustness", {"pictures": 7}, JobKind.ROBUSTNESS),
    ("runs/{run}/learning-curve", None, JobKind.LEARNING_CURVE),
    ("runs/{run}/mean-heatmaps", None, JobKind.EXPLAIN),
    ("runs/{run}/averaging", None, JobKind.AVERAGING),
    ("runs/{run}/latency", None, JobKind.MEASURE_RUNS),
    ("runs/{run}/repeat", None, JobKind.TRAIN),
    ("projects/{project}/check", None, JobKind.EXAMINE),
    ("projects/{project}/groups", None, JobKind.GROUP),
    ("projects/{project}/bake-off", {}, JobKind.BAKEOFF),
    ("projects/{project}/runs/timing", {}, JobKind.PROFILE),
    ("backbones/measurements", {}, JobKind.MEASURE),
    ("backbones/efficientnet_lite0/download", None, JobKind.DOWNLOAD),
)


@pytest.mark.parametrize(("path", "body", "kind"), STARTS, ids=[row[2] for row in STARTS])
def test_long_work_starts_a_job(
    finished_run: Path,
    digits_project: Project,
    launched: list[JobDirectory],
    path: str,
    body: object,
    kind: JobKind,
) -> None:
    address = path.format(run=finished_run.name, project=digits_project.name)
    reply = post(f"/api/v1/{address}", body)
    assert reply.status == 202, reply.json
    (job,) = launched
    assert job.kind is kind
    view: dict[str, Any] = reply.json.get("job", reply.json)
    assert view["id"] == job.name


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("runs/none/robustness", {}, 404),
        ("runs/{run}/robustness", {"pictures": 0}, 400),
        ("projects/none/bake-off", {}, 404),
        ("projects/{project}/bake-off", {"backbones": ["none"]}, 400),
        ("backbones/none/download", None, 404),
        ("backbones/small_cnn/download", None, 400),
        ("projects/{project}/runs/timing", {"settings": {"epochs": -1}}, 400),
    ],
)
def test_what_cannot_be_started_is_refused(
    finished_run: Path,
    digits_project: Project,
    launched: list[JobDirectory],
    path: str,
    body: object,
    status: int,
) -> None:
    address = path.format(run=finished_run.name, project=digits_project.name)
    reply = post(f"/api/v1/{address}", body)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert launched == []


def test_a_search_varies_what_it_is_told(digits_project: Project, launched: list[JobDirectory]) -> None:
    address = f"/api/v1/projects/{digits_project.name}/searches"
    space = {"l2": {"low": 0.001, "high": 0.1}}
    started = post(address, {"trials": 3, "folds": 4, "space": space})
    assert started.status == 202, started.json
    config = launched[0].config()
    assert (config["folds"], list(config["space"]["domains"])) == (4, ["l2"])
    again = post(address, {"trials": 3, "start_from": launched[0].name})
    assert launched[1].config()["start_from"] == launched[0].name
    assert again.status == 202
    for wrong in ({"space": {"luck": {"choices": [1]}}}, {"space": {"l2": 5}}, {"folds": 1}):
        assert post(address, {"trials": 3, **wrong}).status == 400, wrong
    assert post(address, {"trials": 3, "start_from": "search-none"}).status == 404
    assert post(address, {"trials": 3, "start_from": "../runs"}).status == 404
    assert len(launched) == 2


def test_a_measurement_is_not_found_before_its_job(finished_run: Path, digits_project: Project) -> None:
    for path in (
        f"runs/{finished_run.name}/robustness",
        f"runs/{finished_run.name}/learning-curve",
        f"runs/{finished_run.name}/mean-heatmaps",
        f"projects/{digits_project.name}/bake-off",
        f"projects/{digits_project.name}/check",
        f"projects/{digits_project.name}/groups",
    ):
        assert ask(f"/api/v1/{path}").status == 404, path


def test_measurements_are_read_as_the_job_stored_them(finished_run: Path) -> None:
    """The code of a corruption leads to the strength from which a loss is proven."""
    evaluated = EvaluatedRun.open(finished_run)
    report = store_robustness(evaluated, {"blur": 2})
    answer = ask(f"/api/v1/runs/{finished_run.name}/robustness").json
    assert answer["report"] == report.to_json()
    assert set(answer["breaks"]) == {result.code for result in report.broken}
    curve = LearningCurve(points=(CurvePoint(pictures=10, accuracies=(0.5, 0.7)),), validation_pictures=9)
    write_learning_curve(evaluated, curve)
    assert ask(f"/api/v1/runs/{finished_run.name}/learning-curve").json == curve.to_json()


def test_the_cost_of_a_run_is_estimated_without_starting_it(digits_project: Project) -> None:
    address = f"/api/v1/projects/{digits_project.name}/runs/cost"
    quick, longer = (
        post(address, {"settings": {"recipe": recipe}}).json["seconds"] for recipe in ("quick", "best")
    )
    assert 0 < quick < longer
    assert list(digits_project.runs.iterdir()) == []
