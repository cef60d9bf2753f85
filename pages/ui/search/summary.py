"""What a search found, in sentences: the best, what to expect of it, and whether it was worth it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.jobs.directory import JobDirectory
from core.messages import N_, Message
from core.search.config import Goal, Tradeoff
from core.search.records import TrialRecord, pareto_front
from core.workspace import Project
from pages.ui import state
from pages.ui.search.display_names import points, points_words, second_words, value_words
from pages.ui.search.reading import Search
from pages.ui.text import _, escape, ngettext, number, percent, show

_SECOND_SENTENCES = {
    Tradeoff.SIZE: N_("The classifier takes up {second}."),
    Tradeoff.LATENCY: N_("It needs {second} for a picture."),
}


def answer(project: Project, search: Search) -> None:
    """The best trial, and what its value is worth; while the search lasts only what it has so far."""
    best = search.best
    if best is None:
        st.info(
            _(
                "No trial has come to an end yet that could be compared. "
                "If all of them fail, the reasons below say what to change."
            )
        )
        return
    if not search.result:
        if search.job.status().state.has_ended:
            st.markdown(f"#### {headline(search, best)}")
        return
    with st.container(border=True, key="answer"):
        st.markdown(f"### {headline(search, best)}")
        for sentence in sentences(search, best):
            st.markdown(sentence)
        _run_of_best(project, search)


def headline(search: Search, best: TrialRecord) -> str:
    """The best in one line."""
    value = value_words(best.value, search.config.goal)
    forms = {
        Goal.ACCURACY: _("The best: {value} right on validation pictures"),
        Goal.MACRO_F1: _("The best: a macro F1 of {value} on validation pictures"),
        Goal.LOSS: _("The best: a loss of {value} on validation pictures"),
    }
    return forms[search.config.goal].format(value=value)


def sentences(search: Search, best: TrialRecord) -> list[str]:
    """What to expect on new pictures, what was gained, what it cost."""
    found = [
        *([expectation(search.result["optimism"], search)] if search.result.get("optimism") else []),
        gained(search, best),
    ]
    if search.config.tradeoff is not Tradeoff.NONE:
        front = pareto_front(search.trials, search.config.goal)
        if search.result.get("reason"):
            found.append(show(Message.from_json(search.result["reason"])))
        found.append(
            _(_SECOND_SENTENCES[search.config.tradeoff]).format(
                second=escape(second_words(best.second, search.config.tradeoff))
            )
            + " "
            + ngettext(
                "{n} trial is such that none is better in both: the chart below shows it.",
                "{n} trials are such that none is better in both: the chart below shows them.",
                len(front),
            ).format(n=number(len(front)))
        )
    return found


def expectation(optimism: dict[str, Any], search: Search) -> str:
    """What the winner's value is on pictures it was not chosen by."""
    goal = search.config.goal
    low, high = optimism.get("low"), optimism.get("high")
    why = ngettext(
        "the best of {n} trials looks better on the pictures it was chosen by than it is.",
        "the best of {n} trials looks better on the pictures it was chosen by than it is.",
        len(search.trials),
    ).format(n=number(len(search.trials)))
    measured = _("Measured on {n} validation pictures.").format(n=number(optimism["pictures"]))
    expected = value_words(optimism["expected"], goal)
    if low is None or high is None:
        return _("On new pictures expect about **{expected}**: {why} {measured}").format(
            expected=expected, why=why, measured=measured
        )
    return _(
        "On new pictures expect about **{expected}** (between {low} and {high}): {why} {measured}"
    ).format(
        expected=expected,
        low=value_words(low, goal),
        high=value_words(high, goal),
        why=why,
        measured=measured,
    )


def gained(search: Search, best: TrialRecord) -> str:
    """How much better than the settings to be beaten, or plainly that it is not."""
    goal, gain = search.config.goal, search.result.get("gain")
    if best.is_default:
        return _("**No real gain**: none of the trials beat your settings. They are the best.")
    if gain is None:
        default = search.default_value
        if default is None:
            return _("Your own settings came to no value, so the gain cannot be told.")
        return _("Your settings reached {value}.").format(value=value_words(default, goal))
    amount = points_words(gain["gain"], goal)  # more is better, of a loss as well
    between = _("between {low} and {high}, 95%").format(
        low=points(gain["low"], goal), high=points(gain["high"], goal)
    )
    if gain["is_real"]:
        return _("Better than your settings by **{amount}** ({between}).").format(
            amount=amount.removeprefix("+"), between=between
        )
    if not _amount_is_seen(gain, goal):
        return _("**No real gain**: with chance taken off, your settings were as good.")
    return _(
        "**No real gain**: your settings were as good. With the luck of the choice taken off, "
        "{amount} remain ({between}), which may be chance."
    ).format(amount=amount, between=between)


def _amount_is_seen(gain: dict[str, Any], goal: Goal) -> bool:
    """Whether the gain or its interval is more than nothing, as it would be written."""
    return any(points(gain[key], goal).strip("0.") for key in ("gain", "low", "high"))


def _run_of_best(project: Project, search: Search) -> None:
    """The way to the classifier: the best trial's own weights, tested."""
    path = project.runs / search.run
    if not search.run or not (path / "config.json").is_file():
        elsewhere = search.result.get("elsewhere")  # on which machine its weights are
        gone = _("Its run is gone, or was never made. Any trial below can be turned into one.")
        st.caption(show(Message.from_json(elsewhere)) if elsewhere else gone)
        return
    test = (JobDirectory(path).result() or {}).get("test")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            _("See it on Evaluate"), icon=":material/arrow_forward:", key="evaluate-best", type="primary"
        ):
            state.choose_run(search.run)
            st.switch_page("evaluate.py")
        if test:
            st.caption(
                _("On test pictures, which the search never saw: {accuracy} right.").format(
                    accuracy=escape(percent(test["accuracy"]))
                )
            )
        else:
            st.caption(_("Its own weights are the run; testing and packing come next."))
