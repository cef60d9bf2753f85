"""Downloads of the confusion matrix for spreadsheets."""

from __future__ import annotations

import streamlit as st

from core.evaluation.mistakes.cells import ConfusionCells
from core.evaluation.mistakes.tables import confusion_csv, confusion_excel
from pages.ui.confusion_chart import axis_names
from pages.ui.text import _

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def confusion_downloads(run: str, cells: ConfusionCells, class_names: tuple[str, ...]) -> None:
    """Draw the downloads of all counts, also of classes that the chart leaves out."""
    rows, columns = axis_names(class_names, len(cells.counts))
    corner = _("true class (rows), answer (columns)")
    with st.popover(_("Download"), icon=":material/download:", key="confusion-downloads"):
        with st.container(horizontal=True):
            st.download_button(
                _("Table (CSV)"),
                lambda: confusion_csv(cells.counts, rows, columns, corner),
                file_name=f"{run}-confusion.csv",
                mime="text/csv",
                on_click="ignore",
                key="confusion-csv",
            )
            st.download_button(
                _("Table (Excel)"),
                lambda: confusion_excel(cells.counts, rows, columns, corner),
                file_name=f"{run}-confusion.xlsx",
                mime=_EXCEL,
                on_click="ignore",
                key="confusion-excel",
            )
        st.caption(_("A picture of the chart: the camera that appears above it."))
