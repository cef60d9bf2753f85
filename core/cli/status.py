"""Status command: projects with their runs, searches and jobs."""

from __future__ import annotations

import argparse

from core.cli.command import Command
from core.cli.terminal import Answer
from core.data.dataset import open_dataset
from core.errors import DarkroomError
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.runs.compare import run_title
from core.workspace import get_project, job_folders, jobs_folder, list_projects, list_runs, list_searches

# State of a job whose files are damaged, or of a newer Darkroom.
_UNREADABLE = "unreadable"
_ENDED = {state for state in JobState if state.has_ended}


def _status(options: argparse.Namespace) -> Answer:
    if options.project:
        projects = [get_project(options.project)]
    else:
        projects = list_projects()
    jobs = [_job_answer(JobDirectory(path)) for path in job_folders(jobs_folder())]
    return {
        "projects": [
            {
                "name": project.name,
                "pictures": len(open_dataset(project).pictures),
                "runs": [_job_answer(JobDirectory(path)) for path in list_runs(project)],
                "searches": [_job_answer(JobDirectory(path)) for path in list_searches(project)],
                "adaptations": [_job_answer(JobDirectory(path)) for path in job_folders(project.adaptations)],
                "batches": [_job_answer(JobDirectory(path)) for path in job_folders(project.predictions)],
                "jobs": [_job_answer(JobDirectory(path)) for path in job_folders(project.jobs)],
            }
            for project in projects
        ],
        "jobs": [answer for answer in jobs if answer["state"] not in _ENDED],
    }


def _job_answer(job: JobDirectory) -> Answer:
    """Format the state of a job; an unreadable one has only its id and the error."""
    try:
        return _readable_job_answer(job)
    except DarkroomError as error:
        nothing = dict.fromkeys(
            ("kind", "label", "stage", "progress", "seconds_left", "pid", "usage", "test"), None
        )
        return nothing | {"id": job.name, "name": job.name, "state": _UNREADABLE, "error": str(error)}


def _readable_job_answer(job: JobDirectory) -> Answer:
    status = job.status()
    return {
        "id": job.name,
        "name": run_title(job),
        "kind": job.kind,
        "label": job.job_type.label,
        "state": status.state,
        "stage": status.stage or "",
        "progress": round(status.fraction, 3),
        "seconds_left": status.seconds_left if not status.state.has_ended else None,
        "pid": job.process_id() if not status.state.has_ended else None,
        "usage": status.usage.to_json() if status.usage else None,
        "error": str(status.error) if status.error else None,
        "test": (job.result() or {}).get("test"),
    }


COMMANDS = (
    Command(
        name="status",
        summary="list projects, runs and jobs",
        run=_status,
        add_arguments=lambda parser: parser.add_argument("--project"),
    ),
)
