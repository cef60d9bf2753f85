"""Choice of a test picture: a table with the worst mistakes first."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.http.pages import thumbnail_address
from core.workspace import project_of
from pages.ui import state
from pages.ui.display_names.labels import label_text
from pages.ui.text import _
from pages.ui.urls import own_url

_MOST_ROWS = 200
_ROW_PIXELS, _TABLE_PIXELS = 56, 300


def choose_test_picture(evaluated: EvaluatedRun) -> int | None:
    """Draw a table of test pictures and return the row of the chosen one in the dataset's pictures.

    It is the picture that was pressed, that the address names, or the worst mistake. None: there is none.
    """
    table = _candidates(evaluated)
    if table.empty:
        return None
    named = state.chosen_picture(table["id"].tolist())
    shown = table.head(_MOST_ROWS)
    if named not in {None, *shown["id"]}:
        shown = pd.concat([table[table["id"] == named], shown])
    event = st.dataframe(
        shown[["thumbnail", "label", "predicted", "confidence"]],
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        row_height=_ROW_PIXELS,
        height=min(_TABLE_PIXELS, 40 + _ROW_PIXELS * len(shown)),
        column_config={
            "thumbnail": st.column_config.ImageColumn(_("Picture"), width="small"),
            "label": _("True class"),
            "predicted": _("Answer"),
            "confidence": st.column_config.NumberColumn(_("Probability"), format="percent"),
        },
        key="why-pictures",
    )
    rows = event["selection"]["rows"]
    if rows:
        chosen = str(shown["id"].iloc[rows[0]])
        state.choose_picture(chosen)
    else:
        chosen = named or str(shown["id"].iloc[0])
    return int(shown.set_index("id")["row"][chosen])


def _candidates(evaluated: EvaluatedRun) -> pd.DataFrame:
    """Test pictures of the chosen class, mistakes first, then by falling confidence."""
    names = list(evaluated.dataset.class_names)
    chosen = st.selectbox(
        _("Pictures of class"), [None, *names], format_func=lambda name: name or _("all"), key="why-class"
    )
    rows = evaluated.rows(Split.TEST)
    test = (
        evaluated.predictions.set_index("id").loc[evaluated.dataset.pictures["id"].iloc[rows]].reset_index()
    )
    table = test.assign(
        row=rows,
        is_right=evaluated.test.exact_matches,
        thumbnail=[
            own_url(thumbnail_address(project_of(evaluated.run).name, sha256))
            for sha256 in evaluated.dataset.pictures["sha256"].iloc[rows]
        ],
    )
    if chosen is not None:
        table = table[evaluated.test.targets[:, names.index(chosen)]]
    table = table.sort_values(["is_right", "confidence"], ascending=[True, False], kind="stable")
    texts = {column: [label_text(label) for label in table[column]] for column in ("label", "predicted")}
    return table.assign(**texts)
