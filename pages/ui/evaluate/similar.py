"""Training pictures most similar to a picture, on the Evaluate page."""

from __future__ import annotations

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.mistakes.neighbours import SimilarPictures, similar_training_pictures
from pages.ui.evaluate.labels import label_text
from pages.ui.gallery import Tile, gallery
from pages.ui.text import _, number

_SIMILAR = 8
_TILE_PIXELS = 110


def show_similar_pictures(evaluated: EvaluatedRun, row: int, *, key: str) -> None:
    """Draw the training pictures most similar to a picture, given by its row in the dataset's pictures."""
    similar = similar_training_pictures(evaluated, row, _SIMILAR)
    if similar is None:
        st.caption(
            _("No features of this picture are stored. Check the pictures on the Data page to compute them.")
        )
        return
    st.markdown(_("**Most similar training pictures**"), help=_source(similar))
    pictures = evaluated.dataset.pictures.iloc[similar.rows]
    tiles = [
        Tile(
            picture=evaluated.dataset.thumbnail(row),
            strong=label_text(label),
            caption=number(round(similarity, 2)),
        )
        for row, label, similarity in zip(
            similar.rows.tolist(), pictures["label"], similar.similarities.tolist(), strict=True
        )
    ]
    gallery(tiles, key=key, tile_pixels=_TILE_PIXELS)


def _source(similar: SimilarPictures) -> str:
    text = (
        _("By the features of {backbone}, from which this classifier decides.")
        if similar.decided
        else _(
            "By the features of {backbone} as pretrained; this classifier decides from features of its own."
        )
    )
    closeness = _("The number is their cosine similarity: 1 is the same, 0 has nothing in common.")
    return f"{text.format(backbone=similar.backbone)} {closeness}"
