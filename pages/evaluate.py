"""Evaluate page: what the test pictures say about a run."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.errors import NotFoundError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import read_report
from pages.ui.evaluate.judge.section import show_models
from pages.ui.evaluate.quality.section import show_scores
from pages.ui.evaluate.quality.test_set import remember_look
from pages.ui.evaluate.report import report_downloads
from pages.ui.evaluate.sections import show_chosen_section
from pages.ui.runs import has_tested_run, invite_to_train, require_run
from pages.ui.shell import next_step, page_title, require_project
from pages.ui.steps import Step
from pages.ui.text import _, show

with st.container(horizontal=True, vertical_alignment="bottom", key="evaluate-head"):
    with st.container():
        page_title(_("Evaluate"), _("The final test, on pictures that training never used."))
    report_place = st.container(width="content")
project = require_project()
if not has_tested_run(project):
    invite_to_train()
    # A model from elsewhere needs none.
    with suppress(NotFoundError):
        show_models(project, open_dataset(project), None)
    st.stop()
run = require_run(project, delivered=False)
try:
    evaluated = EvaluatedRun.open(run)
except NotFoundError as error:
    # Its version of the pictures is gone; what was measured on it is not.
    st.warning(show(error.message))
    show_scores(read_report(run))
else:
    if not len(evaluated.rows(Split.TEST)):
        st.warning(_("All test pictures of this run were erased. What was measured on them stays."))
        show_scores(evaluated.report)
        st.stop()
    remember_look(run)
    with report_place:
        report_downloads(evaluated)
    show_chosen_section(evaluated)
next_step(Step.PREDICT, _("try it on new pictures"))
