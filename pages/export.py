"""Export page: the classifier in every format of the table, and the proof that it answers the same."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.delivery.certificate.store import FileState, read_certificate
from core.delivery.export import require_offered, state_of
from core.delivery.files import read_labels, read_proof
from core.delivery.formats.bundle_format import BUNDLE
from core.errors import DarkroomError
from core.evaluation.ensemble import run_backbones
from core.models.licences import commercial_limit
from pages.ui.export.certificate import show_certificates
from pages.ui.export.display_names import agreement_text, rounded_up
from pages.ui.export.programs import show_programs
from pages.ui.export.table import all_formats, download_button
from pages.ui.runs import require_run
from pages.ui.shell import page_title, require_project
from pages.ui.text import _, number, show


def ready_to_run(run: Path) -> None:
    """Draw the one download for newcomers, with its proof."""
    with st.container(border=True, key="export-ready"):
        st.subheader(_(BUNDLE.label), anchor=False)
        st.markdown(_(BUNDLE.description))
        try:
            require_offered(run, BUNDLE)
        except DarkroomError as error:
            st.error(show(error.message), icon=":material/block:")
            return
        download_button(run, BUNDLE, is_primary=True, key="download-ready")
        proof_line(run)


def proof_line(run: Path) -> None:
    """Say how its answers were checked: on all test pictures, or on a few when the run ended."""
    certificate, proof = read_certificate(run, BUNDLE), read_proof(run)
    check = certificate.check if certificate else None
    if check is not None and state_of(run, BUNDLE) is FileState.CERTIFIED:
        st.success(_("Checked: {answers}.").format(answers=agreement_text(check.agreement)), icon=_VERIFIED)
    elif proof.files:
        st.success(
            _(
                "Checked: on {n} test pictures, from picture file to answer, this classifier and the evaluated one "
                "differ by at most {difference} in any probability."
            ).format(n=number(proof.pictures), difference=rounded_up(proof.max_difference)),
            icon=_VERIFIED,
        )


def licence_line(run: Path) -> None:
    """Warn of weights that may not be used commercially."""
    if limit := commercial_limit(run_backbones(run)):
        st.warning(show(limit), icon=":material/gavel:")


_VERIFIED = ":material/verified:"

page_title(_("Export"), _("Take the classifier with you. It works without Darkroom and without a network."))
project = require_project()
run = require_run(project, delivered=True)
licence_line(run)
ready_to_run(run)
st.subheader(_("All formats"), anchor=False)
all_formats(run)
show_certificates(run)
if read_labels(run).stranger_limit is not None:
    st.caption(
        _(
            "Pictures of none of the classes are recognised by “Ready to run”. The LiteRT file gives their score as its second output; `labels.json` has the limit. The Keras file gives probabilities alone."
        )
    )
st.caption(
    _(
        "Every picture is prepared in the same way: turned upright, transparency put on white, stretched to a square. Each zip holds a model card, and `verify.py`, which checks the files and the answers to 16 made-up pictures wherever it arrives: your test pictures stay here."
    )
)
show_programs(run)
