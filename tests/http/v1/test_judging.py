"""Models made elsewhere are opened, tested and compared by programs, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.foreign.facts import JudgementRequest
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.workspace import Project
from tests.support.api_client import post
from tests.support.http_client import ask
from tests.support.judged_models import store_judgement, store_model


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    jobs: list[JobDirectory] = []
    monkeypatch.setattr("core.runs.judging.launch", jobs.append)
    return jobs


@pytest.fixture
def address(digits_project: Project) -> str:
    return f"/api/v1/projects/{digits_project.name}/models"


def test_a_model_is_opened_from_a_folder_that_the_operator_allows(
    address: str,
    finished_run: Path,
    launched: list[JobDirectory],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "theirs.tflite").write_bytes(b"TFL3")
    assert post(address, {"folder": str(folder)}).status == 400
    monkeypatch.setenv("DARKROOM_FOLDERS", str(tmp_path))
    opened = post(address, {"folder": str(folder), "run": finished_run.name})
    assert (opened.status, opened.json["model"]) == (202, "theirs")
    (job,) = launched
    assert job.kind is JobKind.INSPECT_MODEL
    assert job.config()["dataset_version"] == EvaluatedRun.open(finished_run).dataset.version
    for body in ({}, {"folder": str(folder), "upload": {"upload": "x", "token": "x"}}):
        assert post(address, body).status == 400


def test_a_model_is_tested_with_the_mapping_that_is_given(
    address: str, digits_project: Project, launched: list[JobDirectory]
) -> None:
    store_model(digits_project, ["3", "five", "8"])
    body = {"mapping": {"five": "5"}, "preprocessing": "unit-crop"}
    assert post(f"{address}/theirs/judgement", body).status == 202
    (job,) = launched
    request = JudgementRequest.from_json(job.config())
    assert (request.name, request.changes) == ("theirs", {"five": "5"})
    assert request.preprocessing is not None
    assert request.preprocessing.fitting == "crop"


@pytest.mark.parametrize(
    "body",
    [
        {"mapping": {"six": "5"}},
        {"mapping": {"five": "6"}},
        {"preprocessing": "sideways"},
        {"run": "none"},
        {"colour": 1},
    ],
)
def test_a_wrong_setting_starts_no_test(
    address: str, digits_project: Project, launched: list[JobDirectory], body: object
) -> None:
    store_model(digits_project, ["3", "five", "8"])
    assert post(f"{address}/theirs/judgement", body).status in {400, 404}
    assert launched == []


def test_a_tested_model_is_read_compared_and_deleted(
    address: str, digits_project: Project, finished_run: Path
) -> None:
    """It calls everything a 3, so the run is right where it is wrong."""
    folder = store_model(digits_project, ["3", "five", "8"])
    comparison = f"{address}/theirs/comparison?run={finished_run.name}"
    assert ask(f"{address}/theirs").json["report"] is None
    assert ask(comparison).status == 404
    store_judgement(digits_project, folder)
    shown = ask(f"{address}/theirs").json
    assert shown["report"]["accuracy"] == EvaluatedRun.open(folder).report.accuracy
    assert [one["model"] for one in ask(address).json["models"]] == ["theirs"]
    run, model = (EvaluatedRun.open(path).test.exact_matches for path in (finished_run, folder))
    test = ask(comparison).json["comparison"]["test"]
    assert (test["fixed"], test["broken"]) == (int((run & ~model).sum()), int((model & ~run).sum()))
    assert ask(f"{address}/theirs", method="DELETE").status == 204
    assert not folder.exists()
    assert ask(f"{address}/theirs").status == 404
