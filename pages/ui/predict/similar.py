"""Training pictures most similar to a new picture."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.delivery.prediction import Prediction
from core.errors import DarkroomError
from core.evaluation.evaluated_run import EvaluatedRun
from core.prediction.similar import similar_to
from pages.ui.similar_pictures import similar_gallery
from pages.ui.text import show

_COUNT = 6


def show_similar(run: Path, data: bytes, prediction: Prediction, *, key: str) -> None:
    """Draw the training pictures nearest to picture bytes, or say why there are none."""
    try:
        evaluated = EvaluatedRun.open(run)
        found = similar_to(evaluated, data, _COUNT, prediction.cells)
        similar_gallery(evaluated, found, key=f"{key}-similar-pictures")
    except DarkroomError as error:
        st.caption(show(error.message))
