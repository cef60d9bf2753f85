"""Batches: thousands of pictures classified by a job, and their answers as files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from starlette.responses import StreamingResponse

from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.data.imports import UploadOrFolder, source_path
from core.http.v1.views import JobView, job_view
from core.prediction.batch.batches import Batch, find_batch, list_batches
from core.prediction.batch.files.table import RESULT_FORMATS, find_result_format
from core.prediction.batch.records import BatchCounts
from core.records import Record
from core.runs.batches import delete_batch, start_batch
from core.runs.control import pause, resume, stop
from core.workspace import project_of


@dataclass(frozen=True, kw_only=True)
class BatchView(Record):
    """A batch of pictures."""

    job: JobView
    run: str
    counts: Annotated[BatchCounts | None, Note(text="null until it is finished.")]


@dataclass(frozen=True, kw_only=True)
class BatchList(Record):
    """Batches of a run, newest first."""

    batches: tuple[BatchView, ...]


@dataclass(frozen=True, kw_only=True)
class BatchDeletion(Record):
    """A deleted batch."""

    batch: str
    bytes: Annotated[int, Note(text="Freed on the disk.")]


def list_all(call: Call) -> BatchList:
    run = call.run
    return BatchList(batches=tuple(_view(batch) for batch in list_batches(project_of(run), run)))


def start(call: Call) -> BatchView:
    job = start_batch(call.run, [source_path(call.body_as(UploadOrFolder))])
    return _view(find_batch(job.name))


def show(call: Call) -> BatchView:
    return _view(_batch(call))


def answers(call: Call) -> StreamingResponse:
    """Send the answers so far as a file, which is made while it is sent.

    Raises:
        NotFoundError: there is no such batch or format.
    """
    result_format, batch = find_result_format(call.path["format"]), _batch(call)
    name = f"{batch.job.name}{result_format.suffix}"
    return StreamingResponse(
        result_format.chunks(batch),
        media_type=result_format.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def rest(call: Call) -> BatchView:
    batch = _batch(call)
    pause(batch.job)
    return _view(batch)


def end(call: Call) -> BatchView:
    batch = _batch(call)
    stop(batch.job)
    return _view(batch)


def go_on(call: Call) -> BatchView:
    batch = _batch(call)
    resume(batch.job)
    return _view(batch)


def delete(call: Call) -> BatchDeletion:
    batch = _batch(call)
    return BatchDeletion(batch=batch.job.name, bytes=delete_batch(batch))


def _batch(call: Call) -> Batch:
    return find_batch(call.path["batch"])


def _view(batch: Batch) -> BatchView:
    return BatchView(
        job=job_view(batch.job),
        run=batch.request.run,
        counts=batch.facts.counts if batch.facts else None,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/batches",
        summary="List the batches that a run has classified, newest first.",
        scope=Scope.READ,
        handler=list_all,
        answer=BatchList,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/batches",
        summary="Start classifying many pictures.",
        scope=Scope.TRAIN,
        handler=start,
        body=UploadOrFolder,
        answer=BatchView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/batches/{batch}",
        summary="Read the state and the progress of a batch.",
        scope=Scope.READ,
        handler=show,
        answer=BatchView,
    ),
    Endpoint(
        method="GET",
        path="/v1/batches/{batch}/answers/{format}",
        summary=f"Download the answers so far: {', '.join(row.code for row in RESULT_FORMATS)}.",
        scope=Scope.READ,
        handler=answers,
        media_type="application/octet-stream",
    ),
    Endpoint(
        method="POST",
        path="/v1/batches/{batch}/pause",
        summary="Pause a batch.",
        scope=Scope.TRAIN,
        handler=rest,
        answer=BatchView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/batches/{batch}/stop",
        summary="Stop a batch; its answers so far are kept.",
        scope=Scope.TRAIN,
        handler=end,
        answer=BatchView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/batches/{batch}/resume",
        summary="Resume a batch.",
        scope=Scope.TRAIN,
        handler=go_on,
        answer=BatchView,
        status=202,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/batches/{batch}",
        summary="Delete a batch with its answers and uploads. This cannot be undone.",
        scope=Scope.TRAIN,
        handler=delete,
        answer=BatchDeletion,
    ),
)
