"""Offer to average the answers to several views of a picture, with its gain on validation and its price."""

from __future__ import annotations

import streamlit as st

from core.errors import EvaluationError
from core.evaluation.averaging.measuring import members_of, require_measurable
from core.evaluation.averaging.records import AveragingReport, ViewGain, read_averaging
from core.evaluation.comparison.differences import Verdict
from core.evaluation.ensemble import EnsembleConfig
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import Leading
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.views import PLAIN, find_view_set
from core.runs.start_measuring import start_averaging
from core.runs.start_runs import start_averaged
from core.workspace import Project, list_runs, project_of
from pages.ui import state
from pages.ui.evaluate.compare.differences import difference_text, value_text
from pages.ui.jobs import follow, newest_job_on, show_error, try_to
from pages.ui.text import _, decimal, escape, number, show


def averaging_offer(evaluated: EvaluatedRun) -> None:
    """Draw the gain of averaged views, folded, with the buttons that measure and use them."""
    try:
        require_measurable(evaluated)
    except EvaluationError:
        return
    measuring = newest_job_on(evaluated.run, JobKind.AVERAGING)
    making = _newest_made(project_of(evaluated.run))
    for job in (measuring, making):
        if job is not None and not job.status().state.has_ended:
            follow(job, lambda ended: st.rerun(), key="averaging-job")
            return
    with st.expander(_("Average several views of each picture"), icon=":material/flip:", key="averaging"):
        _offer(evaluated)
        for job in (measuring, making if making and _averages(making, evaluated) else None):
            if job is not None:
                show_error(job.status())


def _offer(evaluated: EvaluatedRun) -> None:
    st.markdown(
        _(
            "The classifier can look at each picture more than once, at its mirror image too, and answer with the mean (test-time augmentation). Validation pictures tell if that helps yours."
        )
    )
    report = read_averaging(evaluated)
    if report is None:
        if st.button(_("Measure the gain"), icon=":material/flip:", key="averaging-start") and try_to(
            lambda: start_averaging(evaluated.run)
        ):
            st.rerun()
        return
    leading = Leading(metric=report.metric)
    st.caption(
        _("{metric} on {n} validation pictures. Test pictures were not used.").format(
            metric=escape(show(leading.label, markdown=False)), n=number(report.pictures)
        )
    )
    for gain in report.gains:
        _one_set(evaluated, report, gain)
    if st.button(
        _("Measure again"), type="tertiary", icon=":material/replay:", key="averaging-again"
    ) and try_to(lambda: start_averaging(evaluated.run)):
        st.rerun()


def _one_set(evaluated: EvaluatedRun, report: AveragingReport, gain: ViewGain) -> None:
    """Draw one view set: its gain, its price, and the button that uses it or the reason why there is none."""
    row = gain.difference
    with st.container(border=True, key=f"averaging-{gain.views}"):
        st.markdown(
            _("**{views}**: {before} → {after}, {difference} ± {error}").format(
                views=_(find_view_set(gain.views).label),
                before=value_text(row, row.first),
                after=value_text(row, row.second),
                difference=difference_text(row),
                error=_error_text(gain),
            ),
            help=_("± one standard error of the difference: the same pictures are compared."),
        )
        if not gain.is_offered:
            st.caption(_refusal(gain))
            return
        remark = "" if row.verdict is Verdict.BETTER else " " + _("The gain may be chance.")
        st.caption(
            _("An answer takes about {times} times as long: {after} ms instead of {before} ms here.").format(
                times=gain.passes,
                before=decimal(report.milliseconds, 1),
                after=decimal(gain.passes * report.milliseconds, 1),
            )
            + remark
        )
        if st.button(
            _("Make this classifier"),
            type="primary" if gain == report.recommended else "secondary",
            icon=":material/flip:",
            key=f"average-{gain.views}",
            help=_("It becomes a run of its own, and is tested as every run. This one stays."),
        ) and try_to(lambda: state.choose_run(start_averaged(evaluated.run, gain.views).name)):
            st.rerun()


def _refusal(gain: ViewGain) -> str:
    if gain.difference.verdict is Verdict.WORSE:
        return _("It does harm: left and right, or the edges, matter in these pictures. It is not offered.")
    if gain.difference.gain < -gain.standard_error:
        return _("It probably does harm, so it is not offered.")
    return _("No gain that exceeds chance, so it is not offered.")


def _error_text(gain: ViewGain) -> str:
    """Format the standard error in the unit of the difference."""
    if gain.difference.is_fraction:
        return decimal(100 * gain.standard_error, 1)
    return decimal(gain.standard_error, 3)


def _newest_made(project: Project) -> JobDirectory | None:
    """Newest run that was made of others."""
    jobs = (JobDirectory(run) for run in list_runs(project))
    return next((job for job in jobs if job.kind is JobKind.ENSEMBLE), None)


def _averages(job: JobDirectory, evaluated: EvaluatedRun) -> bool:
    """True for a run that averages views of this one's pictures."""
    config = EnsembleConfig.from_json(job.config())
    is_averaged = config.views != PLAIN.code
    return is_averaged and list(config.members) == [member.name for member in members_of(evaluated)]
