"""Model page: recommended backbone, bake-off on the user's pictures, catalogue of backbones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.backbones import BACKBONES
from core.models.speeds import measured_speeds
from core.models.weights.store import WeightsState, weights_state
from core.runs.start_computer_jobs import start_measurement
from pages.ui import state
from pages.ui.jobs import follow
from pages.ui.model.adaptation import adaptation_section
from pages.ui.model.bakeoff import bakeoff_section
from pages.ui.model.catalogue import backbones_here, other_backbones, well_known_backbones
from pages.ui.model.committee import committee_section
from pages.ui.model.facts import facts_table
from pages.ui.model.recommendation import recommendation_card
from pages.ui.model.weights_upload import bring_weights_file, download_ended
from pages.ui.shell import next_step, page_title, require_dataset, require_project
from pages.ui.steps import Step
from pages.ui.text import _


def all_facts(
    states: Mapping[str, WeightsState], speeds: Mapping[str, float], job: JobDirectory | None
) -> None:
    """Draw the table of all facts and the button that measures speeds."""
    with st.expander(_("Compare all facts"), icon=":material/table:", key="all-facts"):
        facts_table(states, speeds)
        busy = job is not None and not job.status().state.has_ended
        if st.button(_("Measure the speeds on this computer"), key="measure", disabled=busy):
            state.follow_job(start_measurement())
            st.rerun()
        st.caption(_("A few seconds for each backbone on this computer."))


page_title(
    _("Model"),
    _(
        "The backbone is a network pretrained on a million photographs. Your classifier is built on top of it."
    ),
)
project = require_project()
dataset = require_dataset(project)
job = state.followed_job()
if job is not None and job.kind in {JobKind.DOWNLOAD, JobKind.MEASURE}:
    follow(job, partial(download_ended, project), key="model-job")
states = {key: weights_state(backbone) for key, backbone in BACKBONES.items()}
speeds = measured_speeds()
recommendation_card(project, dataset)
bakeoff_section(project, dataset)
backbones_here(project, states, speeds)
committee_section(project, dataset, states)
adaptation_section(project, dataset)
well_known_backbones(project, states, speeds)
other_backbones(states, speeds)
bring_weights_file(project)
all_facts(states, speeds, job)
next_step(Step.TRAIN, _("press one button and have a classifier in a few minutes"))
