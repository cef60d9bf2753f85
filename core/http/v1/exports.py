"""Exports: files of a finished run, in the formats of the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from starlette.responses import FileResponse

from core.delivery import export
from core.delivery.export import export_file, find_exporter, has_export
from core.delivery.files import require_delivered
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import run_named
from core.http.openapi.note import Note
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class ExportView(Record):
    """A format of a run's classifier."""

    format: str
    label: str
    description: str
    is_available: Annotated[bool, Note(text="The file exists, or is packed at the first download.")]
    bytes: Annotated[int | None, Note(text="Of the file; null before it exists.")]


@dataclass(frozen=True, kw_only=True)
class ExportList(Record):
    """Formats of a run's classifier."""

    run: str
    exports: tuple[ExportView, ...]


def list_all(call: Call) -> ExportList:
    _, run = run_named(call.path["run"])
    require_delivered(run)
    return ExportList(
        run=run.name,
        exports=tuple(
            ExportView(
                format=exporter.code,
                label=exporter.label,
                description=exporter.description,
                is_available=has_export(run, exporter),
                bytes=exporter.file(run).stat().st_size if exporter.file(run).exists() else None,
            )
            for exporter in export.EXPORTERS
        ),
    )


def download(call: Call) -> FileResponse:
    """Send a file, streamed from disk.

    Raises:
        NotFoundError: there is no such run or format, or the run has no finished classifier.
    """
    exporter = find_exporter(call.path["format"])
    _, run = run_named(call.path["run"])
    file = export_file(run, exporter)
    return FileResponse(file, filename=f"{run.name}{exporter.suffix}", media_type="application/octet-stream")


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/exports",
        summary="List the formats of a run's classifier.",
        scope=Scope.READ,
        handler=list_all,
        answer=ExportList,
        serves_run=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/exports/{format}",
        summary="Download a run's classifier in one format.",
        scope=Scope.READ,
        handler=download,
        media_type="application/octet-stream",
        serves_run=True,
    ),
)
