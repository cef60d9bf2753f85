"""Jobs: list, look at, pause, stop and resume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from core.errors import NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import job_named
from core.http.note import Note
from core.http.v1.views import JobList, JobView, job_view
from core.jobs.directory import list_jobs
from core.messages import N_
from core.records import Record
from core.runs.control import pause, resume, stop
from core.workspace import get_project, jobs_folder, list_projects


@dataclass(frozen=True, kw_only=True)
class JobFilter(Record):
    """Choice of jobs."""

    project: Annotated[str | None, Note(text="Only those of this project.")] = None
    active: Annotated[bool, Note(text="Only those that have not ended.")] = False


@dataclass(frozen=True, kw_only=True)
class JobResult(Record):
    """Results of a job's steps, as the job stores them."""

    result: Mapping[str, Any]


def list_all(call: Call) -> JobList:
    wanted = call.query_as(JobFilter)
    projects = [get_project(wanted.project)] if wanted.project else list_projects()
    folders = [folder for one in projects for folder in one.job_folders]
    if not wanted.project:
        folders.append(jobs_folder())
    jobs = [job for folder in folders for job in list_jobs(folder)]
    views = [job_view(job) for job in sorted(jobs, key=lambda job: job.created, reverse=True)]
    return JobList(
        jobs=tuple(
            view for view in views if not wanted.active or not (view.state is None or view.state.has_ended)
        )
    )


def show(call: Call) -> JobView:
    return job_view(job_named(call.path["job"]))


def result(call: Call) -> JobResult:
    """Read the results of a job's steps.

    Raises:
        NotFoundError: no step has ended yet.
    """
    job = job_named(call.path["job"])
    found = job.result()
    if found is None:
        raise NotFoundError(N_("“{name}” has no result yet."), name=job.name)
    return JobResult(result=found)


def end(call: Call) -> JobView:
    job = job_named(call.path["job"])
    stop(job)
    return job_view(job)


def rest(call: Call) -> JobView:
    """Pause a job.

    Raises:
        NotFoundError: the job is not running.
    """
    job = job_named(call.path["job"])
    pause(job)
    return job_view(job)


def go_on(call: Call) -> JobView:
    """Go on with a job that rests, was stopped or failed.

    Raises:
        NotFoundError: the job is running or has finished.
    """
    job = job_named(call.path["job"])
    resume(job)
    return job_view(job)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/jobs",
        summary="List the jobs, newest first.",
        scope=Scope.READ,
        handler=list_all,
        query=JobFilter,
        answer=JobList,
    ),
    Endpoint(
        method="GET",
        path="/v1/jobs/{job}",
        summary="Read the state and the progress of a job.",
        scope=Scope.READ,
        handler=show,
        answer=JobView,
    ),
    Endpoint(
        method="GET",
        path="/v1/jobs/{job}/result",
        summary="Read the result of a job, such as the formats that an export could not make.",
        scope=Scope.READ,
        handler=result,
        answer=JobResult,
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/{job}/stop",
        summary="Stop a job and keep its best result.",
        scope=Scope.TRAIN,
        handler=end,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/{job}/pause",
        summary="Pause a job; one without checkpoints begins anew when it goes on.",
        scope=Scope.TRAIN,
        handler=rest,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/{job}/resume",
        summary="Go on with a job that was paused, interrupted or stopped.",
        scope=Scope.TRAIN,
        handler=go_on,
        answer=JobView,
        status=202,
    ),
)
