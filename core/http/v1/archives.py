"""Archives: a whole project as one file, and a project from such a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from starlette.responses import FileResponse

from core.archive.records import USUAL_PARTS, Part, SaveRequest
from core.archive.saved import find_archive
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.data.imports import UploadSource, uploaded
from core.http.v1.views import JobView, job_view
from core.records import Record
from core.runs.start_archives import start_restoring, start_saving
from core.workspace import get_project


@dataclass(frozen=True, kw_only=True)
class NewArchive(Record):
    """Content of a file that a project is saved as."""

    runs: Annotated[tuple[str, ...] | None, Note(text="null: all runs.")] = None
    parts: Annotated[tuple[Part, ...], Note(text="Logged answers only if named.", most=len(Part))] = (
        USUAL_PARTS
    )
    reproduce: Annotated[
        str | None, Note(text="Run that reproduce.py trains again; null: the newest that is possible.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class SavedProject(Record):
    """An uploaded file that a project was saved as."""

    upload: UploadSource
    name: Annotated[str | None, Note(text="Of the project; null: as in the file.")] = None


def save(call: Call) -> JobView:
    body = call.body_as(NewArchive)
    request = SaveRequest(runs=body.runs, parts=body.parts, reproduce=body.reproduce)
    return job_view(start_saving(get_project(call.path["project"]), request))


def download(call: Call) -> FileResponse:
    """Send a saved project, streamed from disk.

    Raises:
        NotFoundError: there is no such project or job, or the file is not complete yet.
    """
    path = find_archive(get_project(call.path["project"]), call.path["job"])
    return FileResponse(path, filename=path.name, media_type="application/zip")


def restore(call: Call) -> JobView:
    body = call.body_as(SavedProject)
    return job_view(start_restoring(uploaded(body.upload), body.name))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/archives",
        summary="Start saving a whole project as one file.",
        scope=Scope.TRAIN,
        handler=save,
        body=NewArchive,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/archives/{job}",
        summary="Download the file that a job saved a project as.",
        scope=Scope.READ,
        handler=download,
        media_type="application/zip",
    ),
    Endpoint(
        method="POST",
        path="/v1/archives",
        summary="Start making a project from an uploaded file that one was saved as.",
        scope=Scope.TRAIN,
        handler=restore,
        body=SavedProject,
        answer=JobView,
        status=202,
    ),
)
