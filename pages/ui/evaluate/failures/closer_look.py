"""Dialog with one test picture in detail: its probabilities, and the training pictures most similar to it.

``closer_grid`` is for any part of the page that shows test pictures. A grid needs a rerun to learn that
its event was answered, so the dialog opens in the next one, and in no other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.data.labels.layout import Split
from core.delivery.files import is_delivered
from core.delivery.prediction import Guess
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import has_numbers
from pages.ui import state
from pages.ui.components.explanation import show_explanation
from pages.ui.components.picture_grid import GridAction, GridEvent, GridTile, picture_grid
from pages.ui.display_names.labels import label_text
from pages.ui.evaluate.similar import show_similar_pictures
from pages.ui.gallery import Tile, gallery, probability_bars
from pages.ui.jobs import try_to
from pages.ui.text import _, escape

_MOST_CLASSES = 6


def look_action() -> GridAction:
    """Build the action whose event is answered by ``look_closer``."""
    return GridAction(id="look", label=_("Look closer"), key="v", opens_dialog=True)


@st.fragment
def closer_grid(
    evaluated: EvaluatedRun, tiles: Sequence[GridTile], *, key: str, tile_pixels: int = 140
) -> None:
    """Draw test pictures to look at closer. A fragment: the dialog redraws nothing else."""
    event = picture_grid(
        tiles,
        key=key,
        label=_("Test pictures"),
        actions=[look_action()],
        tile_pixels=tile_pixels,
        whole_captions=True,
    )
    if event is not None:
        look_closer(event)
    show_looked_at(evaluated)


def look_closer(event: GridEvent) -> None:
    """Run the page anew, which opens the dialog of the event's first picture."""
    state.look_at(event.ids[0])
    st.rerun()


def show_looked_at(evaluated: EvaluatedRun) -> None:
    """Open the dialog of the test picture that an event of a grid named; once."""
    identifier = state.take_looked_at()
    if identifier is None:
        return
    pictures = evaluated.dataset.pictures.iloc[evaluated.rows(Split.TEST)]
    for index in np.flatnonzero(pictures["id"] == identifier).tolist():
        # Two dialogs of one title in a row count as one in the browser, so the picture is named.
        title = escape(str(pictures["name"].iat[index]).rsplit("/", 1)[-1])
        st.dialog(title, width="medium")(show_closer)(evaluated, index)


def show_closer(evaluated: EvaluatedRun, index: int) -> None:
    """Draw a picture by its index in ``evaluated.test``."""
    row = int(evaluated.rows(Split.TEST)[index])
    picture = evaluated.dataset.pictures.iloc[row]
    left, right = st.columns([1, 3], gap="medium")
    with left:
        tile = Tile(
            picture=evaluated.dataset.thumbnail(row),
            strong=_("is {label}").format(label=label_text(picture["label"])),
        )
        gallery([tile], key="closer-picture", columns=1, whole_captions=True)
    with right:
        st.markdown(_("**Probabilities**"))
        _probabilities(evaluated, index)
    show_similar_pictures(evaluated, row, key="closer-similar")
    if is_delivered(evaluated.run) and st.toggle(
        _("Why?"), help=_("Show where the classifier looks in this picture."), key="closer-why"
    ):
        try_to(
            lambda: show_explanation(
                evaluated.run,
                evaluated.dataset.picture_bytes(row),
                key=f"closer-{picture['id']}",
                truth=picture["label"],
            )
        )


def _probabilities(evaluated: EvaluatedRun, index: int) -> None:
    names, test = evaluated.dataset.class_names, evaluated.test
    probabilities = test.probabilities[index]
    if not has_numbers(probabilities[None]).all():
        st.markdown(_("no answer (NaN)"))
        return
    best = np.argsort(-probabilities, kind="stable")[:_MOST_CLASSES].tolist()
    probability_bars(
        [Guess(name=names[one], probability=float(probabilities[one])) for one in best],
        marked=[names[one] for one in np.flatnonzero(test.predicted[index]).tolist()],
    )
