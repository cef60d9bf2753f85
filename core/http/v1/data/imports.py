"""Imports: tickets for uploads, start, questions and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from core.data.formats.summary import Understanding
from core.data.import_config import ImportConfig
from core.data.sources.samples import SAMPLES
from core.data.sources.server_folders import checked_folder
from core.errors import ConfigError, NotFoundError, UploadError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import job_named
from core.http.note import Note
from core.http.v1.views import JobView, job_view
from core.messages import N_
from core.records import Record
from core.runs.import_questions import (
    ImportQuestion,
    answer,
    as_understood,
    cancel_import,
    open_question,
)
from core.runs.start_imports import start_import
from core.uploads.routes import uploads_path
from core.uploads.store import Ticket, find_upload, open_upload

_MAX_BYTES = 10**15
# Settings that the server's own files could be read by.
REFUSED = ("table", "follow_links", "refer")


@dataclass(frozen=True, kw_only=True)
class UploadSize(Record):
    """Size of an upload."""

    size_bytes: Annotated[int, Note(text="Of all its files together.", minimum=0, maximum=_MAX_BYTES)]


@dataclass(frozen=True, kw_only=True)
class UploadTicket(Record):
    """Credentials of an upload, for any client of tus 1.0."""

    upload: str
    token: Annotated[str, Note(text="To be sent as X-Upload-Token with every request.")]
    path: Annotated[str, Note(text="Collection to which files are sent, below the server's address.")]


@dataclass(frozen=True, kw_only=True)
class UploadSource(Record):
    """An upload that is complete."""

    upload: str
    token: str


@dataclass(frozen=True, kw_only=True)
class UploadOrFolder(Record):
    """Files of an upload or of a folder of the server: exactly one of them."""

    upload: UploadSource | None = None
    folder: Annotated[
        str | None, Note(text="Absolute path of a folder that the server's operator allows.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class NewImport(Record):
    """Import of an upload, a folder of the server, or a sample: exactly one of them."""

    project: Annotated[str, Note(text="Name of the new project; with “add”, of an existing one.")]
    upload: UploadSource | None = None
    folder: Annotated[
        str | None, Note(text="Absolute path of a folder that the server's operator allows.")
    ] = None
    sample: Annotated[str | None, Note(text=f"One of: {', '.join(SAMPLES)}.")] = None
    add: Annotated[bool, Note(text="The pictures join an existing project.")] = False
    settings: Annotated[
        Mapping[str, Any],
        Note(text="Settings of the import; all have defaults.", fields_of=ImportConfig, without=REFUSED),
    ] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Question(Record):
    """An import that waits for an answer, with what was understood of its source."""

    job: JobView
    reasons: Annotated[tuple[str, ...], Note(text="Sentences: what could be misunderstood.")]
    understanding: Understanding


@dataclass(frozen=True, kw_only=True)
class QuestionAnswer(Record):
    """Answer to a question: settings that differ from what was understood."""

    settings: Annotated[
        Mapping[str, Any],
        Note(text="Empty: it is right as understood.", fields_of=ImportConfig, without=REFUSED),
    ] = field(default_factory=dict)


def open_ticket(call: Call) -> UploadTicket:
    ticket = open_upload(call.body_as(UploadSize).size_bytes)
    return UploadTicket(upload=ticket.upload, token=ticket.token, path=f"/{uploads_path()}/{ticket.upload}/")


def start(call: Call) -> JobView:
    """Start an import.

    Raises:
        ConfigError: not exactly one source, or settings out of range.
        UploadError: the upload is empty.
    """
    body = call.body_as(NewImport)
    if sum(source is not None for source in (body.upload, body.folder, body.sample)) != 1:
        raise ConfigError(N_("Name one source: an upload, a folder of the server, or a sample."))
    if body.sample is not None and body.sample not in SAMPLES:
        raise NotFoundError(N_("There is no sample called “{name}”."), name=body.sample[:80])
    config = _config({}, body.settings)
    return job_view(
        start_import(body.project, source=_source(body), sample=body.sample, config=config, add=body.add)
    )


def show_question(call: Call) -> Question:
    question = _question(call)
    return Question(
        job=job_view(question.job),
        reasons=tuple(str(message) for message in question.understanding.reasons_to_ask),
        understanding=question.understanding,
    )


def answer_question(call: Call) -> JobView:
    question = _question(call)
    config = _config(as_understood(question).to_json(), call.body_as(QuestionAnswer).settings)
    return job_view(answer(question, config))


def cancel(call: Call) -> None:
    cancel_import(_question(call))


def uploaded(source: UploadSource) -> Path:
    """File or folder of an upload.

    Raises:
        UploadError: no file is complete yet.
        NotFoundError, UploadDeniedError: there is no such upload, or it has another token.
    """
    upload = find_upload(Ticket(upload=source.upload, token=source.token))
    if not upload.files:
        raise UploadError(N_("The upload holds no complete file yet."))
    return upload.content


def source_path(body: UploadOrFolder) -> Path:
    """File or folder that a request names.

    Raises:
        ConfigError: not exactly one is named, or the folder is not allowed.
        UploadError, NotFoundError, UploadDeniedError: see ``uploaded``.
    """
    if body.upload is not None and body.folder is None:
        return uploaded(body.upload)
    if body.folder is not None and body.upload is None:
        return checked_folder(body.folder)
    raise ConfigError(N_("Name one source: an upload, or a folder of the server."))


def _config(known: Mapping[str, Any], settings: Mapping[str, object]) -> ImportConfig:
    if refused := [name for name in REFUSED if settings.get(name)]:
        raise ConfigError(
            N_("{name} names files of the server, so only its command line takes it."), name=refused[0]
        )
    return ImportConfig.from_json({**known, **settings})


def _source(body: NewImport) -> Path | None:
    if body.folder is not None:
        return checked_folder(body.folder)
    return uploaded(body.upload) if body.upload is not None else None


def _question(call: Call) -> ImportQuestion:
    question = open_question(job_named(call.path["job"]))
    if question is None:
        raise NotFoundError(N_("“{name}” asks nothing."), name=call.path["job"])
    return question


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/uploads",
        summary="Open an upload, to which files are sent by tus 1.0.",
        scope=Scope.TRAIN,
        handler=open_ticket,
        body=UploadSize,
        answer=UploadTicket,
        status=201,
    ),
    Endpoint(
        method="POST",
        path="/v1/imports",
        summary="Start an import. If the source can be misunderstood, it ends with a question.",
        scope=Scope.TRAIN,
        handler=start,
        body=NewImport,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/imports/{job}/question",
        summary="Read the question of an import.",
        scope=Scope.READ,
        handler=show_question,
        answer=Question,
    ),
    Endpoint(
        method="POST",
        path="/v1/imports/{job}/answer",
        summary="Answer the question; the same files are imported.",
        scope=Scope.TRAIN,
        handler=answer_question,
        body=QuestionAnswer,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/imports/{job}",
        summary="Drop an import that waits for an answer, with its files.",
        scope=Scope.TRAIN,
        handler=cancel,
        status=204,
    ),
)
