"""New run section: recipe, settings, start button."""

from __future__ import annotations

import streamlit as st

from core.data.dataset import Dataset
from core.errors import DarkroomError
from core.jobs.kinds import JobKind
from core.runs.start_runs import start_training
from core.training.config import TrainingConfig
from core.workspace import Project
from pages.ui import state
from pages.ui.display_names.training import run_sentence
from pages.ui.jobs import follow, newest_job, show_error
from pages.ui.settings import next_config
from pages.ui.text import _, escape, show
from pages.ui.train.fields import settings_fields
from pages.ui.train.queue import active_runs, queue_list
from pages.ui.train.recipes import kernel_note, measure_button, recipe_cards, warm_note


def show_section(project: Project, dataset: Dataset) -> None:
    config = next_config(project)
    st.markdown(escape(run_sentence(config, len(dataset.pictures))))
    recipe_cards(project, dataset, config)
    _measuring(project)
    chosen = settings_fields(project, config)
    is_busy = bool(active_runs(project))
    with st.container(horizontal=True, vertical_alignment="center"):
        label = _("Add to the queue") if is_busy else _("Start training")
        icon = ":material/playlist_add:" if is_busy else ":material/play_arrow:"
        if (
            st.button(label, type="primary", icon=icon, key="start", disabled=chosen is None)
            and chosen is not None
        ):
            _start(project, chosen)
        if chosen is not None:
            measure_button(project, dataset, chosen)
    if chosen is not None:
        kernel_note(chosen)
        if not is_busy:
            warm_note(chosen)
    queue_list(project)


def _start(project: Project, config: TrainingConfig) -> None:
    """Start the run and show it."""
    try:
        started = start_training(project, config)
    except DarkroomError as error:
        st.error(show(error.message))
        return
    state.choose_run(started.name)
    state.open_section("run")


def _measuring(project: Project) -> None:
    """Draw the progress of timing a few steps; the cards show its result."""
    profile = newest_job(project, JobKind.PROFILE)
    if profile is None:
        return
    if profile.status().state.has_ended:
        show_error(profile.status())
        return
    follow(profile, lambda job: st.rerun(), key="measuring")
