"""Tokens are made, listed and revoked on the command line."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from core.__main__ import main
from core.http.access.tokens import Scope, create_token, list_tokens


def test_a_token_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "create", "camera", "--scopes", "predict", "read"]) == 0
    made = capsys.readouterr().out
    assert "token: darkroom_" in made
    (token,) = list_tokens()
    assert token.scopes == (Scope.PREDICT, Scope.READ)
    assert main(["token", "list"]) == 0
    listed = capsys.readouterr().out
    assert "name: camera" in listed
    assert "darkroom_" not in listed
    assert main(["token", "revoke", token.id]) == 0
    assert list_tokens() == ()


@pytest.mark.parametrize(
    "arguments", [["token", "create"], ["token", "revoke", "none"], ["serve", "run-none"]]
)
def test_what_cannot_be_is_one_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_port_that_cannot_be_had_is_one_sentence(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create_token("camera", [Scope.PREDICT])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments, sentence in [
            (["--port", str(port)], f"port {port}: Address already in use"),
            (["--port", "70000"], "“70000” is no port"),
            (["--port", "-1"], "“-1” is no port"),
            (["--host", "no.such.name.invalid"], "cannot listen at no.such.name.invalid"),
        ]:
            assert main(["serve", finished_run.name, *arguments]) == 2
            complaint = capsys.readouterr().err
            assert sentence in complaint
            assert complaint.count("\n") == 1
