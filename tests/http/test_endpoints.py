"""Everything that the pages do is an address, and a wrong request is answered by one sentence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.data.dataset import open_dataset
from core.delivery.files import tflite_file
from core.files import hash_file
from core.http.access.tokens import Scope, create_token
from core.http.application import ENDPOINTS
from core.http.endpoint import Call, Endpoint
from core.jobs.directory import JobDirectory
from core.prediction.batch.batches import find_batch
from core.records import Record
from core.runs.compare import run_about
from core.runs.control import wait_for
from core.workspace import Project, get_project, list_projects
from tests.support.api_client import post
from tests.support.http_client import ask
from tests.support.pictures import digit
from tests.support.tables import extend_table


@dataclass(frozen=True, kw_only=True)
class Greeting(Record):
    """Answer of a throwaway endpoint."""

    text: str


def greet(call: Call) -> Greeting:
    return Greeting(text=f"Hello {call.path['name']}")


def test_a_new_endpoint_answers_asks_for_its_scope_and_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row is all that it needs."""
    row = Endpoint(
        method="GET",
        path="/v1/greetings/{name}",
        summary="Greet somebody.",
        scope=Scope.READ,
        handler=greet,
        answer=Greeting,
    )
    extend_table(monkeypatch, ENDPOINTS, row)
    assert ask("/api/v1/greetings/Ada").json == {"text": "Hello Ada"}
    _, secret = create_token("script", [Scope.PREDICT])
    elsewhere = {"Authorization": f"Bearer {secret}", "X-Forwarded-For": "203.0.113.7"}
    assert ask("/api/v1/greetings/Ada", headers=elsewhere).status == 403
    operation = ask("/api/openapi.json").json["paths"]["/v1/greetings/{name}"]["get"]
    assert (operation["summary"], operation["x-scope"]) == ("Greet somebody.", "read")
    assert "Greet somebody." in ask("/api/docs").body.decode()


def test_health_and_readiness_need_no_token() -> None:
    for path in ("/api/health", "/api/ready"):
        assert ask(path, is_local=False).json["status"] == "ok"


def test_metrics_count_requests_by_the_template_of_their_path() -> None:
    """Names of runs would make a series each."""
    text = ask("/api/metrics").body.decode()
    assert "darkroom_requests_in_progress 1.0" in text


def test_a_project_is_made_and_deleted() -> None:
    made = post("/api/v1/projects", {"name": "leaves", "classes": ["oak", "elm"]})
    assert made.status == 201
    assert open_dataset(get_project("leaves")).all_class_names == ("oak", "elm")
    assert post("/api/v1/projects", {"name": "leaves"}).status == 409
    deleted = ask("/api/v1/projects/leaves", method="DELETE")
    assert (deleted.status, deleted.body) == (204, b"")
    assert list_projects() == []


@pytest.mark.parametrize(
    "body", [{}, {"name": 5}, {"name": ""}, {"name": "a/b"}, {"name": "x", "colour": 1}, [], None, "x"]
)
def test_a_project_that_cannot_be_is_refused_in_a_sentence(body: object) -> None:
    reply = post("/api/v1/projects", body)
    assert reply.status == 400
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["detail"].endswith(".")
    assert list_projects() == []


def test_the_pictures_of_a_project_are_edited(digits_project: Project) -> None:
    """Each edit writes a version; restoring one writes another."""
    address = f"/api/v1/projects/{digits_project.name}"
    threes = ask(f"{address}/pictures?label=3&limit=2").json
    assert (threes["total"], len(threes["pictures"])) == (24, 2)
    ids = [picture["id"] for picture in threes["pictures"]]
    assert post(f"{address}/labels", {"ids": ids, "label": "5"}).json["classes"] == {
        "3": 22,
        "5": 22,
        "8": 16,
    }
    assert post(f"{address}/exclusions", {"ids": ids[:1]}).json["classes"] == {"3": 22, "5": 21, "8": 16}
    changes = ask(f"{address}/versions/difference?older=1&newer=3").json
    assert changes["relabelled"] == {picture: ["3", "5"] for picture in ids}
    assert changes["excluded"] == ids[:1]
    assert post(f"{address}/versions/1/restore", None).json["classes"]["3"] == 24
    assert [one["number"] for one in ask(f"{address}/versions").json["versions"]] == [4, 3, 2, 1]


def test_a_finished_run_is_looked_at(finished_run: Path) -> None:
    address = f"/api/v1/runs/{finished_run.name}"
    run = ask(address).json
    assert run["is_ready"]
    assert run["job"]["state"] == "finished"
    report = ask(f"{address}/report").json["report"]
    assert report["accuracy"] == run["accuracy"]
    assert len(ask(f"{address}/epochs").json["epochs"]) == len(JobDirectory(finished_run).metrics())
    assert post(address, {"name": "first"}, method="PATCH").status == 200
    assert run_about(JobDirectory(finished_run)).name == "first"
    assert ask(address, method="DELETE").json["bytes"] > 0
    assert ask(address).status == 404


