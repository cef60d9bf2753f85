"""Start of the jobs that open and test models made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.data.dataset import Dataset, open_dataset
from core.data.editing.splits import settle_split
from core.data.labels.layout import Split
from core.errors import EvaluationError
from core.evaluation.foreign.facts import InspectionRequest, JudgementRequest
from core.evaluation.foreign.judged_model import remove_abandoned, reserve_model
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch, launching
from core.messages import N_
from core.workspace import Project, new_job_name


def start_inspection(
    project: Project, source: Path, *, labels: Path | None = None, version: int | None = None
) -> JobDirectory:
    """Open a model made elsewhere and let it answer a few pictures.

    Args:
        source: file, folder or archive.
        labels: file of class names; None: those of the export.
        version: of the dataset; None: the newest.
    Raises:
        EvaluationError: the version has no validation or no test pictures.
    """
    version = settle_split(project).version if version is None else version
    _require_pictures(open_dataset(project, version))
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


def _require_pictures(dataset: Dataset) -> None:
    if not all(len(dataset.rows(split)) for split in (Split.VALIDATION, Split.TEST)):
        raise EvaluationError(
            N_(
                "A model is judged on validation and test pictures, and version {version} lacks one of them. Divide the pictures again on the Data page."
            ),
            version=dataset.version,
        )


def _create(project: Project, kind: JobKind, config: Mapping[str, object]) -> JobDirectory:
    return JobDirectory.create(project.jobs / new_job_name(kind), kind, config)


def _awaited(project: Project) -> set[str]:
    """Names of the models that are being opened."""
    jobs = [job for job in list_jobs(project.jobs) if job.kind is JobKind.INSPECT_MODEL]
    return {job.config()["name"] for job in jobs if not job.status().state.has_ended}
