"""Start of the jobs that open and test models made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.data.importing import settle_split
from core.evaluation.foreign.facts import InspectionRequest, JudgementRequest
from core.evaluation.foreign.judged_model import remove_abandoned, reserve_model
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch, launching
from core.workspace import Project, new_job_name


def start_inspection(
    project: Project, source: Path, *, labels: Path | None = None, version: int | None = None
) -> JobDirectory:
    """Open a model made elsewhere and let it answer a few pictures.

    Args:
        source: file, folder or archive.
        labels: file of class names; None: those of the export.
        version: of the dataset; None: the newest.
    """
    version = settle_split(project).version if version is None else version
    with launching():
        remove_abandoned(project, _awaited(project))
        request = InspectionRequest(
            source=source.resolve(),
            name=reserve_model(project, source),
            dataset_version=version,
            labels=labels.resolve() if labels else None,
        )
        job = _create(project, JobKind.INSPECT_MODEL, request.to_json())
    launch(job)
    return job


def start_judgement(project: Project, request: JudgementRequest) -> JobDirectory:
    """Test a model made elsewhere that an inspection has opened."""
    job = _create(project, JobKind.JUDGE_MODEL, request.to_json())
    launch(job)
    return job


def _create(project: Project, kind: JobKind, config: Mapping[str, object]) -> JobDirectory:
    return JobDirectory.create(project.jobs / new_job_name(kind), kind, config)


def _awaited(project: Project) -> set[str]:
    """Names of the models that are being opened."""
    jobs = [job for job in list_jobs(project.jobs) if job.kind is JobKind.INSPECT_MODEL]
    return {job.config()["name"] for job in jobs if not job.status().state.has_ended}
