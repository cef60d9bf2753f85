"""Gallery of the training pictures most similar to a picture."""

from __future__ import annotations

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.mistakes.neighbours import SimilarPictures
from pages.ui.display_names.labels import label_text
from pages.ui.gallery import Tile, gallery
from pages.ui.text import _

_TILE_PIXELS = 110


def similar_gallery(evaluated: EvaluatedRun, similar: SimilarPictures | None, *, key: str) -> None:
    """Draw similar training pictures with their labels; None: no features are stored."""
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
            caption=f"{similarity:.2f}",
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