@pytest.mark.parametrize("name", ["run-none", "..", "%2e%2e", "%00", "%ff", "a%2fb", "a%0ab", "ü" * 300])
@pytest.mark.parametrize("path", ["/v1/runs/{}", "/v1/jobs/{}", "/v1/searches/{}", "/v1/projects/{}"])
def test_what_is_not_there_is_not_found(name: str, path: str) -> None:
    reply = ask("/api" + path.format(name))
    assert reply.status == 404
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": -1},
        {"backbone": "none"},
        {"recipe": []},
        {"head": 5},
        {"augmentation": {"x": 1}},
        {"colour": 1},
    ],
)
def test_training_with_a_wrong_setting_is_refused(
    digits_project: Project, settings: dict[str, object]
) -> None:
    for resource, body in (("runs", {}), ("searches", {"trials": 1})):
        reply = post(f"/api/v1/projects/{digits_project.name}/{resource}", {**body, "settings": settings})
        assert reply.status in {400, 404}, reply.json
    assert list(digits_project.runs.iterdir()) == []


def test_an_import_names_one_source_and_none_of_the_server_s_own_files(tmp_path: Path) -> None:
    for body in (
        {"project": "x"},
        {"project": "x", "sample": "digits", "folder": str(tmp_path)},
        {"project": "x", "folder": str(tmp_path)},
        {"project": "x", "sample": "digits", "settings": {"table": "/etc/passwd"}},
        {"project": "x", "upload": {"upload": "0" * 16, "token": "x"}},
    ):
        assert post("/api/v1/imports", body).status in {400, 404}
    assert post("/api/v1/imports", {"project": "x", "sample": "none"}).status == 404


def test_a_wrong_method_is_told_the_right_ones() -> None:
    reply = ask("/api/v1/projects", method="PUT")
    assert reply.status == 405
    assert {method.strip() for method in reply.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}


def test_every_endpoint_is_documented_and_every_reference_leads_somewhere() -> None:
    document = ask("/api/openapi.json").json
    described = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(endpoint.method.lower(), endpoint.path) for endpoint in ENDPOINTS}
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert name in document["components"]["schemas"]
    assert document["openapi"].startswith("3.1")


def test_operations_have_names_of_their_own() -> None:
    """Generated clients make a function of each."""
    document = ask("/api/openapi.json").json
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))


def test_the_documentation_page_loads_nothing() -> None:
    reply = ask("/api/docs")
    text = reply.body.decode()
    assert not any(mark in text for mark in ("<script", "src=", "url(", "@import", "<link"))
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert all(endpoint.summary.replace("'", "&#39;") in text for endpoint in ENDPOINTS)


def test_a_folder_of_the_server_is_classified_as_a_batch(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only of a folder that the operator allows."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "3.png").write_bytes(digit(3))
    address = f"/api/v1/runs/{finished_run.name}/batches"
    assert post(address, {"folder": str(folder)}).status == 400
    assert post(address, {}).status == 400
    monkeypatch.setenv("DARKROOM_FOLDERS", str(tmp_path))
    started = post(address, {"folder": str(folder)})
    assert started.status == 202
    batch = started.json["job"]["id"]
    wait_for(find_batch(batch).job)
    assert ask(f"/api/v1/batches/{batch}").json["counts"]["pictures"] == 1
    assert b"3.png" in ask(f"/api/v1/batches/{batch}/answers/csv").body
    assert ask(f"/api/v1/batches/{batch}/answers/none").status == 404
    assert ask(f"/api/v1/batches/{batch}", method="DELETE").json["bytes"] > 0
    assert ask(f"/api/v1/batches/{batch}").status == 404


def test_files_of_a_run_are_listed_made_and_downloaded(finished_run: Path) -> None:
    address = f"/api/v1/runs/{finished_run.name}/exports"
    states = {one["format"]: one["state"] for one in ask(address).json["exports"]}
    assert states["tflite"] == "proven"
    assert ask(f"{address}/tflite").digest == hash_file(tflite_file(finished_run))
    assert ask(f"{address}/tflite/certificate").status == 404
    for path in ("none", "none/certificate"):
        assert ask(f"{address}/{path}").status == 404
    refused: tuple[dict[str, object], ...] = (
        {"formats": ["none"]},
        {"formats": []},
        {"formats": ["tflite"], "allowed_loss": 2},
        {},
    )
    for body in refused:
        assert post(address, body).status in {400, 404}, body
