"""Jobs of the workspace: those of a name, and those at work.

The server looks names up as soon as it starts, so nothing that trains is imported.
"""

from __future__ import annotations

from core.jobs.directory import JobDirectory, list_jobs
from core.workspace import Project, jobs_folder, list_projects


def active_jobs(project: Project | None) -> list[JobDirectory]:
    """List jobs that have not ended: of this project, and those of no project; newest first."""
    folders = [jobs_folder(), *(project.job_folders if project else [])]
    jobs = [job for folder in folders for job in list_jobs(folder)]
    return [job for job in jobs if not job.status().state.has_ended]


def find_job(name: str) -> JobDirectory | None:
    """Find a job of any project by its name."""
    return next(iter(jobs_called(name)), None)


def jobs_called(name: str) -> list[JobDirectory]:
    """Find all jobs of a name, or of ``PROJECT/NAME``: a project restored beside the original has jobs of the same names."""
    owner, _, own_name = name.rpartition("/")
    projects = [project for project in list_projects() if owner in {"", project.name}]
    folders = [folder for project in projects for folder in project.job_folders]
    paths = [folder / own_name for folder in ([] if owner else [jobs_folder()]) + folders]
    return [JobDirectory(path) for path in paths if (path / "config.json").is_file()]
