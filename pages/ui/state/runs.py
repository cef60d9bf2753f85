"""Current run of a session, and the job that it started last."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from core.jobs.directory import JobDirectory
from core.workspace import Project, list_runs
from pages.ui import session

_RUN, _JOB, _PICTURE = "run", "job", "picture"


def current_run(project: Project) -> Path | None:
    """Return the current run: chosen, named by the address, or the newest."""
    runs = {path.name: path for path in list_runs(project)}
    name = session.get_known(_RUN, runs)
    return runs[name] if name is not None else next(iter(runs.values()), None)


def absent_run(project: Project) -> str | None:
    """Return the run that the address names and the project does not have, such as a deleted one."""
    name = session.get_addressed(_RUN)
    return name if name and name not in {path.name for path in list_runs(project)} else None


def choose_run(name: str) -> None:
    """Make a run the current one."""
    session.put_addressed(_RUN, name)


def forget_run() -> None:
    """Forget the chosen run; the newest is shown again."""
    session.pop_addressed(_RUN)


def followed_job() -> JobDirectory | None:
    """Return the import, download or measurement that this session started last."""
    path = session.get(_JOB)
    return JobDirectory(Path(path)) if path and (Path(path) / "config.json").exists() else None


def follow_job(job: JobDirectory | None) -> None:
    """Show the progress of a job from now on; None: of no job."""
    session.put(_JOB, str(job.path) if job else None)


def chosen_picture(known: Collection[str]) -> str | None:
    """Return the picture to explain, by its id: chosen, or named by the address."""
    return session.get_known(_PICTURE, known)


def choose_picture(picture: str) -> None:
    """Choose the picture to explain; another section may do so before it links there."""
    session.put_addressed(_PICTURE, picture)
