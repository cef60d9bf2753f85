"""Exported programs, unpacked, and the fresh virtual environments with their own requirements."""

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
from core.files import hash_file
from core.optional_packages import can_install

log = logging.getLogger("darkroom.certificate")

# Darkroom's pip installs into the environment, which needs none of its own.
_PIP = (sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "--python")
# Wheels only: a source package runs a program of its own to build itself. Modules are compiled when they
# are imported, and most never are.
_INSTALL = ("install", "--only-binary=:all:", "--no-compile", "--requirement")
# Written into an environment when it has all its packages.
_WHOLE = "whole"


@dataclass(frozen=True, kw_only=True)
class UnpackedProgram:
    """An exported program, and the Python that runs it."""

    # Beside it is room for other files, which go with it.
    folder: Path
    python: str
    environment: Environment


@contextmanager
def unpacked_program(file: Path, environments: Path) -> Iterator[UnpackedProgram]:
    """Unpack a zip with a program, and install its requirements.

    Where nothing can be installed, or without internet, Darkroom's own Python runs it.

    Args:
        environments: folder of environments; one with the same requirements is used again.
    """
    with TemporaryDirectory(prefix="darkroom-") as name:
        folder = Path(name, "program")
        with zipfile.ZipFile(file) as archive:
            archive.extractall(folder)
        python, environment = _fresh_python(folder / "requirements.txt", environments)
        yield UnpackedProgram(folder=folder, python=python, environment=environment)


def _fresh_python(requirements: Path, environments: Path) -> tuple[str, Environment]:
    """Python of an environment with these packages alone; Darkroom's own where none can be made, or without internet."""
    if not can_install():
        return sys.executable, Environment.PROCESS
    # Programs whose requirements have another text share none: a range of versions admits newer ones.
    fresh = environments / hash_file(requirements)
    python = fresh / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (fresh / _WHOLE).exists():
        for command in (
            (sys.executable, "-m", "venv", "--clear", "--without-pip", fresh),
            (*_PIP, python, *_INSTALL, requirements),
        ):
            if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
                log.warning("No fresh environment could be made, so the program runs in Darkroom's own")
                return sys.executable, Environment.PROCESS
        (fresh / _WHOLE).touch()
    return str(python), Environment.FRESH_ENVIRONMENT
