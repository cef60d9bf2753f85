"""Optional readers are installed by pip as a job, or the reason why not is said."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from core.data.containers import optional_readers
from core.data.containers.optional_readers import (
    INSTALL_VARIABLE,
    OPTIONAL_READERS,
    REQUIREMENTS,
    can_install,
    install,
)
from core.errors import ConfigError, InstallError
from core.progress import JobStopped, QuietProgress


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Python whose pip does what ``script`` says, and notes its arguments."""
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$0.arguments"\n. "$0.script"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(optional_readers, "can_install", lambda: True)
    return tmp_path


def test_each_reader_is_pinned_in_the_requirements_with_its_size() -> None:
    text = REQUIREMENTS.read_text(encoding="utf-8")
    for reader in OPTIONAL_READERS.values():
        assert re.fullmatch(rf"{reader.package}==[\d.]+", reader.requirement)
        comment = text[: text.index(reader.requirement)].rstrip().splitlines()[-1]
        assert comment.endswith(f"{reader.megabytes} MB).")


def test_pip_gets_the_pinned_line_and_builds_nothing(pip: Path) -> None:
    (pip / "python.script").write_text("exit 0")
    assert install(pip, {"package": "nibabel"}, QuietProgress()) == {"package": "nibabel"}
    arguments = (pip / "python.arguments").read_text().splitlines()
    assert arguments[:3] == ["-m", "pip", "install"]
    assert arguments[-1] == OPTIONAL_READERS["nibabel"].requirement
    assert "--only-binary=:all:" in arguments


def test_without_the_internet_the_reason_and_the_command_are_said(pip: Path) -> None:
    (pip / "python.script").write_text(
        'echo "WARNING: Retrying"; echo "ERROR: No matching distribution found for av==18.1.0"; exit 1'
    )
    with pytest.raises(InstallError, match=r"av could not be installed: No matching .* pip install av=="):
        install(pip, {"package": "av"}, QuietProgress())


def test_a_stop_ends_pip(pip: Path) -> None:
    class Stopping(QuietProgress):
        def should_stop(self) -> bool:
            return True

    (pip / "python.script").write_text("exec sleep 60")
    with pytest.raises(JobStopped):
        install(pip, {"package": "av"}, Stopping())


@pytest.mark.parametrize("package", ["tensorflow", "../av", "av; echo"])
def test_nothing_else_can_be_installed(pip: Path, package: str) -> None:
    with pytest.raises(ConfigError, match="no reader"):
        install(pip, {"package": package}, QuietProgress())


def test_an_operator_can_forbid_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INSTALL_VARIABLE, "0")
    assert not can_install()
    with pytest.raises(ConfigError, match="Nothing can be installed from here"):
        install(Path(), {"package": "av"}, QuietProgress())


def test_an_environment_that_cannot_be_written_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert not can_install()
