"""Answers of a bundle, by its own program in a fresh environment with its own requirements."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.delivery.answering import Answers, Surroundings
from core.optional_packages import can_install

log = logging.getLogger("darkroom.certificate")

_PROGRAM = Path(__file__).parent.parent / "bundle" / "answer_many.py"
# Wheels only: a source package runs a program of its own to build itself.
_PIP = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--only-binary=:all:")


def answer_with_bundle(file: Path, pictures: Sequence[Path]) -> Answers:
    """Unpack a bundle, install its requirements and let its program answer.

    Where nothing can be installed, or without internet, it runs in Darkroom's environment.
    """
    with TemporaryDirectory(prefix="darkroom-") as name:
        folder = Path(name)
        bundle, listing, output = folder / "bundle", folder / "pictures.json", folder / "answers.npz"
        with zipfile.ZipFile(file) as archive:
            archive.extractall(bundle)
        listing.write_text(json.dumps([str(picture.resolve()) for picture in pictures]), encoding="utf-8")
        # In a folder of its own: Python looks for modules beside a program first.
        program = shutil.copy(_PROGRAM, folder)
        python = _fresh_python(folder / "environment", bundle / "requirements.txt")
        subprocess.run(
            [python or sys.executable, program, listing, output],
            cwd=bundle,
            env=os.environ | {"PYTHONPATH": str(bundle)},
            stdin=subprocess.DEVNULL,
            check=True,
        )
        with np.load(output) as answers:
            return Answers(
                answers["probabilities"],
                answers["scores"] if len(answers["scores"]) else None,
                Surroundings.FRESH_ENVIRONMENT if python else Surroundings.PROCESS,
            )


def _fresh_python(environment: Path, requirements: Path) -> Path | None:
    """Python of a new environment with these packages; None where it cannot be made."""
    if not can_install():
        return None
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    for command in (
        [sys.executable, "-m", "venv", str(environment)],
        [str(python), *_PIP, "--requirement", str(requirements)],
    ):
        if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
            log.warning("No fresh environment could be made, so the bundle runs in Darkroom's own")
            return None
    return python
