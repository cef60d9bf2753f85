"""Training pictures most similar to a picture of the dataset, on the Evaluate page."""

from __future__ import annotations

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.mistakes.neighbours import similar_training_pictures
from pages.ui.similar_pictures import similar_gallery

_SIMILAR = 8


def show_similar_pictures(evaluated: EvaluatedRun, row: int, *, key: str) -> None:
    """Draw the training pictures most similar to a picture, given by its row in the dataset's pictures."""
    similar_gallery(evaluated, similar_training_pictures(evaluated, row, _SIMILAR), key=key)
