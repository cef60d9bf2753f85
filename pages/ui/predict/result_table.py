"""Table of a batch's pictures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.messages import N_
from core.prediction.batch.answer_table import reason_of
from core.prediction.batch.files.rows import Status
from pages.ui.charts import GOOD_COLOUR
from pages.ui.text import _, show

STATUS_NAMES = {
    Status.ANSWERED: N_("Answered"),
    Status.UNSURE: N_("Unsure"),
    Status.STRANGER: N_("None of the classes"),
    Status.UNREADABLE: N_("Unreadable"),
}
_HEIGHT_PIXELS = 460


def show_table(results: pd.DataFrame) -> None:
    """Draw rows of ``results_of``; a click on a column's name sorts them."""
    status = results["status"].map({status.value: _(STATUS_NAMES[status]) for status in Status})
    table = pd.DataFrame(
        {
            "file": results["path"],
            "answer": results["answer"],
            "confidence": 100 * results["confidence"],
            "set": results["set"],
            "status": status,
        }
    )
    columns = {
        "file": st.column_config.TextColumn(_("File")),
        "answer": st.column_config.TextColumn(_("Answer")),
        "confidence": st.column_config.ProgressColumn(
            _("Confidence"), format="%.0f%%", min_value=0, max_value=100, color=GOOD_COLOUR
        ),
        "set": st.column_config.TextColumn(
            _("Possible classes"), help=_("They hold the right class in 9 of 10 pictures.")
        ),
        "status": st.column_config.TextColumn(_("Status")),
    }
    unreadable = results["error"].notna()
    if unreadable.any():
        table["reason"] = ""
        table.loc[unreadable, "reason"] = [
            _reason(error, values)
            for error, values in zip(
                results.loc[unreadable, "error"], results.loc[unreadable, "error_values"], strict=True
            )
        ]
        columns["reason"] = st.column_config.TextColumn(_("Why"))
    st.dataframe(table, hide_index=True, column_config=columns, height=_HEIGHT_PIXELS, key="batch-table")


def _reason(error: str, values: str) -> str:
    reason = reason_of(error, values)
    return show(reason.message, markdown=False) if reason else ""
