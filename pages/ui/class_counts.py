"""Pictures of each class and split: bars, or a table where there are too many classes for bars."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.data.labels.layout import Split
from pages.ui.charts import MAX_BARS, class_counts, counts_by_split
from pages.ui.components.live_chart import live_chart
from pages.ui.display_names.splits import SPLIT_NAMES
from pages.ui.text import _

_MOST_UNSCROLLED = 16  # classes whose bars fit a screen beside the controls
_HEIGHT_PIXELS = 520


def show_class_counts(pictures: pd.DataFrame, class_names: Sequence[str], *, key: str) -> None:
    """Draw the pictures of each class by split.

    Args:
        pictures: a row for each picture and class that it shows, with ``label`` and ``split``.
    """
    if len(class_names) > MAX_BARS:
        _counts_table(pictures, class_names, key)
        return
    is_scrolled = len(class_names) > _MOST_UNSCROLLED
    with st.container(height=_HEIGHT_PIXELS if is_scrolled else "content", border=False):
        live_chart(class_counts(pictures, class_names), mode_bar=False, key=key)


def _counts_table(pictures: pd.DataFrame, class_names: Sequence[str], key: str) -> None:
    """Draw a table that can be sorted and searched, with the total of each class as a bar."""
    counts = counts_by_split(pictures, class_names)
    total = counts.sum(axis=1)
    if not counts[""].any():
        counts = counts.drop(columns="")
    names = {split.value: _(SPLIT_NAMES[split]) for split in Split} | {"": _("not divided yet")}
    table = counts.rename(columns=names).reset_index(names="label")
    table.insert(1, "total", total.to_numpy())
    columns = {
        "label": st.column_config.TextColumn(_("Class")),
        "total": st.column_config.ProgressColumn(
            _("Pictures"), format="%d", min_value=0, max_value=int(max(1, total.max()))
        ),
    }
    st.dataframe(table, hide_index=True, column_config=columns, height=_HEIGHT_PIXELS, key=key)
    st.caption(_("A click on a column's name sorts the classes."))
