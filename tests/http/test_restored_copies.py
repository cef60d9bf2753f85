"""A project restored beside the original has runs of the same names; PROJECT/RUN says which one is meant."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.delivery.files import read_labels, write_labels
from core.errors import AmbiguousNameError
from core.http.protocols.mcp import local_call, serve_lines
from core.jobs.status import JobState, JobStatus
from core.prediction.batch.batches import find_batch
from core.workspace import project_of
from tests.support.api_client import post, post_pictures
from tests.support.batches import waiting_batch
from tests.support.http_client import ask
from tests.support.pictures import digit, write_folder

PICTURE = digit(3)
CLASSES = ("three", "five", "eight")


@pytest.fixture
def restored(finished_run: Path) -> Path:
    """The copy of a run in another project, whose classes have other names."""
    projects = finished_run.parents[2]
    # A space and a letter beyond ASCII, which addresses encode.
    shutil.copytree(project_of(finished_run).path, projects / "zurück 2")
    run = projects / "zurück 2" / "runs" / finished_run.name
    write_labels(run, replace(read_labels(run), class_names=CLASSES))
    return run


def qualified(run: Path) -> str:
    return f"{project_of(run).name}/{run.name}"


@pytest.mark.parametrize("slash", ["/", "%2F"])
def test_the_api_answers_with_the_run_of_that_project(finished_run: Path, restored: Path, slash: str) -> None:
    """The slash is encoded by clients that are made from the OpenAPI document."""
    for run, names in ((finished_run, {"3", "5", "8"}), (restored, set(CLASSES))):
        name = qualified(run).replace("/", slash).replace(" ", "%20")
        reply = post_pictures(f"/api/v1/runs/{name}/predict", PICTURE)
        assert {one["name"] for one in reply.json["predictions"][0]["classes"]} == names
        assert ask(f"/api/v1/runs/{name}").json["job"]["project"] == project_of(run).name
        assert ask(f"/api/v1/runs/{name}/report").status == 200
        assert ask(f"/api/v1/jobs/{name}").json["project"] == project_of(run).name
        assert ask(f"/api/v1/runs/{name}/exports/tflite").status == 200
    assert (
        post(f"/api/v1/runs/{qualified(restored)}", {"note": "copy"}, method="PATCH").json["note"] == "copy"
    )
    assert ask(f"/api/v1/runs/{qualified(finished_run)}").json["note"] == ""


def test_the_name_alone_is_ambiguous_and_the_answer_says_what_to_ask_for(
    finished_run: Path, restored: Path
) -> None:
    for address in (f"/api/v1/runs/{finished_run.name}", f"/api/v1/jobs/{finished_run.name}"):
        reply = ask(address)
        assert (reply.status, reply.headers["content-type"]) == (409, "application/problem+json")
        assert qualified(restored) in reply.json["detail"]


@pytest.mark.parametrize(
    "name", ["none/{}", "{}/none", "digits/{}/x", "../{}", "%2e%2e/{}", "digits%2F%2F{}"]
)
def test_other_paths_name_no_run(finished_run: Path, name: str) -> None:
    reply = ask(f"/api/v1/runs/{name.format(finished_run.name)}")
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")


def test_what_follows_a_name_is_no_run(finished_run: Path) -> None:
    """DELETE of a run's report must not ask for a run called “report”."""
    assert ask(f"/api/v1/runs/{finished_run.name}/report", method="DELETE").status == 405


def test_a_model_of_the_open_inference_protocol_is_called_so_too(finished_run: Path, restored: Path) -> None:
    """Triton's client leaves the slash in the address."""
    name = qualified(restored)
    assert ask(f"/v2/models/{name}").json["name"] == name
    assert ask(f"/v2/models/{name}/ready").json == {"name": name, "ready": True}
    assert ask(f"/v2/models/{name}/versions/1/ready").json["ready"]
    file = {"name": "file", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(PICTURE).decode()]}
    reply = post(f"/v2/models/{name}/infer", {"inputs": [file], "outputs": [{"name": "label"}]})
    assert reply.json["model_name"] == name
    assert reply.json["outputs"][0]["data"] == ["three"]
    assert ask(f"/v2/models/{finished_run.name}/ready").status == 409


def test_label_studio_asks_it_for_labels(restored: Path) -> None:
    address = f"/api/label-studio/{qualified(restored)}"
    interface = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"/></View>'
    picture = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
    assert ask(f"{address}/health").json["status"] == "UP"
    assert post(f"{address}/setup", {"schema": interface}).status == 200
    reply = post(f"{address}/predict", {"tasks": [{"data": {"image": picture}}], "label_config": interface})
    assert reply.json["results"][0]["result"][0]["value"] == {"choices": ["three"]}


def test_language_models_predict_with_it(restored: Path) -> None:
    lines: list[str] = []
    arguments = {"run": qualified(restored), "image": base64.b64encode(PICTURE).decode()}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    call |= {"params": {"name": "predict", "arguments": arguments}}
    serve_lines([json.dumps(call)], lines.append, local_call())
    result: Any = json.loads(lines[0])["result"]
    assert result["structuredContent"]["predictions"][0]["labels"] == ["three"]


def test_a_batch_of_two_projects_is_never_chosen_silently(finished_run: Path, tmp_path: Path) -> None:
    """Deleting one by its name would delete whichever comes first."""
    job = waiting_batch(finished_run, write_folder(tmp_path / "pictures", {"3.png": PICTURE}))
    job.write_status(JobStatus(state=JobState.FINISHED))
    projects = finished_run.parents[2]
    shutil.copytree(project_of(finished_run).path, projects / "back")
    with pytest.raises(AmbiguousNameError, match=f"back/{job.name}"):
        find_batch(job.name)
    assert project_of(find_batch(f"back/{job.name}").path).name == "back"
    assert ask(f"/api/v1/batches/{job.name}").status == 409
    assert ask(f"/api/v1/batches/back/{job.name}").json["job"]["project"] == "back"
    assert ask(f"/api/v1/batches/back/{job.name}", method="DELETE").status == 200
    assert find_batch(job.name).path == job.path
