"""Offers of an import's question: what is taken out of documents, videos and volumes."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.data.containers.config import ContainerConfig, ContainerKind, Plane
from core.data.containers.offers import Offer
from core.data.containers.optional_readers import OPTIONAL_READERS, OptionalReader, can_install
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.messages import N_
from core.runs.import_questions import ImportQuestion, answer
from core.runs.start import start_installation
from pages.ui import state
from pages.ui.jobs import follow, show_error, try_to
from pages.ui.text import _, number, show

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
        _offer_reader(question, OPTIONAL_READERS[missing.package])
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


def _offer_reader(question: ImportQuestion, reader: OptionalReader) -> None:
    """Draw the button that installs a reader, its progress, and the command for a terminal."""
    job = state.followed_job()
    is_ours = job is not None and job.kind is JobKind.INSTALL_READER
    if job is not None and is_ours and job.config()["package"] == reader.package:
        follow(job, lambda ended: _ended(question, ended), key=f"install-{reader.package}-progress")
        if not job.status().state.has_ended:
            return
    is_possible = can_install() and is_at_this_computer()
    size = number(reader.megabytes)
    is_pressed = st.button(
        _("Install the reader ({n} MB)").format(n=size),
        icon=":material/download:",
        disabled=not is_possible,
        help=_("It comes from the internet, into the environment that runs Darkroom.")
        if is_possible
        else _("Only on the computer that runs Darkroom, and only where its environment can be written."),
        key=f"install-{reader.package}",
    )
    if is_pressed and is_possible and try_to(lambda: state.follow_job(start_installation(reader))):
        st.rerun()
    st.caption(_("Or in a terminal: {command}").format(command=f"`{reader.command}`"))


def _ended(question: ImportQuestion, job: JobDirectory) -> None:
    """Look at the source again once its reader is there, or show why it is not."""
    status = job.status()
    if status.state is JobState.FINISHED:
        if try_to(lambda: state.follow_job(answer(question, question.request.settings))):
            st.rerun()
        return
    show_error(status)


def is_at_this_computer() -> bool:
    """True unless the browser is on another machine, or behind a proxy, which hides where it is."""
    is_behind_a_proxy = any(name in st.context.headers for name in ("X-Forwarded-For", "Forwarded"))
    return not is_behind_a_proxy and st.context.ip_address in {None, "127.0.0.1", "::1"}
