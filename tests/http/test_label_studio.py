"""Label Studio gets pre-labels for its tasks, and Darkroom opens no address but Label Studio's own."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.auth import HTTPBasicAuth

from core.delivery.prediction import Classifier
from core.errors import ConfigError, NotFoundError
from core.http.access.tokens import Scope, create_token
from core.http.protocols.label_studio import KEY_VARIABLE, URL_VARIABLE, find_choices, read_picture
from tests.support.api_client import post
from tests.support.http_client import Reply, ask
from tests.support.pictures import digit

PICTURE = digit(3)
EMBEDDED = "data:image/png;base64," + base64.b64encode(PICTURE).decode()


def interface(*values: str, extra: str = "") -> str:
    choices = "".join(f'<Choice value="{value}"/>' for value in values)
    return (
        f'<View>{extra}<Image name="scan" value="$image"/>'
        f'<Choices name="digit" toName="scan">{choices}</Choices></View>'
    )


@pytest.fixture
def label_studio(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that has one picture for those who know its key, and redirects to elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            knows_key = self.headers.get("Authorization") == "Token key"
            is_elsewhere = self.path == "/elsewhere"
            self.send_response(302 if is_elsewhere else 200 if knows_key else 401)
            if is_elsewhere:
                self.send_header("Location", "http://127.0.0.1:1/x.png")
            self.end_headers()
            self.wfile.write(PICTURE)

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv(URL_VARIABLE, address)
    monkeypatch.setenv(KEY_VARIABLE, "key")
    yield address
    server.shutdown()
    server.server_close()


def test_tasks_get_the_answer_of_the_classifier(finished_run: Path) -> None:
    address = f"/api/label-studio/{finished_run.name}"
    assert ask(f"{address}/health").json["status"] == "UP"
    setup = {
        "project": "1.2",
        "schema": interface("3", "5", "8"),
        "hostname": "http://ls",
        "access_token": "x",
    }
    assert post(f"{address}/setup", setup).json == {"model_version": finished_run.name}
    reply = post(
        f"{address}/predict",
        {"tasks": [{"id": 1, "data": {"image": EMBEDDED}}], "label_config": interface("3", "5", "8")},
    )
    (result,) = reply.json["results"]
    answer = Classifier(finished_run).guesses(PICTURE)[0]
    assert result["result"] == [
        {
            "from_name": "digit",
            "to_name": "scan",
            "type": "choices",
            "value": {"choices": [answer.name]},
            "score": pytest.approx(answer.probability),
        }
    ]
    assert result["score"] == pytest.approx(answer.probability)


def sent_by_label_studio(method: str, address: str, content: Any, secret: str) -> Reply:
    """Send a request as Label Studio 1.23.2 puts it on the wire: its connector uses ``requests``, with the token as password."""
    session = requests.Session()
    session.headers.update({"User-Agent": "heartex/1.23.2"})
    request = requests.Request(
        method,
        f"http://localhost:8501{address}",
        json=None if method == "GET" else content,
        auth=HTTPBasicAuth("darkroom", secret),
    )
    prepared = session.prepare_request(request)
    headers, body = {name: str(value) for name, value in prepared.headers.items()}, prepared.body or b""
    assert isinstance(body, bytes)
    return ask(address, method=method, headers=headers, body=(body,), is_local=False)


def test_the_requests_of_label_studio_s_own_client_are_answered(finished_run: Path) -> None:
    """With every key that it sends, and in its order: each prediction is preceded by a new setup."""
    _, secret = create_token("label studio", [Scope.PREDICT])
    address, config = f"/api/label-studio/{finished_run.name}", interface("3", "5", "8")
    health = sent_by_label_studio("GET", f"{address}/health", None, secret)
    assert (health.status, health.json["status"]) == (200, "UP")
    setup = {
        "project": "7.1796000000",
        "schema": config,
        "hostname": "http://localhost:8080",
        "access_token": "0" * 40,
        "extra_params": None,
    }
    reply = sent_by_label_studio("POST", f"{address}/setup", setup, secret)
    assert reply.json["model_version"] == finished_run.name
    # A serialised task has further keys.
    task = {
        "id": 1,
        "data": {"image": EMBEDDED},
        "meta": {},
        "is_labeled": False,
        "overlap": 1,
        "inner_id": 1,
    }
    task |= {"project": 7, "annotations": [], "predictions": [], "file_upload": 3, "comment_authors": []}
    contexts: tuple[dict[str, Any] | None, ...] = (None, {"result": []})
    for context in contexts:
        content = {
            "tasks": [task, task | {"id": 2}],
            "project": setup["project"],
            "label_config": config,
            "params": {"login": None, "password": None, "context": context},
        }
        reply = sent_by_label_studio("POST", f"{address}/predict", content, secret)
        # As many as tasks, and each with what a prediction is stored with.
        results = reply.json["results"]
        assert [set(one) for one in results] == [{"result", "score", "model_version"}] * 2
        assert [one["result"][0]["value"]["choices"] for one in results] == [["3"], ["3"]]
    # Label Studio takes this status for a backend without versions of its own.
    assert sent_by_label_studio("GET", f"{address}/versions", None, secret).status == 404
    refused = sent_by_label_studio("POST", f"{address}/predict", content, "wrong")
    assert refused.status == 401


def test_a_task_without_a_label_that_can_be_chosen_stays_empty(finished_run: Path) -> None:
    """Label Studio expects a result for each task."""
    tasks = [{"data": {"image": EMBEDDED}}, {"data": {}}, {}, {"data": {"image": "data:,nothing"}}]
    reply = post(
        f"/api/label-studio/{finished_run.name}/predict",
        {"tasks": tasks, "label_config": interface("cat", "dog")},
    )
    assert [one["result"] for one in reply.json["results"]] == [[], [], [], []]


def test_a_picture_that_cannot_be_fetched_costs_its_task_alone(finished_run: Path, label_studio: str) -> None:
    addresses = [EMBEDDED, "http://127.0.0.1:1/x.png", "data:image/png;base64,?", "/data/upload/1/x.png"]
    reply = post(
        f"/api/label-studio/{finished_run.name}/predict",
        {
            "tasks": [{"data": {"image": address}} for address in addresses],
            "label_config": interface("3", "5", "8"),
        },
    )
    assert reply.status == 200
    assert [len(one["result"]) for one in reply.json["results"]] == [1, 0, 0, 1]


def test_a_request_has_a_limit_of_tasks_and_of_time(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each picture may be waited for, and a core stays busy meanwhile."""
    address, tasks = f"/api/label-studio/{finished_run.name}/predict", [{"data": {"image": EMBEDDED}}]
    reply = post(address, {"tasks": tasks * 1001, "label_config": interface("3")})
    assert (reply.status, "1001 tasks; at most 1000" in reply.json["detail"]) == (413, True)
    monkeypatch.setattr("core.http.protocols.label_studio._LONGEST_SECONDS", 0.0)
    reply = post(address, {"tasks": tasks * 2, "label_config": interface("3", "5", "8")})
    assert [one["result"] for one in reply.json["results"]] == [[], []]


