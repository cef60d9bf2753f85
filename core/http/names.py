"""Lookup of what an address names. Nothing but names finds a file: paths are refused."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import NotFoundError
from core.files import is_sha256
from core.jobs.directory import JobDirectory
from core.messages import N_
from core.runs.job_lookup import jobs_called
from core.workspace import Project, find_run, find_search, is_job, project_of, require_one

# Folder names that ``new_job_name`` makes, and those behind the name of their project.
_JOB_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_QUALIFIED_NAME = re.compile(r"(?:[^/]{1,255}/)?[A-Za-z0-9_-]{1,80}")


def run_named(name: str) -> tuple[Project, Path]:
    """Find a run by its name, or by ``PROJECT/NAME``.

    Raises:
        NotFoundError: there is no such run.
        AmbiguousNameError: several projects have one of this name.
    """
    return find_run(_checked(name, _QUALIFIED_NAME))


def run_of(project: Project, name: str) -> Path:
    """Find a run of this project.

    Raises:
        NotFoundError: the project has no such run.
    """
    run = project.runs / _checked(name)
    if not is_job(run):
        raise NotFoundError(N_("“{name}” is no run of project “{project}”."), name=name, project=project.name)
    return run


def search_named(name: str) -> JobDirectory:
    """Find a search by its name, or by ``PROJECT/NAME``.

    Raises:
        NotFoundError: there is no such search.
        AmbiguousNameError: several projects have one of this name.
    """
    return JobDirectory(find_search(_checked(name, _QUALIFIED_NAME))[1])


def search_of(project: Project, name: str) -> JobDirectory:
    """Find a search of this project.

    Raises:
        NotFoundError: the project has no such search.
    """
    search = project.searches / _checked(name)
    if not is_job(search):
        raise NotFoundError(N_("There is no earlier search called “{name}” in this project."), name=name)
    return JobDirectory(search)


def job_named(name: str) -> JobDirectory:
    """Find a job of any kind, runs and searches among them, by its name or by ``PROJECT/NAME``.

    Raises:
        NotFoundError: there is no such job.
        AmbiguousNameError: several projects have one of this name.
    """
    jobs = jobs_called(_checked(name, _QUALIFIED_NAME))
    if not jobs:
        raise NotFoundError(N_("There is no job called “{name}”. It may have been removed."), name=name)
    require_one(name, [(project_of(job.path), job.path) for job in jobs])
    return jobs[0]


def checked_digest(text: str) -> str:
    """Check that a text is a SHA-256 digest, so that it cannot be another path.

    Raises:
        NotFoundError: it is none.
    """
    if not is_sha256(text):
        raise NotFoundError(N_("“{name}” does not name a picture."), name=text[:80])
    return text


def _checked(name: str, form: re.Pattern[str] = _JOB_NAME) -> str:
    if not form.fullmatch(name):
        raise NotFoundError(N_("“{name}” does not name a run, a search or a job."), name=name[:80])
    return name
