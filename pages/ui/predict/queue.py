"""To label: unsure and strange pictures of all sessions and batches, the most instructive first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.data.labels.task import Task
from core.http.answers import queued_picture_address
from core.jobs.directory import JobDirectory
from core.prediction.corrections import AnsweredFile, correct
from core.prediction.doubts import Doubt
from core.prediction.queue.emptying import empty_queue, outdated_pictures
from core.prediction.queue.store import (
    QueuedPicture,
    QueueState,
    queued_pictures,
    read_picture,
    set_state,
)
from core.prediction.queue.waiting import Waiting, waiting_pictures
from core.workspace import Project
from pages.ui.components.picture_grid import GridAction, GridEvent, GridTile, picture_grid
from pages.ui.display_names.labels import label_text
from pages.ui.editing.actions import label_action
from pages.ui.editing.changes import apply_change, last_change
from pages.ui.text import _, ngettext, number, percent
from pages.ui.urls import own_url

_SHOWN = 24
_TILE_PIXELS = 150


def show_section(project: Project, run: Path) -> None:
    dataset = open_dataset(project)
    last_change(project, dataset)
    waiting = waiting_pictures(project, dataset)
    if len(waiting):
        doubt = _choose_doubt(waiting)
        _ask(project, dataset, waiting.strange if doubt is Doubt.STRANGE else waiting.unsure, doubt)
    else:
        st.info(
            _(
                "Nothing to label. Pictures that the classifier is unsure of, and those that look like none of the classes, are collected here."
            ),
            icon=":material/task_alt:",
        )
    if waiting.skipped:
        _skipped(project, waiting.skipped)
    _emptying(project, run, waiting.queued)
    if dataset.version > int(JobDirectory(run).config()["dataset_version"]):
        st.page_link("train.py", label=_("Train again with the new labels"), icon=":material/arrow_forward:")


def _choose_doubt(waiting: Waiting) -> Doubt:
    counts = {Doubt.UNSURE: len(waiting.unsure), Doubt.STRANGE: len(waiting.strange)}
    kinds = [doubt for doubt in Doubt if counts[doubt]]
    if len(kinds) == 1:
        return kinds[0]
    words = {Doubt.UNSURE: _("Unsure"), Doubt.STRANGE: _("None of the classes?")}
    chosen = st.segmented_control(
        _("Kind"),
        kinds,
        default=kinds[0],
        required=True,
        format_func=lambda doubt: f"{words[doubt]} ({number(counts[doubt])})",
        label_visibility="collapsed",
        key="queue-kind",
    )
    return Doubt(chosen)


def _ask(project: Project, dataset: Dataset, pictures: Sequence[QueuedPicture], doubt: Doubt) -> None:
    """Draw the first pictures with the ways to answer."""
    if doubt is Doubt.UNSURE:
        st.markdown(
            _("**What do these show?** The first would teach the classifier most."),
            help=_(
                "It is unsure of them, and they differ from each other (core-set selection on BADGE's gradients: Ash et al. 2020, Sener and Savarese 2018)."
            ),
        )
    else:
        st.markdown(
            _("**A new class, or none of them?** Those that resemble many others come first."),
            help=_("By their typicality among the strange pictures (Hacohen et al. 2022)."),
        )
    event = picture_grid(
        [_tile(project, picture) for picture in pictures[:_SHOWN]],
        key=f"queue-{project.name}-{doubt.value}",
        label=_("Pictures to label"),
        actions=_actions(dataset),
        tile_pixels=_TILE_PIXELS,
    )
    if (more := len(pictures) - _SHOWN) > 0:
        st.caption(ngettext("{n} more waits.", "{n} more wait.", more).format(n=number(more)))
    if event is not None:
        apply_change(project, _change(project, dataset, pictures, event))


def _actions(dataset: Dataset) -> list[GridAction]:
    actions = [label_action(dataset)]
    # With several labels a picture, that is a label of its own.
    if dataset.task is not Task.MULTI_LABEL:
        actions.append(GridAction(id="none", label=_("None of these"), key="n"))
    return [*actions, GridAction(id="skip", label=_("Skip"), key="s")]


def _change(
    project: Project, dataset: Dataset, pictures: Sequence[QueuedPicture], event: GridEvent
) -> Callable[[], Dataset]:
    """Return what the user's action does."""
    chosen = [picture for picture in pictures if picture.sha256 in set(event.ids)]

    def change() -> Dataset:
        if event.action == "label":
            return correct(project, event.choice, [_answered(project, picture) for picture in chosen])
        decision = QueueState.NONE_OF_THEM if event.action == "none" else QueueState.SKIPPED
        set_state(project, event.ids, decision)
        return dataset

    return change


def _answered(project: Project, picture: QueuedPicture) -> AnsweredFile:
    data = read_picture(project, picture.sha256)
    return AnsweredFile(name=picture.name, data=data, run=picture.run, answer=picture.answer)


def _tile(project: Project, picture: QueuedPicture) -> GridTile:
    answer = label_text(picture.answer)
    return GridTile(
        id=picture.sha256,
        source=own_url(queued_picture_address(project.name, picture.sha256)),
        large=own_url(queued_picture_address(project.name, picture.sha256, large=True)),
        strong=f"{answer}?",
        caption=percent(picture.confidence),
        facts=(
            (_("File"), picture.name),
            (_("Answer"), answer),
            (_("Confidence"), percent(picture.confidence)),
            (_("Run"), picture.run),
        ),
    )


def _skipped(project: Project, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="queue-skipped"):
        text = ngettext("{n} picture was skipped.", "{n} pictures were skipped.", count)
        st.caption(text.format(n=number(count)), width="content")
        if st.button(_("Ask again"), type="tertiary", key="queue-again"):
            skipped = [p.sha256 for p in queued_pictures(project) if p.state is QueueState.SKIPPED]
            set_state(project, skipped, QueueState.WAITING)
            st.rerun()


def _emptying(project: Project, run: Path, queued: Sequence[QueuedPicture]) -> None:
    """Draw the removal of all pictures, or of those that the present classifier did not answer."""
    if not queued:
        return
    outdated, everything = len(outdated_pictures(queued, run)), len(queued)
    with st.popover(_("Empty the queue"), type="tertiary", icon=":material/delete:", key="queue-empty"):
        keeps_present = 0 < outdated < everything and st.toggle(
            _("Leave what this run's present classifier answered"), True, key="queue-keep-present"
        )
        count = outdated if keeps_present else everything
        removed = ngettext("{n} picture is removed.", "{n} pictures are removed.", count)
        st.markdown(
            removed.format(n=number(count))
            + " "
            + _(
                "What was decided about them is forgotten, and they are asked about again if they come again. **This cannot be undone.**"
            )
        )
        if st.button(_("Remove for good"), key="queue-empty-now"):
            empty_queue(project, run if keeps_present else None)
            st.rerun()
