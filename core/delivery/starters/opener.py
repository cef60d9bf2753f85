"""Networks in starter projects, run in LiteRT."""

from __future__ import annotations

import zipfile
from pathlib import Path

from core.delivery.answering import Answerer
from core.delivery.formats.interface import answer_in_batches
from core.models.litert.engine import Engine


def open_starter(file: Path) -> Answerer:
    """Load the LiteRT file in a starter's zip, which takes one picture at a time."""
    with zipfile.ZipFile(file) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".tflite"))
        engine = Engine(archive.read(name))
    return answer_in_batches(engine.run_all, 1)
