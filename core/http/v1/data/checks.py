"""Check of the pictures: start, open findings, and suspects that are right as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.data.dataset import open_dataset
from core.doctor.findings import Remedy, Suspect
from core.doctor.open_findings import OpenFinding, open_findings
from core.doctor.report import dismiss, dismissals, read_report, undismiss
from core.doctor.sentences import FindingKind
from core.errors import NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.data.datasets import MAX_IDS
from core.http.v1.views import JobView, job_view
from core.messages import N_
from core.records import Record
from core.runs.start_project_jobs import start_examination


@dataclass(frozen=True, kw_only=True)
class SuspectView(Record):
    """A picture that a finding names."""

    id: Annotated[str, Note(text="Empty: the file could not be imported.")]
    name: str
    label: str
    suggested: Annotated[str, Note(text="Label that it looks like; empty if none.")]
    other: Annotated[str, Note(text="Id of the picture that it repeats or contradicts; empty if none.")]
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class FindingView(Record):
    """One fault that the check found."""

    kind: FindingKind
    headline: str
    explanation: str
    remedy: Annotated[Remedy, Note(text="What usually mends it.")]
    classes: Annotated[tuple[str, ...], Note(text="Of a fault of classes.")]
    suspects: Annotated[tuple[SuspectView, ...], Note(text="Those that are open, the most suspect first.")]
    dismissed: Annotated[tuple[str, ...], Note(text="Ids of those that are right as they are.")]
    done: Annotated[int, Note(text="Suspects that were corrected, excluded or dismissed.")]


@dataclass(frozen=True, kw_only=True)
class CheckReport(Record):
    """Findings of the newest check, as they stand in the newest version."""

    version: Annotated[int, Note(text="That was checked.")]
    pictures: int
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, kw_only=True)
class Dismissal(Record):
    """Suspects of one kind of fault that are right as they are, or are not."""

    kind: FindingKind
    ids: Annotated[tuple[str, ...], Note(most=MAX_IDS)]
    dismissed: bool = True


def start(call: Call) -> JobView:
    return job_view(start_examination(call.project))


def findings(call: Call) -> CheckReport:
    """Read the findings.

    Raises:
        NotFoundError: the pictures were never checked.
    """
    project = call.project
    report = read_report(project)
    if report is None:
        raise NotFoundError(N_("The pictures of “{name}” were not checked yet."), name=project.name)
    found = open_findings(report.findings, open_dataset(project), dismissals(project))
    return CheckReport(
        version=report.version,
        pictures=report.pictures,
        findings=tuple(_finding_view(finding) for finding in found),
    )


def set_dismissed(call: Call) -> CheckReport:
    body = call.body_as(Dismissal)
    (dismiss if body.dismissed else undismiss)(call.project, body.kind, body.ids)
    return findings(call)


def _finding_view(finding: OpenFinding) -> FindingView:
    original = finding.original
    return FindingView(
        kind=original.kind,
        headline=str((finding.left or original).headline),
        explanation=str(original.explanation),
        remedy=original.remedy,
        classes=original.classes,
        suspects=tuple(_suspect_view(one) for one in finding.left.suspects) if finding.left else (),
        dismissed=tuple(suspect.id for suspect in finding.dismissed),
        done=finding.done,
    )


def _suspect_view(suspect: Suspect) -> SuspectView:
    return SuspectView(
        id=suspect.id,
        name=suspect.name,
        label=suspect.label,
        suggested=suspect.suggested,
        other=suspect.other,
        reason=str(suspect.because.message) if suspect.because else None,
    )


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/check",
        summary="Start the check of the pictures: copies, wrong labels, bad pictures.",
        scope=Scope.TRAIN,
        handler=start,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/check",
        summary="Read what the newest check found, and what of it is still open.",
        scope=Scope.READ,
        handler=findings,
        answer=CheckReport,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/check/dismissals",
        summary="Mark suspects as right with their label, or take that back.",
        scope=Scope.TRAIN,
        handler=set_dismissed,
        body=Dismissal,
        answer=CheckReport,
    ),
)
