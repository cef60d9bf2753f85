"""Confusion matrix, and beyond a readable number of classes a table of the most frequent mistakes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.confusion import Confused, confused_pairs
from core.evaluation.mistakes.cells import ConfusionCells
from pages.ui.components.live_chart import live_chart
from pages.ui.confusion_chart import MAX_MATRIX_CLASSES, MOST_CONFUSED_SHOWN, confusion_heatmap
from pages.ui.text import _, number

_MOST_PAIRS = 2000  # in the table; 100 kB
_TABLE_PIXELS = 400


def show_confusion(confusion: Sequence[Sequence[int]], class_names: Sequence[str], *, key: str) -> None:
    """Draw a confusion matrix: rows are true classes, columns predictions."""
    counts = np.asarray(confusion)
    live_chart(confusion_heatmap(ConfusionCells.of_counts(counts), class_names), mode_bar=False, key=key)
    if len(class_names) <= MAX_MATRIX_CLASSES:
        return
    pairs = confused_pairs(counts)
    st.caption(what_is_shown(len(pairs), len(class_names)))
    st.dataframe(
        _table(pairs[:_MOST_PAIRS], counts, class_names),
        hide_index=True,
        column_config={
            "true": st.column_config.TextColumn(_("True class")),
            "predicted": st.column_config.TextColumn(_("Answer")),
            "count": st.column_config.NumberColumn(_("Pictures")),
            "share": st.column_config.NumberColumn(
                _("Share"), format="percent", help=_("Of the pictures of the true class")
            ),
        },
        height=_TABLE_PIXELS,
        key=f"{key}-pairs",
    )


def what_is_shown(pairs: int, classes: int) -> str:
    """Say what the matrix and the table show of so many confused pairs and classes."""
    text = (
        _("The {shown} most confused of {n} classes. The table lists the mistakes of all.")
        if pairs <= _MOST_PAIRS
        else _("The {shown} most confused of {n} classes. The table lists the {most} most frequent mistakes.")
    )
    return text.format(shown=MOST_CONFUSED_SHOWN, n=number(classes), most=number(_MOST_PAIRS))


def _table(pairs: Sequence[Confused], counts: np.ndarray, class_names: Sequence[str]) -> pd.DataFrame:
    """Build the table of confused pairs."""
    totals = counts.sum(axis=1)
    return pd.DataFrame(
        [
            {
                "true": class_names[pair.true],
                "predicted": class_names[pair.predicted],
                "count": pair.count,
                "share": pair.count / int(totals[pair.true]),
            }
            for pair in pairs
        ],
        columns=["true", "predicted", "count", "share"],
    )
