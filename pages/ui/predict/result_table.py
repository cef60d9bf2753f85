"""Table of a batch's pictures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.images.value_ranges import Misfit
from core.delivery.files import Labels
from core.delivery.misfits import misfit_message
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


def show_table(results: pd.DataFrame, labels: Labels) -> None:
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
    noted = results[results["error"].notna() | results["misfit"].notna()]
    if len(noted):
        notes = zip(noted["error"], noted["error_values"], noted["misfit"], strict=True)
        table["note"] = ""
        table.loc[noted.index, "note"] = [_reason(*texts[:2]) or note_of(texts[2], labels) for texts in notes]
        columns["note"] = st.column_config.TextColumn(_("Note"))
    st.dataframe(table, hide_index=True, column_config=columns, height=_HEIGHT_PIXELS, key="batch-table")


def note_of(misfit: str | None, labels: Labels) -> str:
    """Say why an answer means little; "" where nothing says so."""
    if not isinstance(misfit, str):
        return ""
    return show(misfit_message(labels, Misfit(misfit)), markdown=False)


def _reason(error: str | None, values: str | None) -> str:
    reason = reason_of(error, values)
    return show(reason.message, markdown=False) if reason else ""
