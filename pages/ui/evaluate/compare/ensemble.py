"""Offer to join the compared runs into one classifier, with its honest gain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.delivery.latency import read_latency
from core.errors import DarkroomError
from core.evaluation.ensemble import MAX_MEMBERS, MIN_MEMBERS, EnsembleGain, Gain, ensemble_gain
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import goal_file, leading_metric
from core.evaluation.report import report_file
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.messages import N_
from core.runs.start_runs import start_ensemble
from core.workspace import Project, list_runs, project_of
from pages.ui import state
from pages.ui.evaluate.compare.differences import difference_text, with_interval
from pages.ui.jobs import follow, show_error, try_to
from pages.ui.runs import run_label
from pages.ui.text import _, escape, number, show

_SENTENCES = {
    Gain.CONFIRMED: N_(
        "The ensemble is better than its best member, {best}: {validation} on validation, confirmed by {test} on the test pictures."
    ),
    Gain.UNCONFIRMED: N_(
        "On validation the ensemble is better than its best member, {best}: {validation}. The test pictures do not confirm it: {test}, which may be chance."
    ),
    Gain.REFUTED: N_(
        "On validation the ensemble is better than its best member, {best}: {validation}. On the test pictures it is worse: {test}. Keep the member."
    ),
    Gain.NONE: N_(
        "The ensemble is not better on validation than its best member, {best}: {validation}. Keep the member."
    ),
}


def ensemble_offer(project: Project, runs: Sequence[Path]) -> None:
    """Draw the gain of an ensemble of tested runs, folded, and the button that makes it."""
    members = [run for run in runs if JobDirectory(run).kind is not JobKind.ENSEMBLE]
    job = _newest_ensemble(project)
    if job is not None and not job.status().state.has_ended:
        follow(job, lambda ended: st.rerun(), key="joining")
        return
    if not MIN_MEMBERS <= len(members) <= MAX_MEMBERS:
        return
    with st.expander(
        _("Join them into one classifier"), icon=":material/join:", on_change="rerun", key="ensemble"
    ) as fold:
        if fold.open:
            _offer(project, members)
        if job is not None:
            show_error(job.status())


def _offer(project: Project, members: Sequence[Path]) -> None:
    weights = _weights(members)
    try:
        gain = _gain([str(run) for run in members], weights, _written(members))
    except DarkroomError as error:
        st.info(show(error.message))
        return
    st.markdown(
        _sentence(gain, project),
        help=_(
            "An ensemble answers with the mean of its members' calibrated probabilities. The best member is chosen on the validation pictures, so the test pictures judge the ensemble fairly."
        ),
    )
    if cost := _cost(members):
        st.caption(cost)
    if st.button(_("Make this classifier"), icon=":material/join:", key="make-ensemble") and try_to(
        lambda: state.choose_run(start_ensemble(project, members, weights).name)
    ):
        st.rerun()


def _weights(members: Sequence[Path]) -> tuple[float, ...]:
    """Draw the weight of each member, folded; equal by default."""
    with st.popover(_("Advanced"), icon=":material/tune:", key="ensemble-advanced"):
        st.caption(_("Weight of each member; chosen by you, not by the test pictures."))
        return tuple(
            st.number_input(run_label(run), 0.0, 10.0, 1.0, step=0.5, key=f"weight-{run.name}")
            for run in members
        )


def _sentence(gain: EnsembleGain, project: Project) -> str:
    return _(_SENTENCES[gain.gain]).format(
        best=f"“{escape(run_label(project.runs / gain.best))}”",
        validation=difference_text(gain.validation),
        test=with_interval(gain.test),
    )


def _cost(members: Sequence[Path]) -> str:
    """Say how long an answer of the ensemble takes, where every member was measured."""
    measured = [latency.milliseconds for run in members if (latency := read_latency(run))]
    if len(measured) < len(members):
        return ""
    return _(
        "An answer takes about as long as those of its members together: at most {n} ms here. Members on the same frozen backbone share one pass through it."
    ).format(n=number(sum(measured)))


@st.cache_data(max_entries=32, show_spinner=False)
def _gain(members: Sequence[str], weights: tuple[float, ...], written: tuple[int, ...]) -> EnsembleGain:
    """``written`` distinguishes runs that were evaluated again, and another leading metric."""
    evaluated = [EvaluatedRun.open(Path(run)) for run in members]
    leading = leading_metric(project_of(evaluated[0].run), evaluated[0].dataset.class_names)
    return ensemble_gain(evaluated, leading, weights)


def _written(members: Sequence[Path]) -> tuple[int, ...]:
    files = [*(report_file(run) for run in members), goal_file(project_of(members[0]))]
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


def _newest_ensemble(project: Project) -> JobDirectory | None:
    jobs = (JobDirectory(run) for run in list_runs(project))
    return next((job for job in jobs if job.kind is JobKind.ENSEMBLE), None)
