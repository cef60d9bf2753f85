"""Answers of a bundle, by its own program in a fresh environment with its own requirements."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.delivery.answering import Answers
from core.delivery.formats.environment import unpacked_program

_PROGRAM = Path(__file__).parent.parent / "bundle" / "answer_many.py"


def answer_with_bundle(file: Path, pictures: Sequence[Path], environments: Path) -> Answers:
    """Unpack a bundle, install its requirements and let its program answer."""
    with unpacked_program(file, environments) as bundle:
        folder = bundle.folder.parent
        listing, output = folder / "pictures.json", folder / "answers.npz"
        listing.write_text(json.dumps([str(picture.resolve()) for picture in pictures]), encoding="utf-8")
        # In a folder of its own: Python looks for modules beside a program first.
        program = shutil.copy(_PROGRAM, folder)
        subprocess.run(
            [bundle.python, program, listing, output],
            cwd=bundle.folder,
            env=os.environ | {"PYTHONPATH": str(bundle.folder)},
            stdin=subprocess.DEVNULL,
            check=True,
        )
        with np.load(output) as answers:
            return Answers(
                answers["probabilities"],
                answers["scores"] if len(answers["scores"]) else None,
                bundle.environment,
            )
