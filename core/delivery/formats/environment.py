"""Fresh virtual environments in which exported programs are checked with their own requirements."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from core.delivery.answering import Surroundings
from core.optional_packages import can_install

log = logging.getLogger("darkroom.certificate")

# Wheels only: a source package runs a program of its own to build itself.
_PIP = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--only-binary=:all:")


def fresh_python(environment: Path, requirements: Path) -> tuple[str, Surroundings]:
    """Python of a new environment with these packages; Darkroom's own where none can be made, or without internet."""
    if not can_install():
        return sys.executable, Surroundings.PROCESS
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    for command in (
        [sys.executable, "-m", "venv", str(environment)],
        [str(python), *_PIP, "--requirement", str(requirements)],
    ):
        if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
            log.warning("No fresh environment could be made, so the program runs in Darkroom's own")
            return sys.executable, Surroundings.PROCESS
    return str(python), Surroundings.FRESH_ENVIRONMENT
