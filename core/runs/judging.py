"""Start of the jobs that open and test models made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.data.importing import settle_split
from core.evaluation.foreign.facts import InspectionRequest, JudgementRequest
from core.evaluation.foreign.judged_model import new_model_name
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch
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
    request = InspectionRequest(
        source=source.resolve(),
        name=new_model_name(project, source),
        dataset_version=settle_split(project).version if version is None else version,
        labels=labels.resolve() if labels else None,
    )
    return _start(project, JobKind.INSPECT_MODEL, request.to_json())


def start_judgement(project: Project, request: JudgementRequest) -> JobDirectory:
    """Test a model made elsewhere that an inspection has opened."""
    return _start(project, JobKind.JUDGE_MODEL, request.to_json())


def _start(project: Project, kind: JobKind, config: Mapping[str, object]) -> JobDirectory:
    job = JobDirectory.create(project.jobs / new_job_name(kind), kind, config)
    launch(job)
    return job
