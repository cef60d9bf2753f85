"""Choice of recipe: four cards with a description and the expected cost."""

from __future__ import annotations

import streamlit as st

from core.data.dataset import Dataset
from core.jobs.warm import warm_minutes
from core.models.backbones import Backbone, WeightsSource, get_backbone
from core.runs.setting_names import RECIPE_NAMES
from core.runs.start_project_jobs import start_profiling
from core.runs.warming import warm_up_for
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import Estimate, estimate
from core.training.kernels.choice import known_times
from core.training.recipes import phases_of
from core.workspace import Project
from pages.ui import state
from pages.ui.display_names.training import RECIPE_SENTENCES
from pages.ui.settings import next_config, possible_recipes, remember_recipe
from pages.ui.text import _, escape, expected_duration, file_size, number


def recipe_cards(project: Project, dataset: Dataset, chosen: TrainingConfig) -> None:
    """Draw the four cards with their Choose buttons."""
    for recipe, column in zip(Recipe, st.columns(len(Recipe)), strict=True):
        with (
            column,
            st.container(
                border=True, key=f"recipe-{recipe}", height="stretch", vertical_alignment="distribute"
            ),
        ):
            _card(project, dataset, recipe, chosen)


def _card(project: Project, dataset: Dataset, recipe: Recipe, chosen: TrainingConfig) -> None:
    """Draw a recipe's description, cost and Choose button."""
    is_chosen, is_possible = recipe is chosen.recipe, recipe in possible_recipes(chosen.backbone)
    with st.container():
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{_(RECIPE_NAMES[recipe])}**", width="content")
            if is_chosen:
                st.badge(_("Chosen"), icon=":material/check:", color="green")
        st.caption(_(RECIPE_SENTENCES[recipe]))
        if is_possible:
            config = chosen if is_chosen else next_config(project, recipe=recipe)
            _cost_lines(estimate(dataset, config))
        else:
            st.caption(_reason_against(get_backbone(chosen.backbone)))
    if is_possible and not is_chosen and st.button(_("Choose"), key=f"choose-{recipe}"):
        remember_recipe(project, recipe)
        state.count_up("settings")
        st.rerun()


def _reason_against(backbone: Backbone) -> str:
    if backbone.weights is WeightsSource.NONE:
        sentence = _("Not with {backbone}: it has no pretrained weights.")
    else:
        sentence = _("Not with {backbone}: the backbones of a committee stay as they are.")
    return sentence.format(backbone=escape(backbone.name))


def measure_button(project: Project, dataset: Dataset, config: TrainingConfig) -> None:
    """Offer to time a few steps where the cost of the chosen recipe is only estimated."""
    if estimate(dataset, config).is_measured:
        return
    if st.button(
        _("Measure here (about 30 s)"),
        icon=":material/speed:",
        key="measure",
        help=_(
            "Times a few training steps with these settings, so that the estimate above is that of this computer."
        ),
    ):
        start_profiling(project, config)
        st.rerun()


def kernel_note(config: TrainingConfig) -> None:
    """Say which kernels train networks on this machine, once that was measured."""
    times = known_times()
    if times is None or not phases_of(config):
        return
    form = (
        _("Networks are trained with oneDNN, which was {gain} × as fast on this computer.")
        if times.is_faster
        else _("Networks are trained without oneDNN, which was {gain} × as fast on this computer.")
    )
    st.caption(escape(form.format(gain=number(times.gain))))


def warm_note(config: TrainingConfig) -> None:
    """Let a worker get ready for the training, and say what it takes."""
    memory = warm_up_for(config)
    if memory is None:
        return
    sentence = _(
        "So that this training starts at once, a process waits for it with {memory} of memory. It ends after {time} without use."
    )
    st.caption(escape(sentence.format(memory=file_size(memory), time=expected_duration(60 * warm_minutes()))))


def _cost_lines(cost: Estimate) -> None:
    """Format the expected time, and the resources needed."""
    form = _("about {time} here") if cost.is_measured else _("roughly {time} here")
    st.markdown(
        f":material/timer: {escape(form.format(time=expected_duration(cost.seconds)))}",
        help=_("If all epochs are trained; training ends earlier if validation stops improving.")
        if cost.is_measured
        else _("A rough estimate: nothing similar was measured on this computer yet."),
    )
    st.caption(
        escape(
            _("{memory} of memory · {disk} on disk").format(
                memory=file_size(cost.memory_bytes), disk=file_size(cost.disk_bytes)
            )
        )
    )
