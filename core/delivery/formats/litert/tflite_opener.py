"""LiteRT files in LiteRT, on all cores."""

from __future__ import annotations

from pathlib import Path

from core.delivery.answering import Answerer
from core.delivery.formats.interface import answer_in_batches
from core.models.litert.engine import BATCH_SIZE, Engine


def open_tflite(file: Path) -> Answerer:
    """Load a LiteRT file of any batch size; a second output holds the stranger scores."""
    engine = Engine(file)
    return answer_in_batches(engine.run_all, 1 if engine.has_fixed_batch else BATCH_SIZE)
