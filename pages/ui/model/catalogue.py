"""The backbones to choose from: those that work now as cards, all others by family."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from core.models.backbones import BACKBONES, Backbone
from core.models.weights.store import WeightsState
from core.runs.start import start_download
from core.workspace import Project
from pages.ui import state
from pages.ui.model.facts import HERE, facts_line
from pages.ui.settings import choose_backbone, chosen_backbone
from pages.ui.text import _, escape, file_size, ngettext

_CARDS_IN_A_ROW = 3


def backbones_here(project: Project, states: Mapping[str, WeightsState], speeds: Mapping[str, float]) -> None:
    """Cards of those that training could start with at once."""
    st.subheader(_("On this computer now"), anchor=False)
    chosen = chosen_backbone(project)
    here = [backbone for key, backbone in BACKBONES.items() if states[key] in HERE]
    for start in range(0, len(here), _CARDS_IN_A_ROW):
        columns = st.columns(_CARDS_IN_A_ROW, gap="small")
        for column, backbone in zip(columns, here[start : start + _CARDS_IN_A_ROW], strict=False):
            with column:
                _card(project, backbone, backbone.key == chosen, speeds.get(backbone.key))


def _card(project: Project, backbone: Backbone, is_chosen: bool, speed: float | None) -> None:
    with st.container(border=True, key=f"backbone-{backbone.key}", height="stretch", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{escape(backbone.name)}**", width="content")
            if is_chosen:
                st.badge(_("Chosen"), icon=":material/check:", color="green")
            elif st.button(_("Choose"), key=f"choose-{backbone.key}"):
                choose_backbone(project, backbone.key)
                st.rerun()
        st.caption(_(backbone.good_for))
        st.caption(facts_line(backbone, speed))


def other_backbones(states: Mapping[str, WeightsState], speeds: Mapping[str, float]) -> None:
    """Those whose weights are elsewhere, one family at a time, and how each gets here."""
    others = [backbone for key, backbone in BACKBONES.items() if states[key] not in HERE]
    if not others:
        return
    title = ngettext("{n} more backbone", "{n} more backbones", len(others)).format(n=len(others))
    with st.expander(title, icon=":material/library_add:", key="more-backbones"):
        if not any(states[backbone.key] is WeightsState.DOWNLOADABLE for backbone in others):
            st.caption(
                _(
                    "There is no connection to the servers that have their weights. Fetch the files on another "
                    "computer and give them to Darkroom under *Bring a weights file*."
                )
            )
        family = _family(others)
        for backbone in others:
            if backbone.family == family:
                _row(backbone, states[backbone.key], speeds.get(backbone.key))


def _family(others: Sequence[Backbone]) -> str:
    """Which family to show: similar networks, from small to large."""
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
            if weights is WeightsState.DOWNLOADABLE:
                label = _("Download {size}").format(size=escape(file_size(backbone.download_bytes)))
                if st.button(label, key=f"download-{backbone.key}", icon=":material/download:"):
                    state.follow_job(start_download(backbone.key))
                    st.rerun()
            else:
                _how_to_supply(backbone)
        st.caption(f"{_(backbone.good_for)} {facts_line(backbone, speed)}")


def _how_to_supply(backbone: Backbone) -> None:
    with st.popover(_("Supply its file"), icon=":material/upload_file:", key=f"supply-{backbone.key}"):
        st.markdown(
            _(
                "On a computer with a network, fetch this file ({size}) and bring it here as it is; "
                "then give it to Darkroom under *Bring a weights file*."
            ).format(size=escape(file_size(backbone.download_bytes)))
        )
        st.code(backbone.weights_url or backbone.weights_file, language=None, wrap_lines=True)
