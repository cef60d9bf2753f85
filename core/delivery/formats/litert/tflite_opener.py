"""LiteRT files in LiteRT, on all cores."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.delivery.answering import Answerer, Answers
from core.models.litert.engine import BATCH_SIZE, Engine


def open_tflite(file: Path) -> Answerer:
    """Load a LiteRT file of any batch size; a second output holds the stranger scores."""
    engine = Engine(file)
    size = 1 if engine.has_fixed_batch else BATCH_SIZE

    def answer(pictures: np.ndarray) -> Answers:
        batches = range(0, len(pictures), size)
        outputs = [engine.run_all(pictures[start : start + size]) for start in batches]
        probabilities, *scores = (np.concatenate(parts) for parts in zip(*outputs, strict=True))
        return Answers(probabilities, scores[0][:, 0] if scores else None)

    return answer
