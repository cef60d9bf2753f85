"""One test picture in detail: its probabilities, and the training pictures most similar to it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.labels.layout import Split
from core.delivery.prediction import Guess
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.mistakes.neighbours import SimilarPictures, similar_training_pictures
from pages.ui.evaluate.labels import label_text
from pages.ui.gallery import Tile, gallery, probability_bars
from pages.ui.text import _, number

_MOST_CLASSES = 6
_SIMILAR = 8
_TILE_PIXELS = 110


def show_closer(evaluated: EvaluatedRun, index: int) -> None:
    """Draw a picture by its index in ``evaluated.test``."""
    row = int(evaluated.rows(Split.TEST)[index])
    picture = evaluated.dataset.pictures.iloc[row]
    with st.container(border=True, key="closer-look"):
        left, right = st.columns([1, 3], gap="medium")
        with left:
            tile = Tile(
                picture=evaluated.dataset.thumbnail(row),
                strong=label_text(picture["label"]),
                caption=picture["name"].rsplit("/", 1)[-1],
            )
            gallery([tile], key="closer-picture", columns=1, whole_captions=True)
        with right:
            st.markdown(_("**Probabilities**"))
            _probabilities(evaluated, index)
        similar = similar_training_pictures(evaluated, row, _SIMILAR)
        if similar is None:
            st.caption(
                _(
                    "No features of this picture are stored. Check the pictures on the Data page to compute them."
                )
            )
        else:
            _similar(evaluated, similar)


def _probabilities(evaluated: EvaluatedRun, index: int) -> None:
    names, test = evaluated.dataset.class_names, evaluated.test
    probabilities = test.probabilities[index]
    best = np.argsort(-probabilities, kind="stable")[:_MOST_CLASSES].tolist()
    probability_bars(
        [Guess(name=names[one], probability=float(probabilities[one])) for one in best],
        marked=[names[one] for one in np.flatnonzero(test.predicted[index]).tolist()],
    )


def _similar(evaluated: EvaluatedRun, similar: SimilarPictures) -> None:
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
    gallery(tiles, key="closer-similar", tile_pixels=_TILE_PIXELS)


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
