"""Slices of the test pictures: worst first, with the pictures of one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.slices.groups import reason_against_groups
from core.evaluation.slices.kinds import SLICE_KINDS
from core.evaluation.slices.measuring import (
    LEAST_GROUPS,
    LEAST_PICTURES,
    SliceScore,
    measure_slices,
    slice_source,
)
from pages.ui import state
from pages.ui.components.live_chart import clicked_mark, live_chart
from pages.ui.evaluate.slices.chart import slice_chart
from pages.ui.evaluate.slices.names import slice_name
from pages.ui.evaluate.slices.pictures import show_pictures
from pages.ui.evaluate.slices.table import cross_table, slice_table
from pages.ui.text import _, escape, ngettext, number, percent, show

_MOST_DRAWN = 15
_CHART, _KEPT = "slice-chart", 4


def show_part(evaluated: EvaluatedRun) -> None:
    """Draw the slices of the test pictures, and the pictures of the chosen one."""
    written, pictures = evaluated.file("report.json").stat().st_mtime_ns, len(evaluated.dataset.pictures)
    scores = _scores(str(evaluated.run), written, pictures, evaluated)
    ranked = [score for score in scores if score.is_ranked]
    st.markdown(_answer(ranked), help=_method())
    if (reason := reason_against_groups(slice_source(evaluated))) is not None:
        st.caption(show(reason))
    if drawn := ranked[:_MOST_DRAWN]:
        live_chart(slice_chart(drawn, evaluated.report.accuracy), key=_CHART, clickable=True, mode_bar=False)
    if scores:
        show_pictures(evaluated, scores[_chosen(evaluated, scores)])
        with st.expander(_("All slices"), key="all-slices"):
            slice_table(scores, key="slice-table")
        with st.expander(_("Advanced"), key="slices-advanced"):
            test, codes = evaluated.test, {score.kind.code for score in scores}
            kinds = [kind for kind in SLICE_KINDS if kind.code in codes]
            if len(kinds) > 1:
                cross_table(slice_source(evaluated), test.exact_matches, test.group_indices, kinds)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _scores(run: str, written: int, pictures: int, _evaluated: EvaluatedRun) -> Sequence[SliceScore]:
    test = _evaluated.test
    return measure_slices(slice_source(_evaluated), test.exact_matches, test.group_indices)


def _answer(ranked: Sequence[SliceScore]) -> str:
    """Name the worst slice that is no chance, or say that there is none."""
    if not ranked:
        return _(
            "There are too few test pictures to compare slices: each needs {pictures} pictures in {groups} groups."
        ).format(pictures=LEAST_PICTURES, groups=LEAST_GROUPS)
    proven = [score for score in ranked if score.is_proven]
    if not proven:
        return ngettext(
            "{n} slice was compared with the rest. It is not worse beyond chance.",
            "{n} slices were compared with the rest. None is worse beyond chance.",
            len(ranked),
        ).format(n=number(len(ranked)))
    return ngettext(
        "{n} of {all} slices is worse than the rest beyond chance: **{worst}**, {accuracy} right.",
        "{n} of {all} slices are worse than the rest beyond chance, most of all **{worst}**: {accuracy} right.",
        len(proven),
    ).format(
        n=number(len(proven)),
        all=number(len(ranked)),
        worst=escape(slice_name(proven[0])),
        accuracy=percent(proven[0].accuracy),
    )


def _method() -> str:
    return _(
        "A slice is a part of the test pictures with something in common. Each is compared with all others by Fisher's exact test, in which pictures that belong together count less (Rao and Scott 1992). Among many slices some look bad by chance. The correction (Benjamini and Hochberg 1995) takes this into account: where nothing differs, a slice is marked in at most 5 of 100 cases."
    )


def _chosen(evaluated: EvaluatedRun, scores: Sequence[SliceScore]) -> int:
    """Draw the choice of a slice; a click in the chart chooses too."""
    clicked = clicked_mark(_CHART)
    if clicked is not None and clicked < len(scores):
        state.count_up("slice")
    key = f"slice-{evaluated.run.name}-{state.counter('slice')}"
    state.set_first_value(key, clicked if clicked is not None and clicked < len(scores) else 0)
    chosen: int = st.selectbox(
        _("Slice"),
        range(len(scores)),
        format_func=lambda index: f"{slice_name(scores[index])} · {percent(scores[index].accuracy)}",
        key=key,
    )
    return chosen
