"""Optional packages are installed by pip as a job, or the reason why not is said."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from core import optional_packages
from core.errors import ConfigError, InstallError
from core.optional_packages import (
    EXPORTS,
    FORMATS,
    INSTALL_VARIABLE,
    OPTIONAL_PACKAGES,
    ROOT,
    can_install,
    install,
    install_command,
    missing_packages,
)
from core.progress import JobStopped, QuietProgress


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Python whose pip does what ``script`` says, and notes its arguments."""
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$0.arguments"\n. "$0.script"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(optional_packages, "can_install", lambda: True)
    return tmp_path


def pinned(file: str) -> dict[str, str]:
    """Lines of a requirements file by package, without those that include another file."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0]: line for line in lines if "==" in line and not line.startswith("#")}


@pytest.mark.parametrize("package", OPTIONAL_PACKAGES.values(), ids=lambda package: package.name)
def test_each_package_is_pinned_in_its_requirements_with_its_size(
    package: optional_packages.OptionalPackage,
) -> None:
    text = (ROOT / package.requirements).read_text(encoding="utf-8")
    # One package has nothing but versions of a day, such as 0.dev20261023182759.
    assert re.fullmatch(rf"{package.name}==[\d.]+(dev\d+)?", package.requirement)
    comment = text[: text.index(f"\n{package.requirement}")].rstrip().splitlines()[-1]
    assert comment.endswith(f"{package.megabytes} MB).")


def test_the_requirements_hold_only_optional_packages_in_one_version_each() -> None:
    """“pip install -r” and the button then install the same."""
    formats, exports = pinned(FORMATS), pinned(EXPORTS)
    assert {**formats, **exports}.keys() == OPTIONAL_PACKAGES.keys()
    assert all(formats[name] == exports[name] for name in formats.keys() & exports.keys())


def test_pip_gets_the_pinned_lines_and_builds_nothing(pip: Path) -> None:
    (pip / "python.script").write_text("exit 0")
    names = ["nibabel", "av"]
    assert install(pip, {"packages": names}, QuietProgress()) == {"packages": names}
    arguments = (pip / "python.arguments").read_text().splitlines()
    assert arguments[:3] == ["-m", "pip", "install"]
    assert arguments[-2:] == [OPTIONAL_PACKAGES[name].requirement for name in names]
    assert "--only-binary=:all:" in arguments


def test_what_darkroom_runs_on_keeps_its_version(pip: Path) -> None:
    """A converter that wants another NumPy is refused instead of breaking the running server."""
    (pip / "python.script").write_text("exit 0")
    install(pip, {"packages": ["pypdfium2"]}, QuietProgress())
    arguments = (pip / "python.arguments").read_text().splitlines()
    constraints = Path(arguments[arguments.index("--constraint") + 1]).read_text().splitlines()
    assert f"numpy=={version('numpy')}" in constraints
    assert not any(line.startswith("pypdfium2==") for line in constraints)


def test_the_command_installs_all_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        optional_packages, "find_spec", lambda module: None if module in {"av", "nibabel"} else object()
    )
    missing = missing_packages(["pypdfium2", "nibabel", "av"])
    assert re.fullmatch(r"pip install nibabel==[\d.]+ av==[\d.]+", install_command(missing))


def test_without_the_internet_the_reason_and_the_command_are_said(pip: Path) -> None:
    (pip / "python.script").write_text(
        'echo "WARNING: Retrying"; echo "ERROR: No matching distribution found for av==18.1.0"; exit 1'
    )
    with pytest.raises(InstallError, match=r"av could not be installed: No matching .* pip install av=="):
        install(pip, {"packages": ["av"]}, QuietProgress())


def test_a_stop_ends_pip(pip: Path) -> None:
    class Stopping(QuietProgress):
        def should_stop(self) -> bool:
            return True

    (pip / "python.script").write_text("exec sleep 60")
    with pytest.raises(JobStopped):
        install(pip, {"packages": ["av"]}, Stopping())


@pytest.mark.parametrize("package", ["tensorflow", "../av", "av; echo"])
def test_nothing_else_can_be_installed(pip: Path, package: str) -> None:
    with pytest.raises(ConfigError, match="no optional package"):
        install(pip, {"packages": ["av", package]}, QuietProgress())


def test_an_operator_can_forbid_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INSTALL_VARIABLE, "0")
    assert not can_install()
    with pytest.raises(ConfigError, match="Nothing can be installed from here"):
        install(Path(), {"packages": ["av"]}, QuietProgress())


def test_an_environment_that_cannot_be_written_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert not can_install()
