"""HTTP routes of the Predict page: pictures of batches and of the queue, downloads of answers.

They only read. Modules that import pandas are imported when they are first asked, because it
would delay the start of the server.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from core.errors import DarkroomError, NotFoundError
from core.http.names import checked_digest
from core.messages import N_
from core.workspace import Project, get_project

_HEADERS = {
    "Cache-Control": "private, max-age=86400",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def batch_picture_address(
    project: str, batch: str, source: int, path: str, sha256: str, *, large: bool = False
) -> str:
    """Address of a picture of a batch, without a leading slash; arguments as its table of answers has them."""
    query = urlencode({"sha256": sha256, "size": "large" if large else "small"})
    return (
        f"api/projects/{quote(project, safe='')}/predictions/{batch}/pictures/{source}/{quote(path)}?{query}"
    )


def queued_picture_address(project: str, sha256: str, *, large: bool = False) -> str:
    """Address of a picture in the queue, without a leading slash."""
    size = "large" if large else "small"
    return f"api/projects/{quote(project, safe='')}/queue/{sha256}?size={size}"


def answers_address(project: str, batch: str, code: str) -> str:
    """Download address of the answers of a batch, in a format of ``RESULT_FORMATS``, without a leading slash."""
    return f"api/projects/{quote(project, safe='')}/predictions/{batch}/answers/{code}"


def answers(request: Request) -> Response:
    """Send the answers of a batch as a file, made while it is sent."""
    from core.prediction.batch.batches import open_batch
    from core.prediction.batch.files.table import find_result_format

    parameters = request.path_params
    try:
        batch = open_batch(_batch_directory(get_project(parameters["project"]), parameters["batch"]))
        result_format = find_result_format(parameters["code"])
    except DarkroomError as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    name = f"{batch.job.name}{result_format.suffix}"
    headers = {
        **_HEADERS,
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return StreamingResponse(
        result_format.chunks(batch), media_type=result_format.media_type, headers=headers
    )


def batch_picture(request: Request) -> Response:
    """Send a view of a picture of a batch."""
    from core.prediction.batch.open_files import OPEN_FILES

    parameters = request.path_params
    try:
        project = get_project(parameters["project"])
        directory = _batch_directory(project, parameters["batch"])
        sha256 = request.query_params.get("sha256")
        data = OPEN_FILES.read(directory, parameters["source"], parameters["path"], sha256)
        return _view(project, data, request)
    # A number of no source, too.
    except (DarkroomError, IndexError) as error:
        return JSONResponse({"error": str(error)}, status_code=404)


def queued_picture(request: Request) -> Response:
    """Send a view of a picture in the queue."""
    from core.prediction.queue.store import read_picture

    try:
        project = get_project(request.path_params["project"])
        return _view(project, read_picture(project, checked_digest(request.path_params["sha256"])), request)
    except DarkroomError as error:
        return JSONResponse({"error": str(error)}, status_code=404)


def _view(project: Project, data: bytes, request: Request) -> Response:
    """Draw a picture as the project's pictures are drawn, small or large."""
    from core.data.dataset import open_dataset
    from core.prediction.viewing import LARGE_SIDE, THUMBNAIL_SIDE, view

    dataset = open_dataset(project)
    side = LARGE_SIDE if request.query_params.get("size") == "large" else THUMBNAIL_SIDE
    content = view(data, side, dataset.pixel_range, dataset.channels)
    return Response(content, media_type="image/jpeg", headers=_HEADERS)


def _batch_directory(project: Project, name: str) -> Path:
    """Find a batch by its name, which cannot be a path."""
    directory = project.predictions / name
    if directory.parent != project.predictions or not (directory / "config.json").is_file():
        raise NotFoundError(N_("There is no batch called “{name}”."), name=name[:80])
    return directory


ROUTES = [
    Route(
        "/projects/{project}/predictions/{batch}/pictures/{source:int}/{path:path}",
        batch_picture,
        methods=["GET"],
    ),
    Route("/projects/{project}/predictions/{batch}/answers/{code}", answers, methods=["GET"]),
    Route("/projects/{project}/queue/{sha256:str}", queued_picture, methods=["GET"]),
]
