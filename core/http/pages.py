"""HTTP routes for the pages and their JavaScript.

Streamlit checks neither login nor XSRF for these routes, so each route that changes something
must check its caller itself. Modules that import pandas or SciPy are imported when they are first
asked, because they would delay the start of the server by seconds.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from core.archive.saved import find_archive
from core.data.decoder_version import DECODER, recorded_decoder
from core.data.pixels.drawing import drawing_number
from core.errors import DeliveryError, NotFoundError, UnreadableImageError
from core.http import answers
from core.http.names import checked_digest, run_of
from core.jobs.directory import JobDirectory
from core.uploads import routes as uploads
from core.workspace import get_project, project_of, projects_folder

# The address contains the version, see ``plotly_script_path``.
_CACHE_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
# The address contains the digest of the content. Other sites must not show the picture.
_BRIEFLY = "private, max-age=600"
_PICTURE_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def plotly_script_path() -> str:
    """Address of Plotly for the pages' JavaScript, without a leading slash."""
    return f"api/plotly.min.js?v={version('plotly')}"


async def plotly_script(request: Request) -> FileResponse:
    """Send Plotly from the installed package, so that no other server is needed."""
    path = Path(str(files("plotly"))) / "package_data" / "plotly.min.js"
    return FileResponse(path, media_type="text/javascript", headers=_CACHE_FOREVER)


def export_path(run: Path, code: str) -> str:
    """Address of a run's classifier in an export format, without a leading slash."""
    return f"{_run_address(run)}/export/{code}"


async def export(request: Request) -> Response:
    """Send a run's classifier as a file, streamed from disk."""
    from core.delivery.export import find_exporter
    from core.reporting.exports import export_file

    try:
        exporter = find_exporter(request.path_params["kind"])
        run = _requested_run(request)
        path = await run_in_threadpool(export_file, run, exporter)
    except (ValueError, NotFoundError, DeliveryError) as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    return FileResponse(path, filename=exporter.download_name(run), media_type="application/octet-stream")


def web_files_path(run: Path) -> str:
    """Address below which a browser finds the files of a run's classifier; it changes with them."""
    from core.delivery.files import labels_file, tflite_file

    version = max(file(run).stat().st_mtime_ns for file in (tflite_file, labels_file))
    return f"{_run_address(run)}/web/{version}/"


def web_file(request: Request) -> Response:
    """Send a file of a run's classifier for the browser: labels, network, or part of LiteRT.js."""
    from core.delivery.export import require_offered
    from core.delivery.files import labels_file
    from core.delivery.formats.litert.tflite_format import TFLITE
    from core.delivery.formats.web.files import LABELS, MODEL, RUNTIME_FILES, web_model

    name = request.path_params["name"]
    if name in RUNTIME_FILES:
        headers = {**_CACHE_FOREVER, "Content-Encoding": "gzip"}
        return FileResponse(RUNTIME_FILES[name], media_type="application/octet-stream", headers=headers)
    files = {LABELS: labels_file, MODEL: web_model}
    try:
        run = _requested_run(request)
        # What a browser takes is made from it.
        require_offered(run, TFLITE)
    except (ValueError, NotFoundError, DeliveryError) as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    if name not in files:
        return JSONResponse({"error": "There is no such file."}, status_code=404)
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return FileResponse(files[name](run), media_type="application/octet-stream", headers=headers)


def _requested_run(request: Request) -> Path:
    return run_of(get_project(request.path_params["project"]), request.path_params["run"])


def _run_address(run: Path) -> str:
    """Address below which a run's files are; a restored project has runs of the same names."""
    return f"api/projects/{quote(project_of(run).name, safe='')}/runs/{run.name}"


def thumbnail_address(project: str, sha256: str) -> str:
    """Address of a picture's thumbnail, without a leading slash. Browsers keep one for each drawing."""
    return f"api/projects/{quote(project, safe='')}/thumbnails/{_drawing(project)}/{sha256}"


