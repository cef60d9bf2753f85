"""Programs with the same requirements share a fresh environment, others have one of their own."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.delivery.answering import Environment
from core.delivery.formats import environment
from core.delivery.formats.environment import unpacked_program


class Shell:
    """Commands that were asked for; each ends at once."""

    def __init__(self) -> None:
        self.programs: list[str] = []
        self.fails = False

    def run(self, command: Sequence[object], **_options: object) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in command]
        self.programs.append(words[2])  # python -m PROGRAM
        if words[2] == "venv":
            Path(words[-1]).mkdir(parents=True, exist_ok=True)
        return subprocess.CompletedProcess(words, 1 if self.fails else 0)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell()
    monkeypatch.setattr(subprocess, "run", shell.run)
    monkeypatch.setattr(environment, "can_install", lambda: True)
    return shell


def packed(file: Path, requirements: str) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("requirements.txt", requirements)
    return file


def test_the_same_requirements_are_installed_once(tmp_path: Path, shell: Shell) -> None:
    """A range of versions admits newer ones than those that it holds now, so it is no other text's environment."""
    pythons = []
    for name, requirements in (("a", "numpy==2.4.6\n"), ("b", "numpy==2.4.6\n"), ("c", "numpy>=1.24\n")):
        with unpacked_program(packed(tmp_path / name, requirements), tmp_path / "all") as program:
            assert (program.folder / "requirements.txt").read_text() == requirements
            assert program.environment is Environment.FRESH_ENVIRONMENT
            pythons.append(program.python)
    assert shell.programs == ["venv", "pip", "venv", "pip"]
    assert pythons[0] == pythons[1] != pythons[2]


def test_an_environment_that_lacks_packages_is_not_used(tmp_path: Path, shell: Shell) -> None:
    file = packed(tmp_path / "a", "numpy==0\n")
    shell.fails = True
    with unpacked_program(file, tmp_path / "all") as program:
        assert program.environment is Environment.PROCESS
    shell.fails = False
    with unpacked_program(file, tmp_path / "all") as program:
        assert program.environment is Environment.FRESH_ENVIRONMENT
    assert shell.programs == ["venv", "venv", "pip"]
