"""Making of export files: the button for all, the progress, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.delivery import export
from core.delivery.certificate.records import USUAL_LOSS
from core.delivery.certificate.store import FileState
from core.delivery.export import state_of
from core.delivery.export_job import ExportResult
from core.delivery.exporter import Exporter, FormatGroup
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.optional_packages import missing_packages
from core.runs.start_export import start_export
from pages.ui.jobs import draw_progress, newest_job_on, show_error, try_to
from pages.ui.optional_packages import offer_packages
from pages.ui.text import _, ngettext, number, show

_TO_MAKE = {FileState.NOT_MADE, FileState.PROVEN, FileState.WITHHELD}


def running_export(run: Path) -> JobDirectory | None:
    """Return the job that makes files of this run now; None without one."""
    job = newest_job_on(run, JobKind.EXPORT)
    return None if job is None or job.status().state.has_ended else job


def show_making(run: Path) -> float:
    """Draw the progress of the job, or the button that makes and checks every file.

    While a job runs, it must be drawn again and again.

    Returns:
        the accuracy that a quantised file may lose, as a fraction.
    """
    work = st.container()
    with st.expander(_("Advanced"), key="export-advanced"):
        points = st.number_input(
            _("Accuracy that a smaller file may lose, in points"),
            min_value=0.0,
            max_value=100.0,
            value=100 * USUAL_LOSS,
            step=0.5,
            format="%.1f",
            key="export-allowed-loss",
            help=_(
                "Quantised files store rounded numbers: they are smaller, and some answers change. A file that loses more on the test pictures is withheld. Make it again after a change."
            ),
        )
    allowed_loss = points / 100
    job = newest_job_on(run, JobKind.EXPORT)
    with work:
        if job is not None and not job.status().state.has_ended:
            draw_progress(job, "export-job")
            return allowed_loss
        # A starter holds another format's file: it is made by its own button.
        formats = [item for item in export.EXPORTERS if item.group is not FormatGroup.STARTERS]
        to_make = [item for item in formats if state_of(run, item) in _TO_MAKE]
        if to_make:
            _button(run, to_make, allowed_loss)
        _offer_converters(run, allowed_loss)
        if job is not None:
            _outcome(job)
    return allowed_loss


def make(run: Path, codes: Sequence[str], allowed_loss: float) -> bool:
    """Start the job for these formats; show the reason if it is refused."""
    return try_to(lambda: start_export(run, codes, allowed_loss))


def _button(run: Path, to_make: Sequence[Exporter], allowed_loss: float) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        is_pressed = st.button(
            _("Make and check all"),
            icon=":material/fact_check:",
            key="export-all",
            help=_(
                "Each file is made, then runs in a process of its own on the test pictures, from picture file to answer. You can go on working meanwhile."
            ),
        )
        st.caption(
            ngettext(
                "{n} file, checked on your test pictures",
                "{n} files, checked on your test pictures",
                len(to_make),
            ).format(n=number(len(to_make)))
        )
    if is_pressed and make(run, [exporter.code for exporter in to_make], allowed_loss):
        st.rerun()


def _offer_converters(run: Path, allowed_loss: float) -> None:
    """Draw the button that installs the packages of formats that lack them, and makes these."""
    needy = [item for item in export.EXPORTERS if state_of(run, item) is FileState.PACKAGE_MISSING]
    names = dict.fromkeys(name for item in needy for name in item.packages)
    if not needy:
        return
    labels = ", ".join(_(item.label) for item in needy)
    st.markdown(_("Some formats need converters that are not installed: {formats}.").format(formats=labels))
    codes = [item.code for item in needy]
    offer_packages(missing_packages(names), lambda: start_export(run, codes, allowed_loss))


def _outcome(job: JobDirectory) -> None:
    """Show what the last job could not make."""
    show_error(job.status())
    labels = {exporter.code: _(exporter.label) for exporter in export.EXPORTERS}
    for code, reason in ExportResult.from_json(job.result() or {}).failed.items():
        st.warning(f"**{labels.get(code, code)}**: {show(reason)}", icon=":material/error:")
