"""Exports: files of a finished run in the formats of the table, made on request with a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from starlette.responses import FileResponse

from core.delivery import export
from core.delivery.certificate.records import USUAL_LOSS, Certificate
from core.delivery.certificate.store import FileState, read_certificate
from core.delivery.export import find_exporter, state_of
from core.delivery.files import require_delivered
from core.errors import ConfigError, NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.views import JobView, job_view
from core.messages import N_
from core.records import Record
from core.reporting.exports import export_file
from core.runs.start_export import start_export


@dataclass(frozen=True, kw_only=True)
class ExportView(Record):
    """A format of a run's classifier."""

    format: str
    label: str
    description: str
    state: FileState
    bytes: Annotated[int | None, Note(text="Of the file; null before it exists.")]


@dataclass(frozen=True, kw_only=True)
class ExportList(Record):
    """Formats of a run's classifier."""

    run: str
    exports: tuple[ExportView, ...]


@dataclass(frozen=True, kw_only=True)
class NewExport(Record):
    """Formats to make and to check."""

    formats: Annotated[tuple[str, ...], Note(text="Codes of formats.", most=50)]
    allowed_loss: Annotated[
        float,
        Note(text="Accuracy that a quantised format may lose, as a fraction.", minimum=0, maximum=1),
    ] = USUAL_LOSS


@dataclass(frozen=True, kw_only=True)
class CertificateView(Record):
    """Certificate of a file."""

    certificate: Certificate
    refusal: Annotated[str | None, Note(text="Reason why the file is withheld.")]


def list_all(call: Call) -> ExportList:
    run = call.run
    require_delivered(run)
    return ExportList(
        run=run.name,
        exports=tuple(
            ExportView(
                format=exporter.code,
                label=exporter.label,
                description=exporter.description,
                state=state_of(run, exporter),
                bytes=exporter.file(run).stat().st_size if exporter.file(run).exists() else None,
            )
            for exporter in export.EXPORTERS
        ),
    )


def make(call: Call) -> JobView:
    """Start making files.

    Raises:
        ConfigError: no format is named.
        NotFoundError: there is no such run or format, or the run has no finished classifier.
    """
    body = call.body_as(NewExport)
    if not body.formats:
        known = ", ".join(exporter.code for exporter in export.EXPORTERS)
        raise ConfigError(N_("Name at least one format: {known}."), known=known)
    for code in body.formats:
        find_exporter(code)
    return job_view(start_export(call.run, body.formats, body.allowed_loss))


def certificate(call: Call) -> CertificateView:
    """Read a certificate.

    Raises:
        NotFoundError: the file was not made yet, or cannot be checked.
    """
    exporter, run = find_exporter(call.path["format"]), call.run
    found = read_certificate(run, exporter)
    if found is None:
        raise NotFoundError(
            N_("“{format}” of run “{name}” has no certificate yet."), format=exporter.code, name=run.name
        )
    return CertificateView(certificate=found, refusal=str(found.refusal) if found.refusal else None)


def download(call: Call) -> FileResponse:
    """Send a file, streamed from disk.

    Raises:
        NotFoundError: there is no such run or format, or the file was not made or is withheld.
    """
    exporter, run = find_exporter(call.path["format"]), call.run
    return FileResponse(
        export_file(run, exporter),
        filename=exporter.download_name(run),
        media_type="application/octet-stream",
    )


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
        method="POST",
        path="/v1/runs/{run}/exports",
        summary="Start making files, each checked on the test pictures.",
        scope=Scope.TRAIN,
        handler=make,
        body=NewExport,
        answer=JobView,
        status=202,
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
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/exports/{format}/certificate",
        summary="Read how a file answered the test pictures.",
        scope=Scope.READ,
        handler=certificate,
        answer=CertificateView,
        serves_run=True,
    ),
)
