"""Table of slices, and of the pictures that two kinds have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.slices.kinds import SliceKind, cross_of
from core.evaluation.slices.measuring import LEAST_GROUPS, LEAST_PICTURES, SliceScore, measure_slices
from core.evaluation.slices.slicing import SliceSource
from pages.ui.evaluate.quality.metric_table import interval_text, table_height
from pages.ui.evaluate.slices.names import slice_name
from pages.ui.text import _, ngettext, signed


def slice_table(scores: Sequence[SliceScore], *, key: str) -> None:
    """Draw every slice with its numbers."""
    column = st.column_config.NumberColumn
    rows = pd.DataFrame([_row(score) for score in scores])
    st.dataframe(
        # The formats of a column write a hyphen for a minus sign.
        rows.style.format({"difference": _points}),
        hide_index=True,
        column_config={
            "slice": _("Slice"),
            "accuracy": column(_("Right"), format="%.1f%%"),
            "interval": st.column_config.TextColumn(
                _("95% interval"),
                help=_("On new pictures like these, the value lies in here in 95 of 100 cases"),
            ),
            "difference": column(
                _("Against the rest"), help=_("Percentage points, compared with all others")
            ),
            "adjusted": column(
                _("p-value"),
                format="%.3f",
                help=_(
                    "One-sided, of the difference, adjusted for all slices (Benjamini–Hochberg). Up to 0.05 a slice is marked. Empty: fewer than {pictures} pictures or {groups} groups."
                ).format(pictures=LEAST_PICTURES, groups=LEAST_GROUPS),
            ),
            "pictures": _("Pictures"),
            "groups": column(_("Groups"), help=_("Pictures that belong together count as one group")),
        },
        height=table_height(len(scores)),
        key=key,
    )


def cross_table(
    source: SliceSource, is_right: np.ndarray, groups: np.ndarray, kinds: Sequence[SliceKind]
) -> None:
    """Draw the choice of two kinds and the slices of the pictures that both have in common."""
    by_code = {kind.code: kind for kind in kinds}
    left, right = st.columns(2)
    first = left.selectbox(
        _("Slices by"), list(by_code), format_func=lambda code: _(by_code[code].label), key="slice-cross-one"
    )
    others = [code for code in by_code if code != first]
    second = right.selectbox(
        _("and by"), others, format_func=lambda code: _(by_code[code].label), key="slice-cross-other"
    )
    cross = cross_of(by_code[first], by_code[second], least=LEAST_PICTURES)
    scores = measure_slices(source, is_right, groups, kinds=[cross])
    if not scores:
        st.caption(_("No two of these slices have enough pictures in common."))
        return
    proven = sum(score.is_proven for score in scores)
    st.caption(
        ngettext(
            "{n} of {all} is worse than the rest beyond chance.",
            "{n} of {all} are worse than the rest beyond chance.",
            proven,
        ).format(n=proven, all=len(scores))
    )
    slice_table(scores, key="slice-cross-table")


def _points(value: Any) -> str:
    return signed(value, 1)


def _row(score: SliceScore) -> dict[str, str | float | None]:
    return {
        "slice": slice_name(score),
        "accuracy": 100 * score.accuracy,
        "interval": interval_text(score.interval),
        "difference": 100 * score.difference,
        "adjusted": score.adjusted,
        "pictures": score.pictures,
        "groups": score.groups,
    }
