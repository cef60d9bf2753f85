"""Catalogue of backbones: cards for those on this computer and the best known, rows by family for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from core.models.backbones import BACKBONES, Backbone
from core.models.weights.store import WeightsState
from core.runs.start_computer_jobs import start_download
from core.workspace import Project
from pages.ui import state
from pages.ui.model.facts import HERE, STATE_NAMES, facts_line
from pages.ui.settings import choose_backbone, chosen_backbone
from pages.ui.text import _, escape, file_size, ngettext

_CARDS_IN_A_ROW, _WIDE_CARDS_IN_A_ROW = 3, 2
# People ask for these by name.
WELL_KNOWN = ("vgg16", "resnet50", "inception_v3", "efficientnet_b0")


def backbones_here(project: Project, states: Mapping[str, WeightsState], speeds: Mapping[str, float]) -> None:
    """Draw a card for each backbone that training could start with at once."""
    st.subheader(_("On this computer now"), anchor=False)
    _cards(project, [one for key, one in BACKBONES.items() if states[key] in HERE], states, speeds)


def well_known_backbones(
    project: Project, states: Mapping[str, WeightsState], speeds: Mapping[str, float]
) -> None:
    """Draw a card for each well-known backbone that is not here yet, with the way to get it."""
    absent = [BACKBONES[key] for key in WELL_KNOWN if states[key] not in HERE]
    if absent:
        st.subheader(_("Well known"), anchor=False)
        # Wide enough for a name beside the button that gets the weights.
        _cards(project, absent, states, speeds, in_a_row=_WIDE_CARDS_IN_A_ROW)


def _cards(
    project: Project,
    backbones: Sequence[Backbone],
    states: Mapping[str, WeightsState],
    speeds: Mapping[str, float],
    *,
    in_a_row: int = _CARDS_IN_A_ROW,
) -> None:
    for start in range(0, len(backbones), in_a_row):
        columns = st.columns(in_a_row, gap="small")
        for column, backbone in zip(columns, backbones[start : start + in_a_row], strict=False):
            with column:
                _card(project, backbone, states[backbone.key], speeds.get(backbone.key))


def _card(project: Project, backbone: Backbone, weights: WeightsState, speed: float | None) -> None:
    with st.container(border=True, key=f"backbone-{backbone.key}", height="stretch", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{escape(backbone.name)}**", width="content")
            if weights not in HERE:
                _get_button(backbone, weights)
            elif backbone.key == chosen_backbone(project):
                st.badge(_("Chosen"), icon=":material/check:", color="green")
            elif st.button(_("Choose"), key=f"choose-{backbone.key}"):
                choose_backbone(project, backbone.key)
                st.rerun()
        if weights not in HERE:
            st.badge(_(STATE_NAMES[weights]), color="gray")
        st.caption(_(backbone.good_for))
        st.caption(facts_line(backbone, speed))


def other_backbones(states: Mapping[str, WeightsState], speeds: Mapping[str, float]) -> None:
    """Draw the remaining backbones, one family at a time, with the way to get each."""
    others = [one for key, one in BACKBONES.items() if states[key] not in HERE and key not in WELL_KNOWN]
    if not others:
        return
    title = ngettext("{n} more backbone", "{n} more backbones", len(others)).format(n=len(others))
    with st.expander(title, icon=":material/library_add:", key="more-backbones"):
        if not any(states[backbone.key] is WeightsState.DOWNLOADABLE for backbone in others):
            st.caption(
                _(
                    "There is no connection to the servers with their weights. Download the files on another computer and give them to Darkroom under *Bring a weights file*."
                )
            )
        family = _family(others)
        for backbone in others:
            if backbone.family == family:
                _row(backbone, states[backbone.key], speeds.get(backbone.key))


def _family(others: Sequence[Backbone]) -> str:
    """Draw the choice of a family: similar networks, from small to large."""
    counts = Counter(backbone.family for backbone in others)
    return str(
        st.pills(
            _("Family"),
            list(counts),
            default=next(iter(counts)),
            format_func=lambda name: f"{_(name)} · {counts[name]}",
            required=True,
            help=_("Networks of one family are built alike and differ in size."),
            key="family",
        )
    )


def _row(backbone: Backbone, weights: WeightsState, speed: float | None) -> None:
    with st.container(key=f"backbone-{backbone.key}", gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{escape(backbone.name)}**", width="content")
            _get_button(backbone, weights)
        st.caption(f"{_(backbone.good_for)} {facts_line(backbone, speed)}")


def _get_button(backbone: Backbone, weights: WeightsState) -> None:
    """Draw the button that downloads the weights, or the way to supply their file."""
    if weights is not WeightsState.DOWNLOADABLE:
        _how_to_supply(backbone)
        return
    label = _("Download {size}").format(size=escape(file_size(backbone.download_bytes)))
    if st.button(label, key=f"download-{backbone.key}", icon=":material/download:"):
        state.follow_job(start_download(backbone.key))
        st.rerun()


def _how_to_supply(backbone: Backbone) -> None:
    with st.popover(_("Supply its file"), icon=":material/upload_file:", key=f"supply-{backbone.key}"):
        st.markdown(
            _(
                "On a computer with a network, download this file ({size}) and copy it here unchanged; then give it to Darkroom under *Bring a weights file*."
            ).format(size=escape(file_size(backbone.download_bytes)))
        )
        st.code(backbone.weights_url or backbone.weights_file, language=None, wrap_lines=True)
