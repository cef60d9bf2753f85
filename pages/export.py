"""Export page: the classifier in every format of the table, and the measured proof."""

from __future__ import annotations

import math
from pathlib import Path

import streamlit as st

from core.delivery import export
from core.delivery.export import export_file, has_export
from core.delivery.exporter import Exporter
from core.delivery.files import read_labels, read_proof
from core.http.pages import export_path
from pages.ui.runs import require_run
from pages.ui.shell import page_title, require_project
from pages.ui.text import _, escape, file_size
from pages.ui.urls import own_url

_COLUMNS = 3


def export_cards(run: Path) -> None:
    """Draw a card for each format, in rows of three."""
    for start in range(0, len(export.EXPORTERS), _COLUMNS):
        row = export.EXPORTERS[start : start + _COLUMNS]
        for column, exporter in zip(st.columns(_COLUMNS, gap="medium"), row, strict=False):
            with column:
                export_card(run, exporter, is_first=exporter is export.EXPORTERS[0])


def export_card(run: Path, exporter: Exporter, *, is_first: bool) -> None:
    """Draw one format: its purpose, its size and the download button."""
    with st.container(border=True, key=f"export-{exporter.code}", height="stretch"):
        st.subheader(_(exporter.label), anchor=False)
        st.markdown(_(exporter.description))
        if not has_export(run, exporter):
            st.caption(_("This run finished before this format existed. Train it again to get it."))
            return
        size = file_size(export_file(run, exporter).stat().st_size)
        st.link_button(
            _("Download {size}").format(size=escape(size)),
            own_url(export_path(run.name, exporter.code)),
            icon=exporter.icon,
            type="primary" if is_first else "secondary",
            key=f"download-{exporter.code}",
        )


def proof_line(run: Path) -> None:
    """Draw the measured difference between these files and the evaluation."""
    proof = read_proof(run)
    if not proof.files:
        return
    st.success(
        _(
            "Checked: on {n} test pictures, from picture file to answer, these files and the evaluated classifier "
            "differ by at most {difference} in any probability."
        ).format(n=proof.pictures, difference=_rounded_up(proof.max_difference)),
        icon=":material/verified:",
    )


def _rounded_up(difference: float) -> str:
    """Format a bound with six digits: a smaller number than the difference would be no bound."""
    return f"{math.ceil(1e6 * difference) / 1e6:.6f}"


page_title(_("Export"), _("Take the classifier with you. It works without Darkroom and without a network."))
project = require_project()
run = require_run(project, delivered=True)
export_cards(run)
proof_line(run)
if read_labels(run).stranger_limit is not None:
    st.caption(
        _(
            "Pictures of none of the classes are recognised by “Ready to run”. The LiteRT file gives their score as its second output; `labels.json` has the limit. The Keras file gives probabilities alone."
        )
    )
st.caption(
    _(
        "Every picture is prepared in the same way: turned upright, transparency put on white, stretched to a square."
    )
)
