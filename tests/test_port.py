"""A port that cannot be used is explained before the server starts."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from core.port import free_port, main, problem_of
from tests.conftest import ROOT


@pytest.fixture
def used_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_in_use_names_the_command_with_another_one(
    used_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(used_port)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"Port {used_port} is in use, perhaps by another Darkroom")
    named = re.search(r"make PORT=(\d+) run", said)
    assert named is not None
    assert main([named[1]]) == 0


@pytest.mark.parametrize("text", ["x", "70000", "-1"])
def test_a_number_that_is_no_port_is_explained(text: str) -> None:
    assert problem_of(text) == f"“{text}” is no port: it must be a number from 1 to 65535."


def test_a_free_port_is_no_problem() -> None:
    assert problem_of(str(free_port())) is None


def test_make_run_checks_the_port_first(used_port: int) -> None:
    """The server's own error names no way out."""
    recipe = re.search(r"^run:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    first, second = recipe[1].splitlines()
    assert "-m core.port $(PORT)" in first
    assert "streamlit run" in second
    answer = subprocess.run(
        [sys.executable, "-m", "core.port", str(used_port)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, "make PORT=" in answer.stderr) == (2, True)
