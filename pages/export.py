"""Export: the classifier as files, with the measured proof that they answer as evaluated."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.api import export_path
from core.delivery.export import ExportFormat, export_file
from core.delivery.files import parity_file
from core.files import read_json
from core.messages import N_
from pages.ui.runs import require_run
from pages.ui.shell import page_title, require_project
from pages.ui.text import _, escape, file_size
from pages.ui.urls import own_url

_WORDS = {
    ExportFormat.BUNDLE: (
        N_("Ready to run"),
        N_(
            "A zip with the classifier, its labels and a short `predict.py`. Needs Python with three small packages, no TensorFlow."
        ),
        ":material/folder_zip:",
    ),
    ExportFormat.TFLITE: (
        N_("LiteRT (.tflite)"),
        N_("For phones, Raspberry Pi and other small devices. Preprocessing is inside: give it the pixels."),
        ":material/smartphone:",
    ),
    ExportFormat.KERAS: (
        N_("Keras (.keras)"),
        N_("For people who program: load it with `keras.models.load_model`, train on, convert."),
        ":material/code:",
    ),
}


def export_card(run: Path, kind: ExportFormat, *, is_first: bool) -> None:
    """One format: what it is for, how large, and the button."""
    title, explanation, icon = _WORDS[kind]
    with st.container(border=True, key=f"export-{kind.value}", height="stretch"):
        st.subheader(_(title), anchor=False)
        st.markdown(_(explanation))
        size = file_size(export_file(run, kind).stat().st_size)
        st.link_button(
            _("Download {size}").format(size=escape(size)),
            own_url(export_path(run.name, kind)),
            icon=icon,
            type="primary" if is_first else "secondary",
            key=f"download-{kind.value}",
        )


def proof(run: Path) -> None:
    """What was measured before these files were handed out."""
    parity = read_json(parity_file(run))
    st.success(
        _(
            "Checked: on {n} test pictures, from picture file to answer, these files and the evaluated classifier "
            "differ by at most {difference} in any probability."
        ).format(
            n=parity["tflite"]["pictures"],
            difference=f"{max(parity['tflite']['max_difference'], parity['keras']['max_difference']):.6f}",
        ),
        icon=":material/verified:",
    )


page_title(_("Export"), _("Take the classifier with you. It works without Darkroom and without a network."))
project = require_project()
run = require_run(project, delivered=True)
columns = st.columns(3, gap="medium")
for place, kind in enumerate(_WORDS):
    with columns[place]:
        export_card(run, kind, is_first=place == 0)
proof(run)
st.caption(
    _("Every picture is read the same way: turned upright, transparency put on white, stretched to a square.")
)
