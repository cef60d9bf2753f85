"""One test picture in detail: its probabilities, and the training pictures most similar to it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.labels.layout import Split
from core.delivery.files import is_delivered
from core.delivery.prediction import Guess
from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui.components.explanation import show_explanation
from pages.ui.display_names.labels import label_text
from pages.ui.evaluate.similar import show_similar_pictures
from pages.ui.gallery import Tile, gallery, probability_bars
from pages.ui.text import _

_MOST_CLASSES = 6


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
        show_similar_pictures(evaluated, row, key="closer-similar")
        if is_delivered(evaluated.run) and st.toggle(
            _("Why?"), help=_("Show where the classifier looks in this picture."), key="closer-why"
        ):
            show_explanation(
                evaluated.run,
                evaluated.dataset.picture_bytes(row),
                key=f"closer-{picture['id']}",
                truth=picture["label"],
            )


def _probabilities(evaluated: EvaluatedRun, index: int) -> None:
    names, test = evaluated.dataset.class_names, evaluated.test
    probabilities = test.probabilities[index]
    best = np.argsort(-probabilities, kind="stable")[:_MOST_CLASSES].tolist()
    probability_bars(
        [Guess(name=names[one], probability=float(probabilities[one])) for one in best],
        marked=[names[one] for one in np.flatnonzero(test.predicted[index]).tolist()],
    )
