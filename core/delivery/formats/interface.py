"""Names of inputs, outputs and metadata in export files, and their answers in batches.

Imported where one runtime alone is loaded, so it imports nothing but NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.delivery.answering import Answerer, Answers

# Of TensorFlow and LiteRT files.
SIGNATURE = "serving_default"
# uint8 RGB, (batch, size, size, 3)
PICTURE = "picture"
# float32, (batch, classes)
PROBABILITIES = "probabilities"
# float32, (batch, 1); files of runs without a stranger score lack it
STRANGER_SCORE = "stranger_score"
OUTPUTS = (PROBABILITIES, STRANGER_SCORE)

# Class names in the order of the probabilities, and ``ModelFacts`` as JSON.
LABELS = "labels"
FACTS = "darkroom"

_BATCH_SIZE = 16


def answer_in_batches(
    run: Callable[[np.ndarray], Sequence[np.ndarray]], batch_size: int = _BATCH_SIZE
) -> Answerer:
    """Make an answerer whose memory does not grow with the number of pictures.

    Args:
        run: from pictures, uint8 RGB (B, size, size, 3), to the outputs in the order of ``OUTPUTS``.
    """

    def answer(pictures: np.ndarray) -> Answers:
        starts = range(0, len(pictures), batch_size)
        outputs = [run(pictures[start : start + batch_size]) for start in starts]
        probabilities, *scores = (np.concatenate(parts) for parts in zip(*outputs, strict=True))
        return Answers(probabilities, scores[0][:, 0] if scores else None)

    return answer
