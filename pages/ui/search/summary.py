"""Result of a search in sentences: the best trial, its expected score, and the gain over the baseline."""

from __future__ import annotations

import streamlit as st

from core.evaluation.report import ScoreSummary
from core.jobs.directory import JobDirectory
from core.messages import N_
from core.search.config import Goal, Sampler, Tradeoff
from core.search.records import Gain, SelectionBias, TrialRecord
from core.workspace import Project
from pages.ui import state
from pages.ui.search.display_names import format_points, format_points_with_unit, format_second, format_value
from pages.ui.search.figures.ladder import rung_name
from pages.ui.search.reading import Search
from pages.ui.text import _, escape, ngettext, number, percent, show

_SECOND_SENTENCES = {
    Tradeoff.SIZE: N_("The classifier takes up {second}."),
    Tradeoff.LATENCY: N_("It needs {second} for a picture."),
}


def show_summary(project: Project, search: Search) -> None:
    """Show the best trial with its expected score; before the summary only its value."""
    best = search.best
    if best is None:
        st.info(_("No trial is complete yet. If all of them fail, the reasons below say what to change."))
        return
    if search.summary is None:
        if search.job.status().state.has_ended:
            st.markdown(f"#### {headline(search, best)}")
        return
    with st.container(border=True, key="answer"):
        st.markdown(f"### {headline(search, best)}")
        for sentence in sentences(search, best):
            st.markdown(sentence)
        _run_of_best(project, search)


def headline(search: Search, best: TrialRecord) -> str:
    """Format the best value in one line."""
    value = format_value(best.value, search.config.goal)
    if search.config.sampler is Sampler.LADDER:
        return _("Kept: {step}, {value} on validation pictures").format(
            step=escape(rung_name(best)), value=value
        )
    forms = {
        Goal.ACCURACY: _("Best trial: {value} correct on validation pictures"),
        Goal.MACRO_F1: _("Best trial: macro F1 of {value} on validation pictures"),
        Goal.LOSS: _("Best trial: loss of {value} on validation pictures"),
        Goal.LEADING: _("Best trial: {value} by the metric that matters, on validation pictures"),
    }
    return forms[search.config.goal].format(value=value)


def sentences(search: Search, best: TrialRecord) -> list[str]:
    """Describe expected score, gain and cost of the best trial."""
    summary, config = search.summary, search.config
    bias = summary.selection_bias if summary else None
    lines = [*([expectation(bias, search)] if bias else []), gain_sentence(search, best)]
    if config.sampler is Sampler.LADDER and summary is not None and summary.reason is not None:
        return [*lines, show(summary.reason)]
    if summary is None or config.tradeoff is Tradeoff.NONE:
        return lines
    if summary.reason is not None:
        lines.append(show(summary.reason))
    cost = _(_SECOND_SENTENCES[config.tradeoff]).format(
        second=escape(format_second(best.second, config.tradeoff))
    )
    front = ngettext(
        "{n} trial is on the Pareto front: no other is better in both. The chart below shows it.",
        "{n} trials are on the Pareto front: no other is better in both. The chart below shows them.",
        len(summary.pareto_front),
    ).format(n=number(len(summary.pareto_front)))
    return [*lines, f"{cost} {front}"]


def expectation(bias: SelectionBias, search: Search) -> str:
    """Describe the best trial's expected score on new pictures, with the reason for the correction."""
    goal = search.config.goal
    why = ngettext(
        "the best of {n} trials looks better on the pictures that selected it than it is.",
        "the best of {n} trials looks better on the pictures that selected it than it is.",
        len(search.trials),
    ).format(n=number(len(search.trials)))
    measured = _("Measured on {n} validation pictures.").format(n=number(bias.pictures))
    return _(
        "On new pictures expect about **{expected}** (between {low} and {high}): {why} {measured}"
    ).format(
        expected=format_value(bias.expected, goal),
        low=format_value(bias.low, goal),
        high=format_value(bias.high, goal),
        why=why,
        measured=measured,
    )


def gain_sentence(search: Search, best: TrialRecord) -> str:
    """Describe the gain over the baseline, or say that there is none."""
    goal, gain = search.config.goal, search.summary.gain if search.summary else None
    if best.is_baseline and search.config.sampler is Sampler.LADDER:
        return _("**No step was proven better** than your settings.")
    if best.is_baseline:
        return _("**No real gain**: no trial was better than your settings.")
    if gain is None:
        default = search.baseline_value
        if default is None:
            return _("The trial with your own settings failed, so the gain is unknown.")
        return _("Your settings reached {value}.").format(value=format_value(default, goal))
    amount = format_points_with_unit(gain.gain, goal)  # above 0 is better, for a loss as well
    between = _("between {low} and {high}, 95%").format(
        low=format_points(gain.low, goal), high=format_points(gain.high, goal)
    )
    if gain.is_real:
        return _("Better than your settings by **{amount}** ({between}).").format(
            amount=amount.removeprefix("+"), between=between
        )
    if not _amount_is_seen(gain, goal):
        return _("**No real gain**: corrected for selection, your settings were as good.")
    return _(
        "**No real gain**: your settings were as good. Corrected for selection, "
        "the difference is {amount} ({between}), which may be chance."
    ).format(amount=amount, between=between)


def _amount_is_seen(gain: Gain, goal: Goal) -> bool:
    """Check that the gain or its interval is not 0 after rounding for display."""
    return any(format_points(value, goal).strip("0.") for value in (gain.gain, gain.low, gain.high))


def _run_of_best(project: Project, search: Search) -> None:
    """Show the link to the best trial's run with its test score."""
    path = project.runs / search.run
    if not search.run or not (path / "config.json").is_file():
        elsewhere = search.summary.weights_elsewhere if search.summary else None
        gone = _("Its run was deleted or never made. Any trial below can be turned into one.")
        st.caption(show(elsewhere) if elsewhere else gone)
        return
    test = JobDirectory(path).step_result("test", ScoreSummary)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            _("See it on Evaluate"), icon=":material/arrow_forward:", key="evaluate-best", type="primary"
        ):
            state.choose_run(search.run)
            st.switch_page("evaluate.py")
        if test:
            st.caption(
                _("On test pictures, which the search never saw: {accuracy} correct.").format(
                    accuracy=escape(percent(test.accuracy))
                )
            )
        else:
            st.caption(_("The run has the trial's own weights. Its test and its files come next."))
