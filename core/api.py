"""HTTP routes beside the pages.

Owns what a program, or a page's own JavaScript, may ask the server for. These
routes get no login and no XSRF check from Streamlit: whatever changes something
must check its caller itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

import core
from core.delivery.export import ExportFormat, export_file
from core.errors import NotFoundError
from core.workspace import find_run

# Safe for ever: a page asks for it by version, see ``plotly_script_path``.
_CACHE_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def plotly_script_path() -> str:
    """Where a page's JavaScript finds Plotly, without a leading slash."""
    return f"api/plotly.min.js?v={version('plotly')}"


async def health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok", "version": core.__version__})


async def plotly_script(request: Request) -> FileResponse:
    """The very file that the plotly package ships, so that nothing is fetched from outside."""
    path = Path(str(files("plotly"))) / "package_data" / "plotly.min.js"
    return FileResponse(path, media_type="text/javascript", headers=_CACHE_FOR_EVER)


def export_path(run: str, kind: ExportFormat) -> str:
    """Where a browser downloads a run's classifier, without a leading slash."""
    return f"api/runs/{run}/export/{kind.value}"


async def export(request: Request) -> Response:
    """A run's classifier as a file, streamed from disk so that it never lies in memory."""
    try:
        kind = ExportFormat(request.path_params["kind"])
        _, run = find_run(request.path_params["run"])
        path = await run_in_threadpool(export_file, run, kind)
    except (ValueError, NotFoundError) as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    return FileResponse(path, filename=f"{run.name}.{kind.extension}", media_type="application/octet-stream")


ROUTES = [
    Route("/health", health, methods=["GET"]),
    Route("/plotly.min.js", plotly_script, methods=["GET"]),
    Route("/runs/{run}/export/{kind}", export, methods=["GET"]),
]


def routes_under(base_path: str, allowed_hosts: Sequence[str] = ()) -> list[BaseRoute]:
    """All routes as ``/api/...``, below the path that the pages are served under ("" for the root).

    Args:
        allowed_hosts: names under which the server answers; none means any. Streamlit
            checks its own routes only, and without this another site could point its
            name at this machine and read what these give.
    """
    base = base_path.strip("/")
    guard = [Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts))] if allowed_hosts else []
    return [Mount(f"/{base}/api" if base else "/api", routes=ROUTES, middleware=guard)]
