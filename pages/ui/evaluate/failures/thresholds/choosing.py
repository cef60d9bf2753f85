"""Choice of a threshold by costs, wanted precision or wanted recall, on the validation pictures."""

from __future__ import annotations

import streamlit as st

from core.evaluation.curves import ClassCurve
from core.evaluation.thresholds.choosing import (
    LEAST_SHOWN,
    Choice,
    Reason,
    choose_by_cost,
    choose_by_precision,
    choose_by_recall,
)
from pages.ui import state
from pages.ui.text import _, number, percent

_FIRST_WISH = 95  # percent
_LOWEST_COST, _FIRST_MISS = 0.01, 5.0


def show_choosing(validation: ClassCurve, slider: str) -> None:
    """Draw the three ways to choose; a choice moves the slider of this key, which is not drawn yet."""
    choice = _choice(validation)
    if choice is None:
        return
    if choice.threshold is not None:
        state.set_value(slider, choice.threshold)
    _explain(choice, validation)


def _choice(validation: ClassCurve) -> Choice | None:
    """Draw the buttons; returns the choice of the one that was pressed."""
    by_cost, by_precision, by_recall = st.columns(3)
    with by_cost, st.popover(_("By cost"), icon=":material/payments:", width="stretch"):
        choice = _by_cost(validation)
    with by_precision, st.popover(_("By precision"), icon=":material/target:", width="stretch"):
        wanted = _wish(_("Wanted precision (%)"), _("Share of the answers of this class that are right"))
        if st.button(_("Choose"), key="choose-by-precision"):
            choice = choose_by_precision(validation, wanted)
    with by_recall, st.popover(_("By recall"), icon=":material/search_check:", width="stretch"):
        wanted = _wish(_("Wanted recall (%)"), _("Share of the pictures of this class that are found"))
        if st.button(_("Choose"), key="choose-by-recall"):
            choice = choose_by_recall(validation, wanted)
    return choice


def _by_cost(validation: ClassCurve) -> Choice | None:
    wrong_alarm = st.number_input(
        _("Cost of a wrong alarm"),
        min_value=_LOWEST_COST,
        value=1.0,
        help=_(
            "The class is answered for a picture that does not show it. Only the ratio of the costs counts."
        ),
        key="cost-of-wrong-alarm",
    )
    miss = st.number_input(
        _("Cost of a miss"),
        min_value=_LOWEST_COST,
        value=_FIRST_MISS,
        help=_("The class is not answered for a picture that shows it."),
        key="cost-of-miss",
    )
    pressed = st.button(_("Choose"), key="choose-by-cost")
    return choose_by_cost(validation, wrong_alarm, miss) if pressed else None


def _wish(label: str, explanation: str) -> float:
    return st.number_input(label, 1, 100, _FIRST_WISH, help=explanation, key=f"wish-{label}") / 100


def _explain(choice: Choice, validation: ClassCurve) -> None:
    counts = {
        "shown": number(validation.positives),
        "others": number(validation.negatives),
        "least": number(LEAST_SHOWN),
        "precision": percent(choice.precision or 0.0),
        "recall": percent(choice.recall or 0.0),
    }
    sentences = {
        Reason.MEASURED: _(
            "Chosen on the validation pictures, where it has a precision of {precision} and a recall of {recall}. The table below measures it on the test pictures."
        ),
        Reason.COSTS_ALONE: _(
            "Too few validation pictures to measure by: {shown} show the class, {others} do not. This threshold follows from the costs alone."
        ),
        Reason.TOO_FEW: _(
            "Too few validation pictures to choose by: {shown} show the class, {others} do not. At least {least} of each are needed."
        ),
        Reason.UNREACHABLE: _(
            "No threshold reaches that on the validation pictures: the highest precision is {precision}."
        ),
    }
    draw = st.info if choice.reason is Reason.MEASURED else st.warning
    draw(sentences[choice.reason].format(**counts))
