"""Offer of optional packages: the button that installs them, its progress, and the command for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.http.access.guard import is_at_this_computer
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.optional_packages import OptionalPackage, can_install, install_command
from core.runs.start_computer_jobs import start_installation
from pages.ui import state
from pages.ui.jobs import follow, show_error, try_to
from pages.ui.text import _, number


def offer_packages(packages: Sequence[OptionalPackage], start_again: Callable[[], JobDirectory]) -> None:
    """Draw the offer.

    Args:
        start_again: starts the work that needs the packages, once they are installed.
    """
    job = state.followed_job()
    names = [package.name for package in packages]
    key = "install-" + "-".join(names)
    is_ours = job is not None and job.kind is JobKind.INSTALL_PACKAGES
    if job is not None and is_ours and job.config().get("packages") == names:
        follow(job, lambda ended: _ended(ended, start_again), key=f"{key}-progress")
        if not job.status().state.has_ended:
            return
    is_possible = can_install() and is_browser_here()
    size = number(sum(package.megabytes for package in packages))
    is_pressed = st.button(
        _("Install what is missing ({n} MB)").format(n=size),
        icon=":material/download:",
        disabled=not is_possible,
        help=_("It comes from the internet, into the environment that runs Darkroom.")
        if is_possible
        else _("Only on the computer that runs Darkroom, and only where its environment can be written."),
        key=key,
    )
    if is_pressed and is_possible and try_to(lambda: state.follow_job(start_installation(packages))):
        st.rerun()
    st.caption(_("Or in a terminal: {command}").format(command=f"`{install_command(packages)}`"))


def _ended(job: JobDirectory, start_again: Callable[[], JobDirectory]) -> None:
    """Start the work once its packages are there, or show why they are not."""
    status = job.status()
    if status.state is JobState.FINISHED:
        if try_to(lambda: state.follow_job(start_again())):
            st.rerun()
        return
    show_error(status)


def is_browser_here() -> bool:
    """True for a browser on the computer that runs Darkroom."""
    # Streamlit states no address for a browser on this computer.
    return is_at_this_computer(st.context.ip_address or "127.0.0.1", st.context.headers)
