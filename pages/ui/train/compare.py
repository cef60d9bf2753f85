"""Comparison of runs: scores, speeds, differing settings, learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from core.data.dataset import Dataset
from core.evaluation.report import has_report
from core.jobs.directory import JobDirectory
from core.models.backbones import BACKBONES
from core.runs.compare import RunComparison, RunRow, compare_runs
from core.training.config import Recipe
from core.workspace import Project, list_runs
from pages.ui.components.live_chart import live_chart
from pages.ui.curves import ACCURACY, LOSS, compared_curves
from pages.ui.display_names.training import RECIPE_NAMES, setting_name, setting_value
from pages.ui.jobs import STATE_NAMES
from pages.ui.runs import run_labels, short_title_of, unique_labels
from pages.ui.text import _, duration, file_size, percent
from pages.ui.train.following import epochs_of

MAX_RUNS = 8
_FIRST_SHOWN = 3
# Okabe and Ito's palette, in an order in which neighbours differ most.
_COLOURS = ("#4C9BD6", "#E0793A", "#1F9E8F", "#B5588F", "#A87400", "#8E8E96", "#7A6FD0", "#8C5A2B")


def show_section(project: Project, dataset: Dataset) -> None:
    runs = {run.name: run for run in list_runs(project)}
    chosen = _chosen(project, runs)
    if len(chosen) < 2:
        st.info(_("Choose two runs or more."))
        return
    paths = [runs[name] for name in chosen]
    comparison = compare_runs([JobDirectory(path) for path in paths])
    titles = _titles(paths)
    _warn(comparison)
    _results(comparison, titles)
    _differences(comparison, titles)
    _curves(paths, titles)


def _chosen(project: Project, runs: Mapping[str, Path]) -> list[str]:
    """Draw the choice of runs to compare; by default the newest tested ones."""
    tested = [name for name in runs if has_report(runs[name])]
    first = (tested if len(tested) > 1 else list(runs))[:_FIRST_SHOWN]
    title, key = _("Runs to compare"), f"compared-{project.name}"
    label = run_labels(runs).__getitem__
    if len(runs) <= MAX_RUNS:
        return st.pills(
            title, list(runs), selection_mode="multi", default=first, format_func=label, key=key, wrap=True
        )
    return st.multiselect(
        title, list(runs), default=first, max_selections=MAX_RUNS, format_func=label, key=key
    )


def _warn(comparison: RunComparison) -> None:
    if comparison.has_same_test is False:
        st.warning(
            _(
                "These runs were not tested on the same pictures: the pictures or their labels changed in between. "
                "Their test accuracies cannot be compared fairly; train the older ones again."
            ),
            icon=":material/balance:",
        )


def _titles(runs: Sequence[Path]) -> list[str]:
    return unique_labels([short_title_of(JobDirectory(run)) for run in runs])


def _results(comparison: RunComparison, titles: Sequence[str]) -> None:
    best = max((row.test_accuracy or 0.0 for row in comparison.rows), default=0.0)
    rows = [_result(row, title, best) for row, title in zip(comparison.rows, titles, strict=True)]
    text = st.column_config.TextColumn
    columns = {
        "run": text(_("Run"), width="medium"),
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
        "state": text(_("State")),
    }
    st.dataframe(rows, hide_index=True, column_config=columns, key="compared-results")
    st.caption(
        _(
            "★ the best test accuracy. Where the ranges in brackets overlap much, the difference may be chance."
        )
    )


def _result(row: RunRow, title: str, best: float) -> dict[str, str]:
    return {
        "run": title,
        "recipe": _(RECIPE_NAMES[Recipe(row.recipe)]),
        "backbone": BACKBONES[row.backbone].name if row.backbone in BACKBONES else row.backbone,
        "validation": "–" if row.validation_accuracy is None else percent(row.validation_accuracy),
        "test": _tested(row, best),
        "time": duration(row.seconds),
        "size": "–" if row.model_bytes is None else file_size(row.model_bytes),
        "state": _(STATE_NAMES[row.state]),
    }


def _tested(row: RunRow, best: float) -> str:
    if row.test_accuracy is None:
        return "–"
    star = "★ " if row.test_accuracy == best else ""
    if row.test_interval is None:
        return star + percent(row.test_accuracy)
    low, high = (percent(value) for value in row.test_interval)
    return f"{star}{percent(row.test_accuracy)} ({low} – {high})"


def _differences(comparison: RunComparison, titles: Sequence[str]) -> None:
    """Draw the settings in which the runs differ, one column for each run."""
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


def _curves(runs: Sequence[Path], titles: Sequence[str]) -> None:
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
        live_chart(compared_curves(curves, _COLOURS, LOSS), key="compared-loss")
    with right:
        st.markdown(_("**Accuracy on validation**: higher is better"))
        live_chart(compared_curves(curves, _COLOURS, ACCURACY), key="compared-accuracy")
