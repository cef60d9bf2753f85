"""A page learns quickly that a server answers, and is never held up by one that does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from core.models.weights import connection
from core.models.weights.connection import is_reachable
from tests.support.command_line import PATIENCE_SECONDS


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.asked: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/weights.h5"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self.server.asked.append(self.path)
        self.server.may_answer.wait()
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(connection, "_requests", {})
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.may_answer.set()
        running.shutdown()


def test_a_server_that_answers_is_asked_once(server: Server) -> None:
    assert is_reachable(server.url)
    assert is_reachable(server.url.replace("weights", "other"))
    assert server.asked == ["/weights.h5"]


def test_a_server_that_refuses_does_not_answer(server: Server) -> None:
    """A proxy may let through to the host and still refuse."""
    server.status = 403
    assert not is_reachable(server.url)


def test_after_a_while_it_is_asked_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_reachable(server.url)
    server.status = 503
    monkeypatch.setattr(connection, "_REMEMBER_SECONDS", -1.0)
    assert not is_reachable(server.url)


def test_a_silent_server_holds_nobody_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later answer counts from then on."""
    monkeypatch.setattr(connection, "_WAIT_SECONDS", 0.0)
    server.may_answer.clear()
    assert not is_reachable(server.url)
    server.may_answer.set()
    (request,) = connection._requests.values()
    request.wait(PATIENCE_SECONDS)
    assert is_reachable(server.url)


def test_a_missing_server_is_not_reachable() -> None:
    assert not is_reachable("http://weights.invalid/weights.h5")
