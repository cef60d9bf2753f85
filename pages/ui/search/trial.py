"""Card of one trial: value, settings that differ from the baseline, learning curve."""

from __future__ import annotations

import streamlit as st

from core.runs.compare import differing_settings
from core.runs.setting_names import flat
from core.search.analysis.export import settings_json
from core.search.config import Tradeoff
from core.search.records import TrialRecord, TrialState
from pages.ui import state
from pages.ui.components.live_chart import live_chart
from pages.ui.display_names.training import setting_name, setting_value
from pages.ui.search.controls import run_button
from pages.ui.search.display_names import GOAL_NAMES, TRIAL_STATES, format_second, format_value
from pages.ui.search.figures.intermediate_values import learning_curve
from pages.ui.search.reading import Search
from pages.ui.text import _, duration, escape, show

_CURVE_PIXELS = 200
_MIN_EPOCHS = 3  # of a curve that is drawn


def trial_card(search: Search) -> None:
    """Draw the selected trial; without a selection the best."""
    chosen = state.chosen_trial()
    trial = search.trial(chosen) if chosen is not None else None
    best = search.best
    trial = trial or best or search.trials[-1]
    with st.container(border=True, key="trial-card"):
        with st.container(horizontal=True, vertical_alignment="center"):
            title = _("Trial {n}").format(n=trial.number)
            st.markdown(f"**{title}**", width="content")
            _badges(trial, is_best=best is not None and trial.number == best.number)
        st.markdown(_result_line(search, trial))
        if trial.reason is not None:
            box = st.error if trial.state is TrialState.FAILED else st.info
            box(show(trial.reason))
        _settings(search, trial)
        if len(trial.curve) >= _MIN_EPOCHS:
            live_chart(
                learning_curve(trial, search.config.goal),
                key=f"curve-of-{search.job.name}",
                of=f"trial-{trial.number}",
                height=_CURVE_PIXELS,
            )
        if trial.state is not TrialState.FAILED:
            run_button(search, trial)
        st.download_button(
            _("Settings file"),
            settings_json(trial),
            file_name=f"{search.job.name}-trial-{trial.number}.json",
            mime="application/json",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key=f"settings-of-{trial.number}",
        )
        st.caption(_("Click a row, or a mark in a chart, to see another trial."))


def _badges(trial: TrialRecord, *, is_best: bool) -> None:
    if is_best:
        st.badge(_("the best"), icon=":material/star:", color="green")
    if trial.is_baseline:
        st.badge(_("baseline"), color="gray")
    if trial.state is not TrialState.COMPLETE:
        colour = "red" if trial.state is TrialState.FAILED else "orange"
        st.badge(_(TRIAL_STATES[trial.state]), color=colour)  # type: ignore[arg-type]


def _result_line(search: Search, trial: TrialRecord) -> str:
    config = search.config
    parts = []
    if trial.value is not None:
        parts.append(f"{_(GOAL_NAMES[config.goal])} **{escape(format_value(trial.value, config.goal))}**")
    if config.tradeoff is not Tradeoff.NONE and trial.second is not None:
        parts.append(escape(format_second(trial.second, config.tradeoff)))
    parts.append(escape(duration(trial.seconds)))
    return " · ".join(parts)


def _settings(search: Search, trial: TrialRecord) -> None:
    """Show the settings that differ from the baseline, and all of them on request."""
    base = search.config.base.to_json()
    differing = differing_settings([base, dict(trial.settings)])
    differing.pop("dataset_version", None)
    if trial.is_baseline or not differing:
        st.caption(_("This trial has the settings of the baseline."))
    else:
        lines = [
            f"- {escape(setting_name(path))}: **{escape(_value(path, new))}** :gray[({escape(_value(path, old))})]"
            for path, (old, new) in differing.items()
        ]
        st.markdown("\n".join(lines))
        st.caption(_("The baseline's values are in brackets."))
    with st.expander(_("All its settings"), key=f"all-settings-{search.job.name}", on_change="rerun") as fold:
        if fold.open:
            rows = [
                {"setting": setting_name(path), "value": setting_value(path, value)}
                for path, value in flat(trial.settings).items()
            ]
            names = {"setting": _("Setting"), "value": _("Value")}
            st.dataframe(rows, hide_index=True, column_config=names)


def _value(path: str, value: object) -> str:
    return "–" if value is None else setting_value(path, value)
