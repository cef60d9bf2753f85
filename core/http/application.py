"""The API's applications: its table of endpoints, the documentation, and the protocols of other tools."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.http.endpoint import Endpoint
from core.http.openapi.document import openapi_document
from core.http.openapi.page import HEADERS, documentation_page
from core.http.problems import HANDLERS, handle_bug
from core.http.protocols import label_studio, mcp, open_inference
from core.http.responding import Service, routes_of
from core.http.responses import json_response
from core.http.v1 import (
    answer_log,
    archives,
    backbones,
    batches,
    costs,
    exports,
    jobs,
    packages,
    prediction,
    projects,
    queue,
    runs,
    searches,
    system,
    trials,
)
from core.http.v1.data import checks, classes, datasets, imports, labelling, ranges, versions
from core.http.v1.evaluation import (
    comparisons,
    explanations,
    goal,
    judging,
    measurements,
    metrics,
    mistakes,
    reports,
    thresholds,
    trust,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *system.ENDPOINTS,
    *projects.ENDPOINTS,
    *imports.ENDPOINTS,
    *datasets.ENDPOINTS,
    *classes.ENDPOINTS,
    *versions.ENDPOINTS,
    *ranges.ENDPOINTS,
    *checks.ENDPOINTS,
    *labelling.ENDPOINTS,
    *backbones.ENDPOINTS,
    *packages.ENDPOINTS,
    *runs.ENDPOINTS,
    *costs.ENDPOINTS,
    *searches.ENDPOINTS,
    *trials.ENDPOINTS,
    *jobs.ENDPOINTS,
    *goal.ENDPOINTS,
    *metrics.ENDPOINTS,
    *mistakes.ENDPOINTS,
    *thresholds.ENDPOINTS,
    *trust.ENDPOINTS,
    *explanations.ENDPOINTS,
    *measurements.ENDPOINTS,
    *comparisons.ENDPOINTS,
    *judging.ENDPOINTS,
    *reports.ENDPOINTS,
    *prediction.ENDPOINTS,
    *batches.ENDPOINTS,
    *queue.ENDPOINTS,
    *answer_log.ENDPOINTS,
    *exports.ENDPOINTS,
    *archives.ENDPOINTS,
)


class Application:
    """The applications of one server, which share its state."""

    def __init__(self, *, is_local: bool, only_run: Path | None = None) -> None:
        """Make a server's applications.

        Args:
            is_local: it listens on this computer alone.
            only_run: folder of the one run that it serves; None for the whole workspace.
        """
        self._service = Service(is_local=is_local, only_run=only_run)

    @cached_property
    def api(self) -> Starlette:
        """Everything below ``/api``."""
        endpoints = [row for row in ENDPOINTS if self._serves(row)]
        document = openapi_document(endpoints)
        page = documentation_page(endpoints, document)

        async def openapi(request: Request) -> Response:
            return json_response(document | {"servers": [{"url": request.scope["root_path"]}]})

        async def docs(request: Request) -> Response:
            return HTMLResponse(page, headers=HEADERS)

        protocols = [row for row in (*label_studio.ENDPOINTS, *mcp.ENDPOINTS) if self._serves(row)]
        return _application(
            [
                Route("/openapi.json", openapi),
                Route("/docs", docs),
                *routes_of([*endpoints, *protocols], self._service),
            ]
        )

    @cached_property
    def open_inference(self) -> Starlette:
        """Everything below ``/v2``, where clients of the Open Inference Protocol expect it."""
        return _application(routes_of(open_inference.ENDPOINTS, self._service))

    def _serves(self, endpoint: Endpoint) -> bool:
        return endpoint.serves_run or self._service.only_run is None


def _application(routes: list[Route]) -> Starlette:
    return Starlette(routes=routes, exception_handlers={**HANDLERS, Exception: handle_bug})
