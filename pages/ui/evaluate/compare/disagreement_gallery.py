"""Gallery of the pictures on which two classifiers differ: fixed, newly broken, or both wrong."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from core.data.labels.task import Task
from core.evaluation.comparison.disagreements import Change
from core.messages import N_
from pages.ui.display_names.labels import label_text
from pages.ui.gallery import Tile, gallery
from pages.ui.text import _, number, percent

_MOST_SHOWN = 48
_TILE_PIXELS = 130
_NAMES = {
    Change.FIXED: N_("Fixed"),
    Change.BROKEN: N_("Newly broken"),
    Change.BOTH_WRONG: N_("Both wrong, differently"),
}


def disagreement_gallery(table: pd.DataFrame, dataset: Dataset, *, key: str) -> None:
    """Draw the choice of a kind of difference, and its pictures with both answers.

    Args:
        table: from ``disagreements``.
        dataset: the version that the second classifier was tested on.
    """
    counts = {change: int((table["change"] == change).sum()) for change in Change}
    present = [change for change in Change if counts[change]]
    if not present:
        st.markdown(_("Both give the same answer for every picture."))
        return
    chosen = st.segmented_control(
        _("Pictures with different answers"),
        present,
        default=present[0],
        required=True,
        format_func=lambda change: f"{_(_NAMES[change])} · {number(counts[change])}",
        key=f"{key}-change",
    )
    shown = table[table["change"] == chosen].head(_MOST_SHOWN)
    gallery(_tiles(shown, dataset), key=f"{key}-gallery", tile_pixels=_TILE_PIXELS, whole_captions=True)
    note = _("Answers: first, then second, with their probability.")
    if counts[chosen] > _MOST_SHOWN:
        note += " " + _("Of {n}, the {shown} surest are shown.").format(
            n=number(counts[chosen]), shown=_MOST_SHOWN
        )
    st.caption(note)


def _tiles(shown: pd.DataFrame, dataset: Dataset) -> list[Tile]:
    ids = dataset.pictures["id"]
    rows = np.flatnonzero(ids.isin(shown["id"]))
    row_of = dict(zip(ids.iloc[rows], rows.tolist(), strict=True))
    return [
        Tile(
            picture=dataset.thumbnail(row_of[row["id"]]),
            strong=_("is {label}").format(label=label_text(row["label"])),
            second=_answers(dataset.task, row),
        )
        for row in shown.to_dict("records")
        if row["id"] in row_of
    ]


def _answers(task: Task, row: Mapping[Hashable, Any]) -> str:
    if task is Task.MULTI_LABEL:
        return f"{label_text(row['first'])} → {label_text(row['second'])}"
    first, second = (
        f"{label_text(row[answer])} ({percent(row[f'{answer}_confidence'])})"
        for answer in ("first", "second")
    )
    return f"{first} → {second}"
