"""Exported programs, unpacked beside a fresh virtual environment with their own requirements."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from core.delivery.answering import Environment
from core.optional_packages import can_install

log = logging.getLogger("darkroom.certificate")

# Wheels only: a source package runs a program of its own to build itself.
_PIP = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--only-binary=:all:")


@dataclass(frozen=True, kw_only=True)
class UnpackedProgram:
    """An exported program, and the Python that runs it."""

    # Beside it is room for other files, which go with it.
    folder: Path
    python: str
    environment: Environment


@contextmanager
def unpacked_program(file: Path) -> Iterator[UnpackedProgram]:
    """Unpack a zip with a program, and install its requirements.

    Where nothing can be installed, or without internet, Darkroom's own Python runs it.
    """
    with TemporaryDirectory(prefix="darkroom-") as name:
        folder = Path(name, "program")
        with zipfile.ZipFile(file) as archive:
            archive.extractall(folder)
        python, environment = _fresh_python(Path(name, "environment"), folder / "requirements.txt")
        yield UnpackedProgram(folder=folder, python=python, environment=environment)


def _fresh_python(environment: Path, requirements: Path) -> tuple[str, Environment]:
    """Python of a new environment with these packages; Darkroom's own where none can be made, or without internet."""
    if not can_install():
        return sys.executable, Environment.PROCESS
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    for command in (
        [sys.executable, "-m", "venv", str(environment)],
        [str(python), *_PIP, "--requirement", str(requirements)],
    ):
        if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
            log.warning("No fresh environment could be made, so the program runs in Darkroom's own")
            return sys.executable, Environment.PROCESS
    return str(python), Environment.FRESH_ENVIRONMENT
