"""Answers of a bundle, by its own program in a fresh environment with its own requirements."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.delivery.answering import Answers
from core.delivery.formats.environment import fresh_python

_PROGRAM = Path(__file__).parent.parent / "bundle" / "answer_many.py"


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
        python, surroundings = fresh_python(folder / "environment", bundle / "requirements.txt")
        subprocess.run(
            [python, program, listing, output],
            cwd=bundle,
            env=os.environ | {"PYTHONPATH": str(bundle)},
            stdin=subprocess.DEVNULL,
            check=True,
        )
        with np.load(output) as answers:
            return Answers(
                answers["probabilities"], answers["scores"] if len(answers["scores"]) else None, surroundings
            )
