"""Check section: findings and their remedies, the most harmful first."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.data.labels.task import Task
from core.doctor.examination import pictures_to_examine
from core.doctor.job import expected_seconds_by_stage
from core.doctor.open_findings import OpenFinding, open_findings
from core.doctor.report import Report, dismissals, read_report, undismiss
from core.doctor.sentences import FindingKind
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.runs.start_project_jobs import start_examination
from core.workspace import Project
from pages.ui.data.check.finding_card import done_line, finding_card
from pages.ui.jobs import follow, newest_job, show_error
from pages.ui.text import _, expected_duration, ngettext, number


def show_section(project: Project, dataset: Dataset) -> None:
    """Draw the running check, or the findings of the last one."""
    job = newest_job(project, JobKind.EXAMINE)
    if job is not None and not job.status().state.has_ended:
        _running(job)
        return
    if job is not None:
        _show_ending(job)
    report = read_report(project)
    if dataset.all_pictures.empty:
        st.info(_("There are no pictures to check yet."))
    elif report is None:
        _invitation(project, dataset)
    else:
        _summary(project, dataset, report)
        _findings(project)


def _running(job: JobDirectory) -> None:
    st.markdown(
        _("The pictures are being checked. Nothing is changed; findings appear here while you go on working.")
    )
    follow(job, lambda ended: st.rerun(), key="check-progress")


def _show_ending(job: JobDirectory) -> None:
    """Explain a last check that was stopped or failed."""
    status = job.status()
    show_error(status)
    if status.state is JobState.INTERRUPTED:
        st.warning(_("The last check was interrupted. Start it again: results computed so far are reused."))


def _invitation(project: Project, dataset: Dataset) -> None:
    """Invite to the first check: its contents, its duration and the button."""
    st.markdown(
        _(
            "Looks for wrong labels, copies, the same picture in two classes, blank, dark or blurred pictures, "
            "outliers that fit no class, classes that are too small, and shortcuts by which a classifier could cheat. "
            "Nothing is changed until you say so."
        )
    )
    if dataset.task is Task.MULTI_LABEL:
        st.caption(_unchecked_sentence())
    with st.container(horizontal=True, vertical_alignment="center", key="check-start"):
        _start_button(project, _("Check the pictures"), kind="primary")
        st.caption(_cost_line(dataset))


def _start_button(project: Project, label: str, *, kind: Literal["primary", "secondary"]) -> None:
    if st.button(label, icon=":material/stethoscope:", type=kind, key="check"):
        start_examination(project)
        st.rerun()


def _cost_line(dataset: Dataset) -> str:
    examined = pictures_to_examine(dataset)
    count = len(examined.pictures)
    return ngettext("{n} picture, about {time}", "{n} pictures, about {time}", count).format(
        n=number(count), time=expected_duration(sum(expected_seconds_by_stage(examined).values()))
    )


def _summary(project: Project, dataset: Dataset, report: Report) -> None:
    """Summarise the checked pictures, and warn if the dataset has changed since."""
    pictures = ngettext("{n} picture was checked", "{n} pictures were checked", report.pictures).format(
        n=number(report.pictures)
    )
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="check-summary"
    ):
        st.caption(f"{pictures} · {_freshness(project, dataset, report)}", width="content")
        _start_button(project, _("Check again"), kind="secondary")
    if dataset.task is Task.MULTI_LABEL:
        st.caption(_unchecked_sentence())
    if not report.with_features:
        st.info(
            _(
                "Wrong labels and outliers were not checked: that needs a pretrained backbone. Get one on the Model page, then check again."
            )
        )


def _unchecked_sentence() -> str:
    """Name the checks that do not apply to several labels."""
    return _(
        "Wrong labels, shortcuts and imbalance are not checked: these checks need exactly one class a picture, and yours may have several labels."
    )


def _freshness(project: Project, dataset: Dataset, report: Report) -> str:
    if report.version == dataset.version:
        return _("nothing changed since")
    checked = set(open_dataset(project, report.version).all_pictures["id"])
    if added := int((~dataset.all_pictures["id"].isin(checked)).sum()):
        return ngettext(
            "{n} picture was added since and has not been checked: check again",
            "{n} pictures were added since and have not been checked: check again",
            added,
        ).format(n=number(added))
    return _("the pictures changed since: check again when you are done")


@st.fragment
def _findings(project: Project) -> None:
    """Draw the finding cards. A fragment: turning a page reruns nothing else."""
    report = read_report(project)
    if report is None:
        st.rerun()
    dataset = open_dataset(project)
    dismissed = dismissals(project)
    items = open_findings(report.findings, dataset, dismissed)
    left = [(item, item.left) for item in items if item.left is not None and needs_a_look(item)]
    if left:
        title = ngettext("**{n} finding**", "**{n} findings**, the most harmful first", len(left))
        st.markdown(title.format(n=number(len(left))))
    else:
        _nothing_left(report)
    for index, (item, finding) in enumerate(left):
        finding_card(project, dataset, item, finding, is_first=index == 0)
    done = [item for item in items if not needs_a_look(item)]
    if done:
        st.subheader(_("Done"), anchor=False)
        for item in done:
            done_line(project, item)
    named = {(item.original.kind.value, suspect.id) for item in items for suspect in item.original.suspects}
    _dismissed_earlier(project, dismissed - named)


def _dismissed_earlier(project: Project, dismissed: set[tuple[str, str]]) -> None:
    """List suspects dismissed in earlier reports; a check reports them again only on request."""
    if not dismissed:
        return
    count = len({identifier for _kind, identifier in dismissed})
    label = ngettext(
        "{n} picture was marked as right after an earlier check – let the next check report it again",
        "{n} pictures were marked as right after earlier checks – let the next check report them again",
        count,
    )
    if st.button(label.format(n=number(count)), type="tertiary", key="kept-earlier"):
        for kind in {kind for kind, _identifier in dismissed}:
            undismiss(
                project, FindingKind(kind), [identifier for other, identifier in dismissed if other == kind]
            )
        st.rerun()


def needs_a_look(item: OpenFinding) -> bool:
    """Check that a finding needs action; duplicates skipped at import are listed for completeness only."""
    return item.left is not None and item.original.kind is not FindingKind.EXACT_DUPLICATES


def _nothing_left(report: Report) -> None:
    if any(finding.kind is not FindingKind.EXACT_DUPLICATES for finding in report.findings):
        text = _("Everything that the check found is dealt with. Check again to see what is left.")
    elif report.with_features:
        text = _(
            "Nothing needs a look. No wrong labels, copies, blank or blurred pictures, outliers or shortcuts were found."
        )
    else:
        text = _("Nothing needs a look. No copies, blank or blurred pictures or shortcuts were found.")
    st.success(text, icon=":material/check_circle:")
