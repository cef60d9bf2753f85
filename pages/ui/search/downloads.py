"""Downloads of a search: its trials, its best settings, and the command that opens the study."""

from __future__ import annotations

import shlex

import streamlit as st

from core.search.analysis.export import settings_json, trials_csv
from pages.ui.search.reading import Search
from pages.ui.text import _


def downloads(search: Search) -> None:
    """Draw the downloads of trials and best settings, and the command that opens the study in optuna-dashboard."""
    best = search.best
    name = search.job.name
    with st.popover(_("Download"), icon=":material/download:", key="downloads"):
        with st.container(horizontal=True):
            st.download_button(
                _("All trials (CSV)"),
                lambda: trials_csv(search.trials),
                file_name=f"{name}.csv",
                mime="text/csv",
                on_click="ignore",
                key="trials-csv",
            )
            if best is not None:
                st.download_button(
                    _("Settings of the best (JSON)"),
                    settings_json(best),
                    file_name=f"{name}-best.json",
                    mime="application/json",
                    on_click="ignore",
                    key="best-settings",
                )
        st.caption(
            _("This search is an Optuna study. If optuna-dashboard is installed, it opens the study with:")
        )
        st.code(dashboard_command(search), language="bash", wrap_lines=True)


def dashboard_command(search: Search) -> str:
    """Format the command that opens the study, without the address of a shared one: it may contain a password."""
    if search.config.storage:
        return "optuna-dashboard postgresql://…"
    return f"optuna-dashboard {shlex.quote(str(search.job.path / 'journal.log'))}"
