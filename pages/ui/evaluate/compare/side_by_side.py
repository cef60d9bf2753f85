"""Runs side by side: scores, size and speed, differing settings, learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.delivery.files import is_delivered
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.backbones import find_backbone
from core.runs.compare import RunComparison, RunRow
from core.runs.setting_names import RECIPE_NAMES
from core.runs.start_measuring import start_timing
from core.training.config import Recipe
from core.workspace import Project
from pages.ui.components.live_chart import live_chart
from pages.ui.curves import ACCURACY, LOSS, compared_curves
from pages.ui.display_names.training import setting_name, setting_value
from pages.ui.following import epochs_of
from pages.ui.jobs import STATE_NAMES, follow, newest_job, show_error
from pages.ui.runs import made_of
from pages.ui.text import _, duration, file_size, number, percent

# Okabe and Ito's palette, in an order in which neighbours differ most.
_COLOURS = ("#4C9BD6", "#E0793A", "#1F9E8F", "#B5588F", "#A87400", "#8E8E96", "#7A6FD0", "#8C5A2B")


def results_table(
    project: Project, runs: Sequence[Path], comparison: RunComparison, titles: Sequence[str]
) -> None:
    """Draw scores, time, size and latency of the runs; a button measures a latency that is missing."""
    st.subheader(_("Side by side"), anchor=False)
    best = max((row.test_accuracy or 0.0 for row in comparison.rows), default=0.0)
    rows = [_result(row, title, best) for row, title in zip(comparison.rows, titles, strict=True)]
    text = st.column_config.TextColumn
    columns = {
        "run": text(_("Run"), width=130),
        "recipe": text(_("Recipe")),
        "backbone": text(_("Backbone")),
        "validation": text(
            _("Validation"), help=_("Accuracy of the best epoch on the pictures that selected it")
        ),
        "test": text(
            _("Test"),
            help=_("Accuracy on pictures that selected nothing; in brackets the 95% confidence interval"),
        ),
        "time": text(_("Time"), help=_("Working time, without pauses")),
        "size": text(_("Size"), help=_("Size of the delivered classifier (LiteRT)")),
        "latency": text(
            _("Latency"), help=_("Of one picture on this machine, in LiteRT, from pixels to probabilities")
        ),
        "state": text(_("State")),
    }
    # Where all have finished, the column says nothing, and would push the latency off narrow screens.
    if all(row.state is JobState.FINISHED for row in comparison.rows):
        del columns["state"]
    st.dataframe(
        rows, hide_index=True, column_config=columns, column_order=tuple(columns), key="compared-results"
    )
    st.caption(_("★ the best test accuracy, each on its own test pictures; in brackets the 95% interval."))
    _timing(project, runs, comparison)


def _result(row: RunRow, title: str, best: float) -> dict[str, str]:
    return {
        "run": title,
        "recipe": _recipe(row),
        "backbone": _backbone_name(row.backbone),
        "validation": "–" if row.validation_accuracy is None else percent(row.validation_accuracy),
        "test": _tested(row, best),
        "time": duration(row.seconds),
        "size": "–" if row.model_bytes is None else file_size(row.model_bytes),
        "latency": "–" if row.milliseconds is None else _("{n} ms").format(n=number(row.milliseconds)),
        "state": _(STATE_NAMES[row.state]),
    }


def _backbone_name(key: str | None) -> str:
    if key is None:
        return "–"
    backbone = find_backbone(key)
    return backbone.name if backbone else key


def _recipe(row: RunRow) -> str:
    if row.recipe is not None:
        return _(RECIPE_NAMES[Recipe(row.recipe)])
    return made_of(len(row.members), row.views)


def _timing(project: Project, runs: Sequence[Path], comparison: RunComparison) -> None:
    """Draw the button that measures missing latencies, or the progress of the measurement."""
    job = newest_job(project, JobKind.MEASURE_RUNS)
    if job is not None and not job.status().state.has_ended:
        follow(job, lambda ended: st.rerun(), key="timing-runs")
        return
    if job is not None:
        show_error(job.status())
    missing = [
        run
        for run, row in zip(runs, comparison.rows, strict=True)
        if row.milliseconds is None and is_delivered(run)
    ]
    if missing and st.button(_("Measure latency"), icon=":material/timer:", key="measure-latency"):
        start_timing(project, missing)
        st.rerun()


def _tested(row: RunRow, best: float) -> str:
    if row.test_accuracy is None:
        return "–"
    star = "★ " if row.test_accuracy == best else ""
    if row.test_interval is None:
        return star + percent(row.test_accuracy)
    low, high = (percent(value) for value in row.test_interval)
    return f"{star}{percent(row.test_accuracy)} ({low} – {high})"


def differing_settings_table(comparison: RunComparison, titles: Sequence[str]) -> None:
    """Draw the settings in which the runs differ, one column for each run; an ensemble has none."""
    if sum(not row.members for row in comparison.rows) < 2:
        return
    st.subheader(_("Differing settings"), anchor=False)
    if not comparison.differing:
        st.markdown(_("Nothing: these runs have the same settings."))
        return
    rows: list[dict[str, str]] = [
        {"setting": setting_name(path)}
        | {
            str(index): "–" if value is None else setting_value(path, value)
            for index, value in enumerate(values)
        }
        for path, values in comparison.differing.items()
    ]
    columns = {"setting": _("Setting")} | {str(index): title for index, title in enumerate(titles)}
    st.dataframe(rows, hide_index=True, column_config=columns, key="compared-settings")


def learning_curves(runs: Sequence[Path], titles: Sequence[str]) -> None:
    st.subheader(_("Learning curves"), anchor=False)
    curves = {
        title: epochs
        for title, run in zip(titles, runs, strict=True)
        if (epochs := epochs_of(JobDirectory(run)))
    }
    if not curves:
        st.markdown(_("None of them has finished an epoch yet."))
        return
    left, right = st.columns(2)
    with left:
        st.markdown(_("**Loss on validation**: lower is better"))
        live_chart(compared_curves(curves, _COLOURS, LOSS), key="compared-loss", of=runs[0].name)
    with right:
        st.markdown(_("**Accuracy on validation**: higher is better"))
        live_chart(compared_curves(curves, _COLOURS, ACCURACY), key="compared-accuracy", of=runs[0].name)
