"""Offers of an import's question: what is taken out of documents, videos and volumes."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.data.containers.config import ContainerConfig, ContainerKind, Plane
from core.data.containers.offers import Offer
from core.messages import N_
from core.optional_packages import OPTIONAL_PACKAGES
from core.runs.import_questions import ImportQuestion, answer
from pages.ui.optional_packages import offer_packages
from pages.ui.text import _, show

_LEAST_SECONDS = 0.04  # one frame of 25 a second
_MOST_SECONDS = 3600.0
_PLANES = {
    Plane.AXIAL: N_("axial: from head to feet"),
    Plane.CORONAL: N_("coronal: from front to back"),
    Plane.SAGITTAL: N_("sagittal: from right to left"),
}


def choose_offers(question: ImportQuestion) -> ImportQuestion:
    """Draw the offers of a question; returns it with the choices among its settings."""
    config = question.request.settings.containers
    for missing in question.understanding.missing_readers:
        st.warning(show(missing.message), icon=":material/extension_off:")
        offer_packages(
            [OPTIONAL_PACKAGES[missing.package]], lambda: answer(question, question.request.settings)
        )
    for offer in question.understanding.offers:
        config = _choose(question, offer, config)
    settings = replace(question.request.settings, containers=config)
    return replace(question, request=replace(question.request, settings=settings))


def _choose(question: ImportQuestion, offer: Offer, config: ContainerConfig) -> ContainerConfig:
    key = f"offer-{offer.kind}-{question.job.name}"
    take, how = st.container(), st.container()
    with how:
        if offer.kind is ContainerKind.VIDEO:
            config = replace(config, frame_seconds=_choose_seconds(key, config))
            offer = offer.every(config.frame_seconds)
        if offer.kind is ContainerKind.NIFTI:
            config = replace(config, plane=_choose_plane(key, config))
    with take:
        is_taken = st.checkbox(
            show(offer.message),
            value=True,
            help=_(
                "Pictures of one file stay together in one part of the split. Nothing else of it is kept."
            ),
            key=key,
        )
    return config if is_taken else replace(config, left_out=(*config.left_out, offer.kind))


def _choose_seconds(key: str, config: ContainerConfig) -> float:
    return st.number_input(
        _("Seconds from one frame to the next"),
        _LEAST_SECONDS,
        _MOST_SECONDS,
        config.frame_seconds,
        step=1.0,
        format="%g",
        width=260,
        key=f"{key}-seconds",
    )


def _choose_plane(key: str, config: ContainerConfig) -> Plane:
    planes = list(Plane)
    chosen = st.selectbox(
        _("Slices"),
        planes,
        index=planes.index(config.plane),
        format_func=lambda plane: _(_PLANES[plane]),
        width=260,
        key=f"{key}-plane",
    )
    return Plane(chosen)
