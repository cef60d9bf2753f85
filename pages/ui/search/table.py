"""Table of a search's trials with filters; selecting a row selects its trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.search.config import Goal, Tradeoff
from core.search.records import TrialRecord, TrialState, counts, ranked
from pages.ui import state
from pages.ui.search.display_names import (
    GOAL_NAMES,
    TRADEOFF_COLUMNS,
    TRIAL_STATES,
    dimension_name,
    dimension_value,
    in_display_unit,
)
from pages.ui.search.figures.axes import axes_of
from pages.ui.search.reading import Search
from pages.ui.text import _, current_language, number, show

_ROW_PIXELS, _MAX_ROWS = 35, 14
_STATE_PIXELS = 108  # width of the longest state, which may be in a row not yet drawn
_ORDER = list(TrialState)  # complete, pruned, failed


def trial_table(search: Search) -> None:
    """Draw filters and trials: in the order of their ends while the search runs, afterwards the best first."""
    wanted, text = _filters(search)
    table = _table(search)
    keep = table["_state"].isin(wanted) if wanted else pd.Series(data=True, index=table.index)
    if text:
        keep &= table["_text"].str.contains(text.casefold(), regex=False)
    table = table[keep]
    if table.empty:
        st.caption(_("No trial matches the filters. Clear them to see all trials."))
        return
    numbers = tuple(table["number"].tolist())
    key = f"trials-{search.job.name}-{'-'.join(wanted)}-{text}-{state.counter('trial-table')}"
    chosen = state.chosen_trial()
    st.dataframe(
        table.drop(columns=["_state", "_text"]),
        hide_index=True,
        placeholder="–",  # a trial without this setting, or without a value
        column_config=_columns(search, table),
        height=_ROW_PIXELS * (1 + min(len(table), _MAX_ROWS)) + 3,
        on_select=lambda: _choose(key, numbers),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [numbers.index(chosen)] if chosen in numbers else []}},
        key=key,
    )
    if len(table) < len(search.trials):
        st.caption(_("{n} of {all} trials").format(n=number(len(table)), all=number(len(search.trials))))


def _filters(search: Search) -> tuple[list[str], str]:
    """Draw the filters; returns the states to show (empty: all) and a text to find."""
    state_counts = counts(search.trials)
    present = [kind.value for kind in TrialState if state_counts[kind.value]]
    wanted = st.pills(
        _("Show"),
        present,
        selection_mode="multi",
        format_func=lambda kind: f"{_(TRIAL_STATES[TrialState(kind)])} ({state_counts[kind]})",
        label_visibility="collapsed",
        key=f"states-{search.job.name}",
    )
    text = st.text_input(
        _("Find"),
        placeholder=_("Find: a number, a setting, a reason"),
        label_visibility="collapsed",
        key=f"find-{search.job.name}",
    )
    return list(wanted), text.strip()


def _choose(key: str, numbers: Sequence[int]) -> None:
    """Select the trial of the selected row; without a row, the best trial."""
    rows = state.selected_rows(key)
    if rows and rows[0] < len(numbers):
        state.choose_trial(numbers[rows[0]])
    else:
        state.forget_trial()


def _table(search: Search) -> pd.DataFrame:
    is_over = search.job.status().state.has_ended
    identity = (str(search.job.path), len(search.trials), is_over, current_language())
    return _built(identity, search)


@st.cache_data(max_entries=16, show_spinner=False)
def _built(identity: tuple[object, ...], _search: Search) -> pd.DataFrame:
    """Build the whole table, cached by ``identity``: trials, order and language."""
    goal = _search.config.goal
    trials = list(_search.trials)
    if identity[2]:
        ranks = {trial.number: rank for rank, trial in enumerate(ranked(trials, goal))}
        trials.sort(key=lambda trial: (_ORDER.index(trial.state), ranks.get(trial.number, 0)))
    best = _search.best
    names = [axis.name for axis in axes_of(trials, _search.config.space)]
    frame = pd.DataFrame([_row(trial, names, _search, is_best=trial is best) for trial in trials])
    return frame.dropna(axis=1, how="all")


def _row(trial: TrialRecord, names: Sequence[str], search: Search, *, is_best: bool) -> dict[str, Any]:
    reason = show(trial.reason, markdown=False) if trial.reason else None
    labels = {name: dimension_value(name, trial.params[name]) for name in names if name in trial.params}
    state_label = _(TRIAL_STATES[trial.state]) if not trial.is_baseline else _("baseline")
    scale = 1e-6 if search.config.tradeoff is Tradeoff.SIZE else 1.0
    row: dict[str, Any] = {
        "mark": "★" if is_best else ("●" if trial.has_weights else ""),
        "number": trial.number,
        "value": None if trial.value is None else in_display_unit(trial.value, search.config.goal),
        "second": None if trial.second is None else trial.second * scale,
        "state": state_label,
        "seconds": trial.seconds,
        **{name: _cell(trial.params.get(name), labels.get(name)) for name in names},
        "reason": reason,
        "_state": trial.state.value,
    }
    texts = [str(trial.number), state_label, reason or "", *labels.values(), *map(dimension_name, labels)]
    return row | {"_text": " ".join(texts).casefold()}


def _cell(value: Any, label: str | None) -> Any:
    """Return a number unchanged, so that the table sorts it, and anything else as its label."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else label


def _columns(search: Search, table: pd.DataFrame) -> dict[str, Any]:
    number_column, text = st.column_config.NumberColumn, st.column_config.TextColumn
    goal, tradeoff = search.config.goal, search.config.tradeoff
    value_format = "%.4f" if goal is Goal.LOSS else "%.1f%%"
    columns: dict[str, Any] = {
        "mark": text("", width=36, help=_("★ the best; ● its weights are kept")),
        "number": number_column(_("Trial"), width=56),
        "value": number_column(_(GOAL_NAMES[goal]), format=value_format, help=_("On validation pictures")),
        "state": text(
            _("State"),
            width=_STATE_PIXELS,
            help=_("Pruned: stopped early, because other trials did better at that point."),
        ),
        "seconds": number_column(_("Seconds"), format="%.1f"),
        "reason": text(_("Reason of the end"), width="large"),
    }
    if tradeoff is not Tradeoff.NONE:
        columns["second"] = number_column(_(TRADEOFF_COLUMNS[tradeoff]), format="%.2f")
    for name in table.columns:
        if name not in columns and not str(name).startswith("_"):
            title = dimension_name(name)
            is_number = pd.api.types.is_numeric_dtype(table[name])
            columns[name] = number_column(title, format="%.3g") if is_number else text(title)
    return columns