def picture_address(project: str, sha256: str) -> str:
    """Address of a picture in its large view, without a leading slash."""
    return f"api/projects/{quote(project, safe='')}/pictures/{_drawing(project)}/{sha256}"


def _drawing(project: str) -> str:
    """Decoder and range that a project's pictures are drawn with, for addresses."""
    number = drawing_number(projects_folder() / project / "dataset")
    return f"{DECODER}.{number}" if number else str(DECODER)


def thumbnail(request: Request) -> Response:
    """Send the thumbnail that the import made, a small JPEG."""
    from core.data.dataset import thumbnail_path

    try:
        project = get_project(request.path_params["project"])
        content = thumbnail_path(project.dataset, checked_digest(request.path_params["sha256"])).read_bytes()
    except NotFoundError as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    except FileNotFoundError:
        return JSONResponse({"error": "There is no such picture."}, status_code=404)
    # Those of an earlier decoder will be made again.
    is_final = recorded_decoder(project.dataset) >= DECODER
    headers = _PICTURE_HEADERS if is_final else {**_PICTURE_HEADERS, "Cache-Control": _BRIEFLY}
    return Response(content, media_type="image/jpeg", headers=headers)


def full_picture(request: Request) -> Response:
    """Send the large view of a picture, in a format of all browsers and without metadata."""
    from core.data.pixels.viewing import view_picture

    try:
        project = get_project(request.path_params["project"])
        content, media_type = view_picture(project, checked_digest(request.path_params["sha256"]))
    except (NotFoundError, UnreadableImageError) as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    return Response(content, media_type=media_type, headers=_PICTURE_HEADERS)


def dataset_address(project: str, version: int, format: str = "folders") -> str:
    """Download address of a version's cleaned pictures, without a leading slash."""
    address = f"api/projects/{quote(project, safe='')}/dataset/{version}"
    return address if format == "folders" else f"{address}/{format}"


def cleaned_dataset(request: Request) -> Response:
    """Send the exported zip of a dataset version, streamed from disk."""
    from core.data.exports.export import DEFAULT_FORMAT, exported_dataset_path
    from core.data.exports.table import DATASET_FORMATS

    try:
        project = get_project(request.path_params["project"])
    except NotFoundError as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    version: int = request.path_params["version"]
    written_as = str(request.path_params.get("format", DEFAULT_FORMAT))
    path = exported_dataset_path(project, version, written_as)
    if written_as not in DATASET_FORMATS or not path.is_file():
        return JSONResponse({"error": "This version was not packed."}, status_code=404)
    suffix = "" if written_as == DEFAULT_FORMAT else f"-{written_as}"
    name = f"{project.name}-{version}{suffix}.zip"
    return FileResponse(path, filename=name, media_type="application/zip")


def archive_address(job: JobDirectory) -> str:
    """Download address of a project that a job saved as one file, without a leading slash."""
    return f"api/projects/{quote(project_of(job.path).name, safe='')}/archives/{job.name}"


def archive(request: Request) -> Response:
    """Send a project that was saved as one file, streamed from disk."""
    try:
        path = find_archive(get_project(request.path_params["project"]), request.path_params["job"])
    except NotFoundError as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    return FileResponse(path, filename=path.name, media_type="application/zip")


ROUTES = [
    Route("/plotly.min.js", plotly_script, methods=["GET"]),
    Route("/projects/{project}/runs/{run}/export/{kind}", export, methods=["GET"]),
    Route("/projects/{project}/runs/{run}/web/{version:int}/{name:path}", web_file, methods=["GET"]),
    Route("/projects/{project}/thumbnails/{drawing}/{sha256}", thumbnail, methods=["GET"]),
    Route("/projects/{project}/pictures/{drawing}/{sha256}", full_picture, methods=["GET"]),
    Route("/projects/{project}/dataset/{version:int}", cleaned_dataset, methods=["GET"]),
    Route("/projects/{project}/dataset/{version:int}/{format}", cleaned_dataset, methods=["GET"]),
    Route("/projects/{project}/archives/{job}", archive, methods=["GET"]),
    *answers.ROUTES,
    *uploads.ROUTES,
]
