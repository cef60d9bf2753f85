"""Runs beside the chosen one: differences with tests, disagreements, settings, curves, and an ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from core.errors import DarkroomError
from core.evaluation.comparison.comparing import corrected
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import has_report
from core.jobs.directory import JobDirectory
from core.runs.compare import compare_runs
from core.workspace import list_runs, project_of
from pages.ui import state
from pages.ui.evaluate.compare.differences import difference_table, evidence, headline, picture_remarks
from pages.ui.evaluate.compare.disagreement_gallery import disagreement_gallery
from pages.ui.evaluate.compare.ensemble import ensemble_offer
from pages.ui.evaluate.compare.paired import Paired, paired
from pages.ui.evaluate.compare.side_by_side import differing_settings_table, learning_curves, results_table
from pages.ui.evaluate.quality.test_set import remember_look
from pages.ui.runs import run_labels, short_title_of, unique_labels
from pages.ui.shell import page_file
from pages.ui.steps import Step
from pages.ui.text import _, escape, show

MAX_RUNS = 8


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the choice of runs, and their comparison with the run of the page."""
    project = project_of(evaluated.run)
    candidates = {run.name: run for run in list_runs(project) if run != evaluated.run}
    if not candidates:
        _offer_training()
        return
    others = _chosen(candidates, evaluated.run)
    if not others:
        st.info(_("Choose a run to compare with."))
        return
    runs = [evaluated.run, *others]
    titles = unique_labels([short_title_of(JobDirectory(run)) for run in runs])
    _tests(runs, titles)
    comparison = compare_runs([JobDirectory(run) for run in runs])
    results_table(project, runs, comparison, titles)
    ensemble_offer(project, [run for run in runs if has_report(run)])
    differing_settings_table(comparison, titles)
    learning_curves(runs, titles)


def _offer_training() -> None:
    """Say that there is nothing to compare with, and draw the button that leads to a second run."""
    st.info(_("This is the only run. Train another with one setting changed, and see here what it brought."))
    if st.button(_("New run"), type="primary", icon=":material/add:", key="train-second"):
        state.choose_section("new")
        st.switch_page(page_file(Step.TRAIN))


def _chosen(runs: Mapping[str, Path], reference: Path) -> list[Path]:
    """Draw the choice of runs to compare with the reference; by default the newest tested one."""
    tested = [name for name in runs if has_report(runs[name])]
    title, key = _("Compare the run above with"), f"compared-{reference.name}"
    label = run_labels(runs).__getitem__
    if len(runs) < MAX_RUNS:
        chosen = st.pills(
            title,
            list(runs),
            selection_mode="multi",
            default=tested[:1],
            format_func=label,
            key=key,
            wrap=True,
        )
    else:
        chosen = st.multiselect(
            title,
            list(runs),
            default=tested[:1],
            max_selections=MAX_RUNS - 1,
            format_func=label,
            key=key,
        )
    return [runs[name] for name in chosen]


def _tests(runs: Sequence[Path], titles: Sequence[str]) -> None:
    """Draw the tests of every tested run against the first, and the pictures of one of them."""
    reference, compared = runs[0], {}
    for run, title in zip(runs[1:], titles[1:], strict=True):
        if not has_report(run):
            continue
        try:
            compared[title] = (run, paired(reference, run))
            remember_look(run)
        except DarkroomError as error:
            st.warning(f"{escape(title)}: {show(error.message)}", icon=":material/balance:")
    if not compared:
        return
    if len(compared) == 1:
        ((title, (run, pair)),) = compared.items()
        headline(pair, escape(titles[0]), escape(title))
    else:
        pairs = [pair for _run, pair in compared.values()]
        evidence(corrected([pair.comparison for pair in pairs]), list(compared), pairs[0].leading)
        title = st.selectbox(
            _("Show the differences of"), list(compared), key=f"compared-detail-{reference.name}"
        )
        run, pair = compared[title]
        picture_remarks(pair.comparison)
    _details(reference, run, pair, (titles[0], title))


def _details(reference: Path, run: Path, pair: Paired, titles: tuple[str, str]) -> None:
    """Draw the pictures with different answers, and every metric on request."""
    disagreement_gallery(pair.disagreements, EvaluatedRun.open(run).dataset, key=f"compared-{run.name}")
    with st.expander(_("All metrics"), on_change="rerun", key="compared-metrics") as fold:
        if fold.open:
            with st.spinner(_("Computing intervals")):
                every = paired(reference, run, all_metrics=True)
            difference_table(every.comparison, *titles, key="compared-metric-table")
