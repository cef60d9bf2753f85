"""Reasons of a classifier's answers: heatmaps of single pictures, and their means."""

from __future__ import annotations

import streamlit as st

from core.delivery.export import refusal_of
from core.delivery.files import is_delivered
from core.delivery.formats.litert.tflite_format import TFLITE
from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui.components.explanation import explainer_of, show_explanation
from pages.ui.evaluate.similar import show_similar_pictures
from pages.ui.evaluate.why.choice import choose_test_picture
from pages.ui.evaluate.why.inside import show_inside
from pages.ui.evaluate.why.means import show_mean_heatmaps
from pages.ui.text import _, show


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the choice of a test picture, and where the classifier looks in it."""
    if not is_delivered(evaluated.run):
        st.info(_("This run has no finished classifier to look into. Resume it on the Train page."))
        return
    if (refusal := refusal_of(evaluated.run, TFLITE)) is not None:
        st.error(show(refusal.message), icon=":material/block:")
        return
    st.subheader(
        _("Where does it look?"),
        anchor=False,
        help=_("A heatmap marks the parts of a picture that speak for a class."),
    )
    chosen = choose_test_picture(evaluated)
    if chosen is None:
        st.info(_("There are no such test pictures."))
    else:
        _explain(evaluated, chosen)
    show_mean_heatmaps(evaluated)


def _explain(evaluated: EvaluatedRun, row: int) -> None:
    picture, data = evaluated.dataset.pictures.iloc[row], evaluated.dataset.picture_bytes(row)
    key = f"why-{picture['id']}"
    class_index = show_explanation(evaluated.run, data, key=key, truth=picture["label"])
    show_similar_pictures(evaluated, row, key="why-similar")
    explainer = explainer_of(evaluated.run)
    if explainer.one_network is None:
        st.caption(
            _(
                "This run joins several networks. To look inside one of them, choose it as the run of this page."
            )
        )
    elif st.toggle(
        _("Look inside the network"),
        help=_("Show what single layers make of this picture, with the formulas and real numbers."),
        key="why-inside",
    ):
        show_inside(explainer, explainer.one_network, data, class_index, key="inside")
