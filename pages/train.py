"""Train: one button, then charts that grow while a worker trains."""

from __future__ import annotations

import streamlit as st

from core.delivery.files import is_delivered
from core.errors import DarkroomError
from core.jobs.directory import JobDirectory, JobState
from core.jobs.start import resume, start_training
from core.models.backbones import get_backbone
from core.training.config import MAX_EPOCHS, MAX_VIEWS, HeadConfig, Recipe, TrainingConfig
from core.workspace import Project
from pages.ui import state
from pages.ui.runs import is_being_packed, live_view, run_picker, run_summary
from pages.ui.settings import next_config
from pages.ui.shell import next_step, page_title, require_dataset, require_project
from pages.ui.steps import Step
from pages.ui.text import _, escape, ngettext, number, show


def what_will_happen(config: TrainingConfig, pictures: int) -> str:
    """The coming run in one line."""
    backbone = get_backbone(config.backbone)
    kind = _("{name} (from scratch)") if config.recipe is Recipe.SCRATCH else _("{name} (pretrained)")
    parts = [
        ngettext("{n} picture", "{n} pictures", pictures).format(n=number(pictures)),
        kind.format(name=backbone.name),
        _("with augmentation") if config.augmentation.is_active else _("no augmentation"),
    ]
    return " · ".join(parts)


def advanced(project: Project, config: TrainingConfig) -> TrainingConfig | None:
    """The dials for those who want them; None while one is set to something impossible."""
    with st.expander(_("Advanced"), icon=":material/tune:", key="advanced"):
        epochs = st.number_input(
            _("Epochs at most"),
            1,
            MAX_EPOCHS,
            config.epochs,
            help=_("An epoch is one pass over all training pictures. The best one, by validation, is kept."),
            key=f"epochs-{config.recipe}",
        )
        hidden, views, seed = sum(config.head.hidden_units), config.augmented_views, config.seed
        if config.recipe is Recipe.QUICK:
            hidden = st.number_input(
                _("Hidden units"),
                0,
                4096,
                hidden,
                step=64,
                help=_(
                    "0: a linear head. Otherwise a head with one hidden layer is tried as well, and the better one kept."
                ),
                key="hidden-units",
            )
            if config.augmentation.is_active:
                views = st.number_input(
                    _("Changed copies of each training picture"), 1, MAX_VIEWS, views, key="augmented-views"
                )
        seed = st.number_input(
            _("Seed"),
            0,
            2**31 - 1,
            seed,
            help=_("The same seed and settings give the same classifier."),
            key="seed",
        )
    try:
        return next_config(
            project,
            epochs=epochs,
            head=HeadConfig(hidden_units=(hidden,) if hidden else ()),
            augmented_views=views,
            seed=seed,
        )
    except DarkroomError as error:
        st.error(show(error.message))
        return None


def ended(job: JobDirectory) -> None:
    """Offer to go on with a run that is over but has no finished classifier."""
    status = job.status()
    if not status.state.has_ended or is_delivered(job.path) or is_being_packed(job):
        return
    if status.state is JobState.INTERRUPTED:
        st.warning(
            _(
                "This run was interrupted: its process is gone (a crash, or the computer was switched off). "
                "Resuming goes on from what was saved."
            )
        )
    if st.button(_("Resume"), icon=":material/play_arrow:", key="resume", type="primary"):
        resume(job)
        st.rerun()


page_title(_("Train"), _("Press the button. It goes on even if you close this page or stop the server."))
project = require_project()
dataset = require_dataset(project)
run = state.current_run(project)
newest = JobDirectory(run) if run else None
is_busy = newest is not None and not newest.status().state.has_ended
config = next_config(project)
if newest is None or not is_busy:
    st.markdown(escape(what_will_happen(config, len(dataset.pictures))))
    chosen = advanced(project, config)
    label = _("Train again") if newest is not None else _("Start training")
    if (
        st.button(
            label,
            type="primary" if newest is None else "secondary",
            icon=":material/play_arrow:",
            key="start",
            disabled=chosen is None,
        )
        and chosen
    ):
        started = start_training(project, chosen)
        state.choose_run(started.name)
        st.rerun()
if newest is not None:
    picked = run_picker(project)
    job = JobDirectory(picked)
    live_view(job)
    ended(job)
    run_summary(job)
    if job.result() and "test" in (job.result() or {}):
        next_step(Step.EVALUATE, _("how good it is, where it errs, and why"))