def test_pictures_are_read_from_label_studio_with_its_key(label_studio: str) -> None:
    assert read_picture("/data/upload/1/x.png") == PICTURE
    assert read_picture(f"{label_studio}/data/upload/1/x.png") == PICTURE


@pytest.mark.parametrize(
    "address",
    [
        *("http://127.0.0.1:1/x.png", "https://example.org/x.png", "//example.org/x.png"),
        *("file:///etc/passwd", "ftp://example.org/x", "/elsewhere", "data:image/png;base64,?"),
    ],
)
def test_no_other_address_is_opened(label_studio: str, address: str) -> None:
    """A task could name the router, or the metadata of a cloud."""
    with pytest.raises(NotFoundError):
        read_picture(address)


def test_without_a_label_studio_no_address_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    with pytest.raises(NotFoundError):
        read_picture("/data/upload/1/x.png")


@pytest.mark.parametrize(
    "config",
    [
        "",
        "<View>",
        '<View><Image name="a" value="$a"/></View>',
        '<View><Choices name="c" toName="text"/><Image name="a" value="$a"/></View>',
        interface("3", extra='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
        f'<!DOCTYPE x [<!ENTITY e "e">]>{interface("3")}',
    ],
)
def test_an_interface_without_choices_for_a_picture_is_refused(config: str) -> None:
    with pytest.raises(ConfigError):
        find_choices(config)


def test_the_control_of_a_picture_is_found_among_others() -> None:
    extra = '<Text name="text" value="$t"/><Choices name="mood" toName="text"/><!-- a comment -->'
    choices = find_choices(interface("3", "5", extra=extra))
    assert (choices.from_name, choices.to_name, choices.field) == ("digit", "scan", "image")
    assert choices.values == {"3", "5"}


@pytest.mark.parametrize("address", ["http://[bad", "data:image/png;base64,é", "data:image/png;base64,YQ"])
def test_an_address_that_is_none_names_no_picture(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv(URL_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(NotFoundError):
        read_picture(address)


def test_a_name_with_spaces_and_letters_is_asked_for(label_studio: str) -> None:
    """Label Studio keeps the names of uploaded files."""
    for address in ("/data/größe 1.png", "/data/gr%C3%B6%C3%9Fe%201.png"):
        assert read_picture(address) == PICTURE
