"""Downloads of a search: its trials, its best settings, and the command that opens the study."""

from __future__ import annotations

import shlex

import streamlit as st

from core.search.analysis.export import settings_json, trials_csv
from pages.ui.search.reading import Search
from pages.ui.text import _


def downloads(search: Search) -> None:
    """Two files, and the command that opens the study elsewhere."""
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
            _("The study is one of Optuna's. optuna-dashboard, where it is installed, opens it as it is:")
        )
        st.code(dashboard_command(search), language="bash", wrap_lines=True)


def dashboard_command(search: Search) -> str:
    """The command line that opens the study; of a shared one without the address, which may hold a password."""
    if search.config.storage:
        return "optuna-dashboard postgresql://…"
    return f"optuna-dashboard {shlex.quote(str(search.job.path / 'journal.log'))}"
