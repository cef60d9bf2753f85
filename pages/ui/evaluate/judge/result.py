"""Score of a judged model beside that of a run, on the same pictures, with the tests of their difference."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.dataset import Dataset
from core.errors import DarkroomError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.foreign.facts import Judgement, ModelFacts
from core.evaluation.foreign.judged_model import read_judgement
from core.evaluation.report import EvaluationReport
from core.formatting import percent_interval
from core.jobs.directory import JobDirectory
from pages.ui.evaluate.compare.differences import difference_table, headline
from pages.ui.evaluate.compare.disagreement_gallery import disagreement_gallery
from pages.ui.evaluate.compare.paired import paired
from pages.ui.evaluate.judge.settings import show_unmapped
from pages.ui.evaluate.judge.understanding import guess_text, preprocessing_text, show_alternatives
from pages.ui.evaluate.robustness.section import show_section as show_robustness
from pages.ui.runs import short_title_of
from pages.ui.text import _, escape, percent, show


def show_result(dataset: Dataset, evaluated: EvaluatedRun | None, folder: Path, facts: ModelFacts) -> None:
    """Draw the accuracy, what it rests on, and the difference to a run."""
    judged, judgement = EvaluatedRun.open(folder), read_judgement(folder)
    left, right = st.columns(2)
    with left:
        _score(folder.name, judged.report)
    if evaluated is not None:
        title = short_title_of(JobDirectory(evaluated.run))
        with right:
            _score(title, evaluated.report)
    _show_grounds(dataset, judgement, facts)
    if evaluated is not None:
        _show_tests(evaluated, judged, (folder.name, title))
    st.subheader(_("How robust?"), anchor=False)
    show_robustness(judged)
    st.caption(
        _(
            "Heatmaps and stranger scores are made for runs only: they look into the network. This model stays in its closed process."
        )
    )


def _score(title: str, report: EvaluationReport) -> None:
    """Draw an accuracy with its interval."""
    st.metric(
        escape(title),
        percent(report.accuracy),
        help=_("Accuracy: share of the test pictures with the right answer, with its 95% interval"),
    )
    st.caption(percent_interval(report.accuracy_interval))


def _show_grounds(dataset: Dataset, judgement: Judgement, facts: ModelFacts) -> None:
    """Say how the pictures were prepared and how classes without a partner counted."""
    origin = ""
    if judgement.guessed_on:
        origin = f" ({guess_text(judgement.guessed_on, judgement.guessed_accuracy)})"
    prepared = _("Pictures: {preprocessing}").format(
        preprocessing=preprocessing_text(judgement.preprocessing)
    )
    st.caption(prepared + origin)
    show_alternatives(judgement.alternatives)
    show_unmapped(list(dataset.class_names), list(facts.class_names), dict(judgement.mapping))


def _show_tests(evaluated: EvaluatedRun, judged: EvaluatedRun, titles: tuple[str, str]) -> None:
    """Draw the difference from the model to the run, the pictures that differ, and every metric on request."""
    try:
        pair = paired(judged.run, evaluated.run)
    except DarkroomError as error:
        st.warning(show(error.message), icon=":material/balance:")
        return
    headline(pair, *map(escape, titles))
    disagreement_gallery(pair.disagreements, evaluated.dataset, key=f"judged-{judged.run.name}")
    with st.expander(_("All metrics"), on_change="rerun", key="judged-metrics") as fold:
        if fold.open:
            with st.spinner(_("Computing intervals")):
                every = paired(judged.run, evaluated.run, all_metrics=True)
            difference_table(every.comparison, *titles, key="judged-metric-table")
