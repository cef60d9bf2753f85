"""Projects: list, make, look at and delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from core.data.dataset import Dataset, open_dataset
from core.data.importing import create_project
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.errors import BusyError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.messages import N_
from core.records import Record
from core.runs.job_lookup import active_jobs
from core.workspace import Project, delete_project, list_projects, project_of

MAX_CLASSES = 10_000


@dataclass(frozen=True, kw_only=True)
class ProjectView(Record):
    """A project and the newest version of its pictures."""

    name: str
    version: Annotated[int, Note(text="Newest version of the dataset.")]
    task: Task
    pictures: Annotated[int, Note(text="Pictures that a classifier learns from.")]
    classes: Annotated[Mapping[str, int], Note(text="Pictures by class.")]
    splits: Annotated[Mapping[str, int], Note(text="Pictures by part of the split.")]


@dataclass(frozen=True, kw_only=True)
class ProjectList(Record):
    """All projects, by name."""

    projects: tuple[ProjectView, ...]


@dataclass(frozen=True, kw_only=True)
class NewProject(Record):
    """A project without pictures."""

    name: Annotated[str, Note(text="Also the name of its folder.")]
    classes: Annotated[tuple[str, ...], Note(text="Names of its classes.", most=MAX_CLASSES)] = ()
    task: Task = Task.MULTI_CLASS


def project_view(project: Project) -> ProjectView:
    return _view(project, open_dataset(project))


def edit_endpoint(
    path: str, summary: str, handler: Callable[[Call], ProjectView], body: type[Record] | None
) -> Endpoint:
    """Row of an edit of a dataset, which writes a new version.

    Args:
        path: below that of the project.
    """
    return Endpoint(
        method="POST",
        path=f"/v1/projects/{{project}}/{path}",
        summary=summary,
        scope=Scope.TRAIN,
        handler=handler,
        body=body,
        answer=ProjectView,
    )


def list_all(call: Call) -> ProjectList:
    return ProjectList(projects=tuple(project_view(project) for project in list_projects()))


def create(call: Call) -> ProjectView:
    body = call.body_as(NewProject)
    return project_view(create_project(body.name, body.classes, body.task))


def show(call: Call) -> ProjectView:
    return project_view(call.project)


def delete(call: Call) -> None:
    """Delete a project with everything in it.

    Raises:
        BusyError: a job works on it.
    """
    project = call.project
    at_work = [job.name for job in active_jobs(project) if project_of(job.path).path == project.path]
    if at_work:
        raise BusyError(N_("“{name}” is at work. Stop it, and delete it once it has ended."), name=at_work[0])
    delete_project(project)


def _view(project: Project, dataset: Dataset) -> ProjectView:
    counts = dataset.pictures["split"].value_counts()
    return ProjectView(
        name=project.name,
        version=dataset.version,
        task=dataset.task,
        pictures=len(dataset.pictures),
        classes=dataset.counts(),
        splits={part.value: int(counts.get(part.value, 0)) for part in Split},
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects",
        summary="List the projects.",
        scope=Scope.READ,
        handler=list_all,
        answer=ProjectList,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects",
        summary="Make a project without pictures. An import makes one with pictures.",
        scope=Scope.TRAIN,
        handler=create,
        body=NewProject,
        answer=ProjectView,
        status=201,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}",
        summary="Look at a project.",
        scope=Scope.READ,
        handler=show,
        answer=ProjectView,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/projects/{project}",
        summary="Delete a project with all its pictures and classifiers. This cannot be undone.",
        scope=Scope.TRAIN,
        handler=delete,
        status=204,
    ),
)
