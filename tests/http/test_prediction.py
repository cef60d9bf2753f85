"""Programs get the same answers as the pages, and a sentence where there is none."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from core.delivery.files import parity_file
from core.delivery.prediction import Classifier
from core.http.receiving import MAX_PICTURES, MAX_PICTURES_BYTES
from core.prediction.log.settings import LogSettings, log_folder, write_log_settings
from core.prediction.log.store import AnswerSource, logged_answers
from core.workspace import project_of
from tests.support.api_client import post, post_pictures
from tests.support.http_client import ask
from tests.support.pictures import digit, encoded

PICTURES = (digit(3), digit(5))


def test_answers_are_those_of_the_classifier(finished_run: Path) -> None:
    """Every class, most probable first, in the order of the pictures."""
    reply = post_pictures(f"/api/v1/runs/{finished_run.name}/predict", *PICTURES)
    assert reply.status == 200
    classifier = Classifier(finished_run)
    for data, answer in zip(PICTURES, reply.json["predictions"], strict=True):
        guesses = classifier.guesses(data)
        assert [one["name"] for one in answer["classes"]] == [guess.name for guess in guesses]
        assert [one["probability"] for one in answer["classes"]] == pytest.approx(
            [guess.probability for guess in guesses]
        )
        assert answer["labels"] == classifier.chosen_labels(guesses)


def test_base64_in_json_answers_as_a_form_does(finished_run: Path) -> None:
    address = f"/api/v1/runs/{finished_run.name}/predict?top=1"
    encoded = [{"name": "0.png", "data": base64.b64encode(PICTURES[0]).decode()}]
    assert post(address, {"pictures": encoded}).json == post_pictures(address, PICTURES[0]).json


def test_the_answer_to_an_animation_says_that_it_is_that_to_the_first_frame(finished_run: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    moving = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    reply = post_pictures(f"/api/v1/runs/{finished_run.name}/predict", moving, PICTURES[0])
    doubts = [one["doubt"] for one in reply.json["predictions"]]
    assert doubts == ["The file has several frames or pages. Only the first was classified.", None]


def test_a_heatmap_comes_on_request_as_a_picture(finished_run: Path) -> None:
    reply = post_pictures(f"/api/v1/runs/{finished_run.name}/predict?heatmap=true", PICTURES[0])
    heatmap = reply.json["predictions"][0]["heatmap"]
    assert heatmap["class_name"] == reply.json["predictions"][0]["labels"][0]
    Image.open(io.BytesIO(base64.b64decode(heatmap["png"]))).verify()


@pytest.mark.parametrize("data", [b"", b"nothing", b"%PDF-1.7", PICTURES[0][:60]])
def test_a_file_that_is_no_picture_is_named(finished_run: Path, data: bytes) -> None:
    reply = post_pictures(f"/api/v1/runs/{finished_run.name}/predict", data)
    assert reply.status == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["code"] == "unreadable_image" or "0.png" in reply.json["detail"]


def test_a_run_without_a_finished_classifier_is_refused(finished_run: Path) -> None:
    parity_file(finished_run).unlink()
    reply = post_pictures(f"/api/v1/runs/{finished_run.name}/predict", PICTURES[0])
    assert reply.status == 404
    assert "has no finished classifier" in reply.json["detail"]


@pytest.mark.parametrize(
    "query", ["top=0", "top=many", "promise=0.5", "colour=red", "top=1&top=2", "heatmap=7"]
)
def test_an_unknown_option_is_refused(finished_run: Path, query: str) -> None:
    reply = post_pictures(f"/api/v1/runs/{finished_run.name}/predict?{query}", PICTURES[0])
    assert reply.status in {400, 404}


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"x", 415),
        ("application/json", b"", 400),
        ("application/json", b'{"pictures": []}', 400),
        ("application/json", b'{"pictures": [{"data": "???"}]}', 400),
        ("application/json", b'{"pictures": [{"data": NaN}]}', 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b'{"\\ud800": 1}', 400),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 400),
    ],
)
def test_a_body_of_another_form_is_refused(finished_run: Path, kind: str, body: bytes, status: int) -> None:
    reply = ask(
        f"/api/v1/runs/{finished_run.name}/predict",
        method="POST",
        headers={"Content-Type": kind},
        body=(body,),
    )
    assert reply.status == status
    assert reply.json["status"] == status


def test_a_body_over_the_limit_is_refused_unread(finished_run: Path) -> None:
    """Its length says so before a byte arrives; one that hides its length is cut off at the limit."""
    address = f"/api/v1/runs/{finished_run.name}/predict"

    def unread() -> bytes:
        raise AssertionError("the body was read")

    said = ask(
        address, method="POST", headers={"Content-Length": str(MAX_PICTURES_BYTES + 1)}, body=(unread,)
    )
    assert said.status == 413
    piece = bytes(MAX_PICTURES_BYTES // 4 + 1)
    assert ask(address, method="POST", body=(piece, piece, piece, piece, unread)).status == 413


@pytest.mark.parametrize("count", [MAX_PICTURES + 1, MAX_PICTURES + 2])
def test_more_pictures_than_the_limit_are_refused_with_it(finished_run: Path, count: int) -> None:
    """In a form and in JSON alike, so that a client can send less at once."""
    address = f"/api/v1/runs/{finished_run.name}/predict"
    encoded = {"data": base64.b64encode(PICTURES[0]).decode()}
    for reply in (
        post_pictures(address, *[PICTURES[0]] * count),
        post(address, {"pictures": [encoded] * count}),
    ):
        assert reply.status == 413
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json["detail"] == "A request may hold 64 picture files. Send less at once."


def test_as_many_pictures_as_the_limit_are_answered(finished_run: Path) -> None:
    address = f"/api/v1/runs/{finished_run.name}/predict"
    assert len(post_pictures(address, *[PICTURES[0]] * MAX_PICTURES).json["predictions"]) == MAX_PICTURES


def test_a_client_that_hangs_up_harms_nothing(finished_run: Path) -> None:
    address = f"/api/v1/runs/{finished_run.name}/predict"
    assert ask(address, method="POST", body=(b"half",), is_cut_off=True).status == 499


@pytest.mark.parametrize("is_on", [False, True])
def test_answers_are_logged_where_the_project_logs(finished_run: Path, is_on: bool) -> None:
    """Nothing that a program sends is kept unasked, not in the queue either."""
    project = project_of(finished_run)
    write_log_settings(project, LogSettings(is_on=is_on))
    assert post_pictures(f"/api/v1/runs/{finished_run.name}/predict", PICTURES[0]).status == 200
    logged = logged_answers(project, finished_run.name)
    assert [answer.source for answer in logged] == ([AnswerSource.API] if is_on else [])
    # Once, although the reader of the log would hide a repetition.
    assert sum(file.read_bytes().count(b"\n") for file in log_folder(project).glob("*.jsonl")) == is_on
