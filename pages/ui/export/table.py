"""Table of all export formats by their use: state, size, speed, download."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.delivery import export
from core.delivery.certificate.records import Certificate, Speed
from core.delivery.certificate.store import FileState, read_certificate
from core.delivery.export import state_of
from core.delivery.export_job import Doing, work_of
from core.delivery.exporter import Exporter
from core.delivery.formats.litert.tflite_format import TFLITE
from core.http.pages import export_path
from core.reporting.exports import export_file
from pages.ui.export.display_names import DOINGS, GROUPS, ICONS, speed_text, state_text
from pages.ui.export.making import make, running_export, show_making
from pages.ui.text import _, escape, file_size
from pages.ui.urls import own_url

_WIDTHS = (2.4, 2.4, 0.9, 1.6, 1.7)
_REFRESH_SECONDS = 1.5


def all_formats(run: Path) -> None:
    """Draw the making of files and the table of formats, which refresh themselves while files are made."""
    if running_export(run) is None:
        _all_formats(run)
    else:
        st.fragment(_all_formats, run_every=_REFRESH_SECONDS)(run)


def _all_formats(run: Path) -> None:
    _format_table(run, show_making(run))


def _format_table(run: Path, allowed_loss: float) -> None:
    """Draw every format, a row each, under the heading of its use.

    Args:
        allowed_loss: accuracy that a quantised file may lose, as a fraction.
    """
    job = running_export(run)
    work = {} if job is None else work_of(job)
    reference = _speed(read_certificate(run, TFLITE))
    for group, title in GROUPS.items():
        exporters = [exporter for exporter in export.EXPORTERS if exporter.group is group]
        if exporters:
            st.markdown(f"##### {_(title)}")
        for exporter in exporters:
            with st.container(key=f"export-{exporter.code}", border=True):
                _row(
                    run,
                    exporter,
                    allowed_loss,
                    reference,
                    doing=work.get(exporter.code),
                    is_busy=job is not None,
                )


def download_button(run: Path, exporter: Exporter, *, is_primary: bool, key: str) -> None:
    """Draw the link to a file that can be taken, with its size."""
    size = file_size(export_file(run, exporter).stat().st_size)
    st.link_button(
        _("Download {size}").format(size=escape(size)) if is_primary else _("Download"),
        own_url(export_path(run, exporter.code)),
        icon=exporter.icon if is_primary else ":material/download:",
        type="primary" if is_primary else "secondary",
        key=key,
    )


def _speed(certificate: Certificate | None) -> Speed | None:
    return certificate.check.speed if certificate and certificate.check else None


def _row(
    run: Path,
    exporter: Exporter,
    allowed_loss: float,
    reference: Speed | None,
    *,
    doing: Doing | None,
    is_busy: bool,
) -> None:
    """Draw one format.

    Args:
        reference: speed of the float32 LiteRT file.
    """
    state, certificate = state_of(run, exporter), read_certificate(run, exporter)
    own_speed = _speed(certificate)
    name, shown, size, speed, action = st.columns(_WIDTHS, vertical_alignment="center")
    name.markdown(f"**{_(exporter.label)}**", help=_(exporter.description))
    text = state_text(run, exporter, state, certificate) if doing is None else _(DOINGS[doing])
    icon = ICONS.get(state, "") if doing is None else ""
    shown.markdown(f"{icon} {text}".strip())
    if state.can_be_taken:
        size.markdown(file_size(export_file(run, exporter).stat().st_size))
    if own_speed is not None and state is FileState.CERTIFIED:
        speed.markdown(
            speed_text(own_speed, reference),
            help=_(
                "Time of one decoded picture on this computer. Its ratio to the float32 LiteRT file was measured in turns, so other work slows both alike; the time is that of the LiteRT file by this ratio. “About equal” means that the difference may be chance."
            ),
        )
    with action:
        _action(run, exporter, state, allowed_loss, is_busy=is_busy)


def _action(run: Path, exporter: Exporter, state: FileState, allowed_loss: float, *, is_busy: bool) -> None:
    if state.can_be_taken:
        download_button(run, exporter, is_primary=False, key=f"download-{exporter.code}")
    elif state is not FileState.PACKAGE_MISSING and not exporter.is_made_in_run:
        is_pressed = st.button(
            _("Make"), icon=":material/build:", key=f"make-{exporter.code}", disabled=is_busy
        )
        if is_pressed and make(run, [exporter.code], allowed_loss):
            st.rerun()
