"""Committee section: two backbones at once as one choice, other combinations under *Advanced*."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.data.dataset import Dataset
from core.errors import ConfigError
from core.models.backbones import BACKBONES, Backbone, WeightsSource, get_backbone
from core.models.committee import JOINT, MOST_MEMBERS
from core.models.guidance import two_at_once
from core.models.speeds import expected_seconds
from core.models.weights.store import WeightsState
from core.training.cost.estimate import feature_seconds
from core.workspace import Project
from pages.ui.model.facts import HERE
from pages.ui.settings import choose_backbone, chosen_backbone
from pages.ui.text import _, escape, expected_duration, file_size, number, show


def committee_section(project: Project, dataset: Dataset, states: Mapping[str, WeightsState]) -> None:
    """Draw the choice of two at once, and of any other combination of backbones on this computer."""
    here = [
        key
        for key, state in states.items()
        if state in HERE and BACKBONES[key].weights is not WeightsSource.NONE
    ]
    usual = two_at_once(here)
    if usual is None:
        return
    st.subheader(_("More accurate: two at once"), anchor=False)
    chosen = get_backbone(chosen_backbone(project))
    shown = chosen if chosen.members else usual
    with st.container(border=True, key="committee", gap="xsmall"):
        _choice(project, dataset, shown)
        with st.expander(_("Advanced: another combination"), icon=":material/tune:", key="other-committee"):
            _combination(project, dataset, here, shown)


def _choice(project: Project, dataset: Dataset, committee: Backbone) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{escape(committee.name)}**", width="content")
        _button(project, committee, key="choose-committee")
    st.caption(_(committee.good_for))
    st.caption(_cost(dataset, committee))


def _button(project: Project, committee: Backbone, *, key: str) -> None:
    """Draw the button that chooses a committee."""
    if committee.key == chosen_backbone(project):
        st.badge(_("Chosen"), icon=":material/check:", color="green")
    elif st.button(_("Choose"), key=key):
        choose_backbone(project, committee.key)
        st.rerun()


def _cost(dataset: Dataset, committee: Backbone) -> str:
    """Format the time of the features that are missing, the time against one member, and the size."""
    seconds = feature_seconds(dataset, committee)
    fastest = min(expected_seconds(member, 1) for member in committee.members)
    times = expected_seconds(committee, 1) / fastest
    parts = [
        _("about {time} to compute the features of your pictures").format(
            time=escape(expected_duration(max(1.0, seconds)))
        ),
        _("{times} × the time of the fastest of them for a picture").format(times=number(round(times, 1))),
        _("{size} on the disk of who uses it").format(size=escape(file_size(4 * committee.parameters))),
        _("recipe: quick"),
    ]
    return " · ".join(parts)


def _combination(project: Project, dataset: Dataset, here: list[str], shown: Backbone) -> None:
    """Draw the choice of any backbones on this computer."""
    picked = st.multiselect(
        _("Backbones"),
        here,
        # A project from another computer may have chosen one that is not on this one.
        default=[member.key for member in shown.members if member.key in here],
        format_func=lambda key: BACKBONES[key].name,
        max_selections=MOST_MEMBERS,
        help=_("Networks of different families see different things, so they complement each other most."),
        key=f"committee-members-{shown.key}",
    )
    if len(picked) < 2:
        st.caption(_("Choose at least two."))
        return
    try:
        committee = get_backbone(JOINT.join(picked))
    except ConfigError as error:
        st.error(show(error.message))
        return
    if committee.key != shown.key:
        st.caption(_cost(dataset, committee))
        _button(project, committee, key="choose-combination")
