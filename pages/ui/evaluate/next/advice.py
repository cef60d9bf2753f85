"""Cards of advice, each with a button that opens the place where it is carried out."""

from __future__ import annotations

import streamlit as st

from core.evaluation.advice.advice import CHECK_PICTURES, SEE_ROBUSTNESS, Advice, Link
from core.evaluation.advice.table import advise
from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui import state
from pages.ui.shell import page_file
from pages.ui.steps import Step
from pages.ui.text import _, show


def show_advice(evaluated: EvaluatedRun) -> None:
    """Draw the advice on a run, the most useful first."""
    given = advise(evaluated)
    if not given:
        st.markdown("### " + _("Nothing stands out"))
        st.markdown(
            _(
                "The evidence so far suggests no next step. More of it comes from the check of the pictures and from the robustness test."
            )
        )
        with st.container(horizontal=True, key="more-evidence"):
            for link in (CHECK_PICTURES, SEE_ROBUSTNESS):
                if st.button(_(link.label), icon=":material/arrow_forward:", key=f"evidence-{link.section}"):
                    _go_to(link)
        return
    st.markdown(
        _("What the evidence suggests, the most useful first."),
        help=_("Ordered by the share of the test pictures that each concerns."),
    )
    for position, advice in enumerate(given):
        _card(advice, is_first=position == 0)


def _card(advice: Advice, *, is_first: bool) -> None:
    with st.container(border=True, key=f"advice-{advice.code}"):
        st.markdown(f"**{show(advice.message)}**")
        st.caption(show(advice.reason))
        if st.button(
            _(advice.link.label),
            type="primary" if is_first else "secondary",
            icon=":material/arrow_forward:",
            key=f"follow-{advice.code}",
        ):
            _go_to(advice.link)


def _go_to(link: Link) -> None:
    if link.part:
        state.choose_part(link.part)
    if link.page == Step.EVALUATE:
        state.open_section(link.section)
    if link.section:
        state.choose_section(link.section)
    st.switch_page(page_file(Step(link.page)))
