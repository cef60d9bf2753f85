"""A batch: its progress while it is worked on, then its results."""

from __future__ import annotations

import time
from collections.abc import Mapping

import streamlit as st

from core.errors import ErrorCode
from core.jobs.status import JobState
from core.messages import first_of
from core.prediction.batch.batches import Batch
from core.runs.batches import delete_batch
from core.runs.control import resume
from core.workspace import Project
from pages.ui import state
from pages.ui.jobs import STATE_NAMES, follow, show_error, try_to
from pages.ui.predict.results import show_results
from pages.ui.runs import unique_labels
from pages.ui.text import _

_NAMED = 2  # sources


def choose_earlier_batch(batches: Mapping[str, Batch]) -> Batch | None:
    """Draw the choice of a batch, by its name; at first one that is worked on, else none."""
    chosen = state.chosen_batch(batches)
    if chosen is None and (chosen := _at_work(batches)):
        # So that its results are shown once it has ended.
        state.choose_batch(chosen)
    words = dict(zip(batches, unique_labels([_title(batch) for batch in batches.values()]), strict=True))
    picked = st.selectbox(
        _("Batches"),
        list(batches),
        index=list(batches).index(chosen) if chosen else None,
        format_func=words.__getitem__,
        placeholder=_("Look at an earlier batch"),
        key=f"batch-picker-{chosen}",
    )
    if picked != chosen:
        state.choose_batch(picked)
        st.rerun()
    return batches[picked] if picked else None


def _at_work(batches: Mapping[str, Batch]) -> str | None:
    running = (name for name, batch in batches.items() if not batch.job.status().state.has_ended)
    return next(running, None)


def show_batch(project: Project, batch: Batch) -> None:
    """Draw the progress of a batch, or what came of it."""
    status = batch.job.status()
    if not status.state.has_ended:
        follow(batch.job, key="batch-progress")
        return
    if status.state is not JobState.FINISHED:
        _unfinished(batch)
    if batch.facts is not None:
        show_results(project, batch, batch.facts)
    with st.container(horizontal=True, horizontal_alignment="right"):
        _deletion(batch)


def _unfinished(batch: Batch) -> None:
    """Say that pictures are missing, and offer to go on where that is possible."""
    status = batch.job.status()
    show_error(status)
    with st.container(horizontal=True, vertical_alignment="center", key="batch-unfinished"):
        has_answers = batch.facts is not None and not batch.answers(["path"]).empty
        text = (
            _("**{state}.** The answers so far are below.")
            if has_answers
            else _("**{state}.** There are no answers.")
        )
        st.markdown(text.format(state=_(STATE_NAMES[status.state])), width="content")
        if status.error is not None and status.error.code == ErrorCode.CANNOT_GO_ON:
            return
        is_pressed = st.button(_("Go on"), icon=":material/play_arrow:", type="primary", key="resume-batch")
        if is_pressed and try_to(lambda: resume(batch.job)):
            st.rerun()


def _deletion(batch: Batch) -> None:
    with st.popover(_("Delete"), icon=":material/delete:", key="delete-batch"):
        st.markdown(
            _("Its answers are deleted, and the pictures that were sent for it. **This cannot be undone.**")
        )
        if st.button(_("Delete for good"), key="delete-batch-now") and try_to(lambda: delete_batch(batch)):
            state.choose_batch(None)
            st.rerun()


def _title(batch: Batch) -> str:
    """Time and sources of a batch; its state is shown below and would be out of date in a list."""
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(batch.job.created))
    return f"{began} · {first_of([source.name for source in batch.request.sources], _NAMED)}"
