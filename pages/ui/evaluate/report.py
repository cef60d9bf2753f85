"""Downloads of the report, on the Evaluate page."""

from __future__ import annotations

import streamlit as st

from core.catalogues import translations
from core.evaluation.evaluated_run import EvaluatedRun
from core.reporting.html import report_html
from core.reporting.model_card import model_card
from core.reporting.source import ReportSource
from pages.ui.text import _, current_language


def report_downloads(evaluated: EvaluatedRun) -> None:
    """Draw a button behind which the report can be downloaded."""
    name = evaluated.run.name
    with st.popover(_("Report"), icon=":material/description:", key="report"):
        st.markdown(_("Everything on this page in one file that opens anywhere and prints well."))
        has_pictures = st.toggle(
            _("With pictures"),
            value=True,
            key="report-pictures",
            help=_("Small copies of the worst mistakes. Switch it off if the reader may not see them."),
        )
        # The files are made when a button is pressed, outside of this script.
        language = current_language()
        source = ReportSource(
            evaluated=evaluated, translate=translations(language).gettext, has_pictures=has_pictures
        )
        st.download_button(
            _("Report (HTML)"),
            lambda: report_html(source, language.replace("_", "-")).encode(),
            file_name=f"{name}-report.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            key="download-report",
        )
        st.download_button(
            _("Model card (Markdown)"),
            lambda: model_card(source).encode(),
            file_name="README.md",
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
            key="download-card",
            help=_("A description in the form that Hugging Face and others read."),
        )
