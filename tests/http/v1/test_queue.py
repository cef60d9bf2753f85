"""Doubtful pictures are labelled, answers corrected, and the log switched, as on the Predict page."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from core.data.dataset import open_dataset
from core.files import sha256_bytes
from core.prediction.doubts import Doubt
from core.prediction.queue.store import QueuedPicture, put
from core.workspace import Project
from tests.support.api_client import post, post_pictures
from tests.support.http_client import ask
from tests.support.pictures import digit

# Not among the project's classes.
SEVEN, NINE = digit(7), digit(9)


@pytest.fixture
def address(digits_project: Project) -> str:
    return f"/api/v1/projects/{digits_project.name}"


@pytest.fixture
def queued(digits_project: Project) -> list[str]:
    """Two unsure pictures, by their digest."""
    for data in (SEVEN, NINE):
        picture = QueuedPicture(
            sha256=sha256_bytes(data),
            name="shot.png",
            run="run-1",
            doubt=Doubt.UNSURE,
            answer="3",
            confidence=0.4,
        )
        put(digits_project, picture, data, None)
    return [sha256_bytes(SEVEN), sha256_bytes(NINE)]


def test_the_queue_lists_what_waits_with_its_pictures(address: str, queued: list[str]) -> None:
    answer = ask(f"{address}/queue").json
    assert {one["sha256"] for one in answer["unsure"]} == set(queued)
    assert (answer["strange"], answer["skipped"]) == ([], 0)
    Image.open(io.BytesIO(ask(f"{address}/queue/{queued[0]}").body)).verify()
    for name in ("0" * 64, "..", "x"):
        assert ask(f"{address}/queue/{name}").status == 404


def test_a_labelled_picture_joins_the_dataset(address: str, queued: list[str]) -> None:
    assert post(f"{address}/queue/labels", {"pictures": queued[:1], "label": "7"}).status == 200
    assert ask(f"{address}/pictures?label=7").json["pictures"][0]["sha256"] == queued[0]
    assert [one["sha256"] for one in ask(f"{address}/queue").json["unsure"]] == queued[1:]


def test_a_skipped_picture_can_be_asked_about_again(address: str, queued: list[str]) -> None:
    skipped = post(f"{address}/queue/decisions", {"pictures": queued, "state": "skipped"}).json
    assert (skipped["unsure"], skipped["skipped"]) == ([], 2)
    again = post(f"{address}/queue/decisions", {"pictures": queued[:1], "state": "waiting"}).json
    assert [one["sha256"] for one in again["unsure"]] == queued[:1]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("labels", {"pictures": ["0" * 64], "label": "7"}, 404),
        ("labels", {"pictures": ["../../project.json"], "label": "7"}, 404),
        ("labels", {"pictures": [], "label": "7"}, 400),
        ("labels", {"pictures": [sha256_bytes(SEVEN)], "label": ""}, 400),
        ("decisions", {"pictures": ["0" * 64], "state": "skipped"}, 404),
        ("decisions", {"pictures": [], "state": "lost"}, 400),
    ],
)
def test_a_wrong_answer_to_the_queue_changes_nothing(
    address: str, digits_project: Project, queued: list[str], path: str, body: object, status: int
) -> None:
    version = open_dataset(digits_project).version
    assert post(f"{address}/queue/{path}", body).status == status
    assert open_dataset(digits_project).version == version
    assert len(ask(f"{address}/queue").json["unsure"]) == len(queued)


def test_corrected_pictures_join_training_or_validation(address: str, finished_run: Path) -> None:
    """The test set stays as it is: it must remain a sample of what comes."""
    query = f"label=5&run={finished_run.name}&answer=3"
    before = ask(f"{address}").json
    after = post_pictures(f"{address}/corrections?{query}", SEVEN).json
    assert after["classes"]["5"] == before["classes"]["5"] + 1
    assert after["splits"]["test"] == before["splits"]["test"]


@pytest.mark.parametrize(
    ("query", "picture", "status"),
    [
        ("label=7&run=none", SEVEN, 404),
        ("label=7", SEVEN, 400),
        ("label=7&run={run}&answer=4", SEVEN, 404),
        ("label=&run={run}", SEVEN, 400),
        ("label=7&run={run}", b"nothing", 400),
    ],
)
def test_a_wrong_correction_writes_no_version(
    address: str, digits_project: Project, finished_run: Path, query: str, picture: bytes, status: int
) -> None:
    version = open_dataset(digits_project).version
    reply = post_pictures(f"{address}/corrections?{query.format(run=finished_run.name)}", picture)
    assert (reply.status, open_dataset(digits_project).version) == (status, version), reply.json


def test_answers_are_logged_while_the_log_is_on(address: str, finished_run: Path) -> None:
    run = f"/api/v1/runs/{finished_run.name}"
    assert ask(f"{address}/log").json == {"settings": {"is_on": False, "keeps_pictures": False}, "bytes": 0}
    post_pictures(f"{run}/predict", SEVEN)
    assert post(f"{address}/log", {"is_on": True}, method="PUT").json["settings"]["is_on"]
    post_pictures(f"{run}/predict", NINE)
    answer = ask(f"{run}/log").json
    assert (answer["total"], answer["answers"][0]["sha256"]) == (1, sha256_bytes(NINE))
    assert answer["answers"][0]["source"] == "api"
    drift = ask(f"{run}/drift").json
    assert (drift["answers"], drift["left_out"], drift["is_proven"], drift["drift"]) == (1, 0, False, None)
    assert ask(f"{address}/log", method="DELETE").status == 204
    assert ask(f"{run}/log").json["total"] == 0


def test_a_log_that_was_never_on_is_deleted_too(address: str) -> None:
    assert ask(f"{address}/log", method="DELETE").status == 204


def test_drift_is_measured_from_fifty_answers_on(address: str, finished_run: Path) -> None:
    """Sixty pictures of sevens and nines are unlike the threes, fives and eights of the test."""
    from sklearn.datasets import load_digits

    post(f"{address}/log", {"is_on": True}, method="PUT")
    labels = load_digits().target
    shots = [digit(index) for index in range(len(labels)) if labels[index] in {7, 9}][:60]
    post_pictures(f"/api/v1/runs/{finished_run.name}/predict", *shots)
    answer = ask(f"/api/v1/runs/{finished_run.name}/drift").json
    assert answer["answers"] == 60
    assert {share["name"] for share in answer["drift"]["shares"]} == {"3", "5", "8"}
    assert sum(share["now"] for share in answer["drift"]["shares"]) == pytest.approx(1)
