"""The examples on the Export page do what they say."""

from __future__ import annotations

import io
import shlex
import urllib.request
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from core.http.access.tokens import Scope, create_token
from pages.ui.export.examples import curl_example, python_example
from tests.support.http_client import ask
from tests.support.pictures import digit

SERVER = "http://localhost:8501"


def test_the_python_example_prints_the_answer(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a token on a server that others reach, and without one on this computer."""
    _, secret = create_token("script", [Scope.PREDICT])
    (tmp_path / "picture.jpg").write_bytes(digit(3))
    monkeypatch.chdir(tmp_path)
    for needs_token in (True, False):

        def answered(request: urllib.request.Request, is_local: bool = not needs_token) -> io.BytesIO:
            assert isinstance(request.data, bytes)
            reply = ask(
                request.full_url.removeprefix(SERVER),
                method=request.get_method(),
                headers=dict(request.header_items()),
                body=(request.data,),
                is_local=is_local,
            )
            assert reply.status == 200
            return io.BytesIO(reply.body)

        monkeypatch.setattr(urllib.request, "urlopen", answered)
        example = python_example(SERVER, finished_run.name, needs_token=needs_token)
        with redirect_stdout(io.StringIO()) as printed:
            exec(example.replace("TOKEN", secret), {})
        assert printed.getvalue().startswith("['3'] [")


def test_the_curl_example_is_one_command() -> None:
    words = shlex.split(curl_example(SERVER, "run-1", needs_token=True))
    assert words == [
        "curl",
        "-H",
        "Authorization: Bearer TOKEN",
        "-F",
        "picture=@picture.jpg",
        f"{SERVER}/api/v1/runs/run-1/predict?top=3",
    ]
    assert "-H" not in shlex.split(curl_example(SERVER, "run-1", needs_token=False))
