"""Score of a judged model beside that of a run, on the same pictures."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.foreign.facts import Judgement, ModelFacts
from core.evaluation.foreign.judged_model import read_judgement
from core.evaluation.report import EvaluationReport
from core.formatting import percent_interval
from core.jobs.directory import JobDirectory
from pages.ui.evaluate.judge.settings import show_unmapped
from pages.ui.evaluate.judge.understanding import guess_text, preprocessing_text
from pages.ui.runs import short_title_of
from pages.ui.text import _, escape, percent


def show_result(evaluated: EvaluatedRun, folder: Path, facts: ModelFacts) -> None:
    """Draw both accuracies, the tests of their difference, and what the score rests on."""
    judged, judgement = EvaluatedRun.open(folder), read_judgement(folder)
    title = short_title_of(JobDirectory(evaluated.run))
    with st.container(horizontal=True, key="judge-scores"):
        _score(folder.name, judged.report)
        _score(title, evaluated.report)
    _show_grounds(evaluated, judgement, facts)


def _score(title: str, report: EvaluationReport) -> None:
    """Draw an accuracy with its interval."""
    st.metric(escape(title), percent(report.accuracy))
    st.caption(percent_interval(report.accuracy_interval))


def _show_grounds(evaluated: EvaluatedRun, judgement: Judgement, facts: ModelFacts) -> None:
    """Say how the pictures were prepared and how classes without a partner counted."""
    origin = ""
    if judgement.guessed_on:
        origin = f" ({guess_text(judgement.guessed_on, judgement.guessed_accuracy)})"
    st.caption(
        _("Pictures: {preprocessing}").format(preprocessing=preprocessing_text(judgement.preprocessing))
        + origin
    )
    show_unmapped(list(evaluated.dataset.class_names), list(facts.class_names), dict(judgement.mapping))
