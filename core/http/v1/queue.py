"""Pictures to label: unsure and strange ones in order, decisions about them, and corrected answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from starlette.responses import Response

from core.data.dataset import open_dataset
from core.data.labels.label_sets import label_names
from core.data.labels.task import Task
from core.delivery.files import read_labels, require_delivered
from core.errors import ConfigError, NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import checked_digest, run_of
from core.http.note import Note
from core.http.v1.prediction import EncodedPictures, sent_pictures
from core.http.v1.projects import ProjectView, project_view
from core.messages import N_, first_of
from core.prediction.corrections import AnsweredFile, correct
from core.prediction.doubts import Doubt
from core.prediction.queue.emptying import empty_queue
from core.prediction.queue.store import (
    MOST_PICTURES,
    QueuedPicture,
    QueueState,
    queued_pictures,
    read_picture,
    set_state,
)
from core.prediction.queue.waiting import waiting_pictures
from core.prediction.viewing import LARGE_SIDE, view
from core.records import Record
from core.uploads.names import safe_upload_name
from core.workspace import Project


@dataclass(frozen=True, kw_only=True)
class WaitingPicture(Record):
    """A picture that a person should look at."""

    sha256: str
    name: Annotated[str, Note(text="Of its file.")]
    run: str
    doubt: Doubt
    answer: Annotated[str, Note(text="Label that the run gave.")]
    confidence: float
    queued: Annotated[float, Note(text="Seconds since the epoch.")]


@dataclass(frozen=True, kw_only=True)
class WaitingList(Record):
    """Pictures to label, the most instructive first."""

    unsure: tuple[WaitingPicture, ...]
    strange: tuple[WaitingPicture, ...]
    skipped: int


@dataclass(frozen=True, kw_only=True)
class QueueAnswer(Record):
    """True label of pictures of the queue."""

    pictures: Annotated[tuple[str, ...], Note(text="By SHA-256.", most=MOST_PICTURES)]
    label: Annotated[str, Note(text="A new class is made.")]


@dataclass(frozen=True, kw_only=True)
class QueueDecision(Record):
    """Decision about pictures of the queue."""

    pictures: Annotated[tuple[str, ...], Note(text="By SHA-256.", most=MOST_PICTURES)]
    state: QueueState


@dataclass(frozen=True, kw_only=True)
class QueueOptions(Record):
    """Choice of pictures to remove."""

    keep: Annotated[
        str | None, Note(text="Name of a run: pictures that its present classifier answered stay.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class QueueRemoval(Record):
    """Pictures that were removed from the queue."""

    removed: int


@dataclass(frozen=True, kw_only=True)
class Correction(Record):
    """True label of pictures that a run answered wrongly."""

    label: Annotated[str, Note(text="A new class is made.")]
    run: str
    answer: Annotated[str, Note(text="Label that the run gave.")] = ""


def waiting(call: Call) -> WaitingList:
    project = call.project
    found = waiting_pictures(project, open_dataset(project))
    return WaitingList(
        unsure=tuple(_view(picture) for picture in found.unsure),
        strange=tuple(_view(picture) for picture in found.strange),
        skipped=found.skipped,
    )


def picture(call: Call) -> Response:
    project = call.project
    data, dataset = read_picture(project, checked_digest(call.path["sha256"])), open_dataset(project)
    content = view(data, LARGE_SIDE, dataset.pixel_range, dataset.channels)
    return Response(content, media_type="image/jpeg", headers={"X-Content-Type-Options": "nosniff"})


def label(call: Call) -> ProjectView:
    project, body = call.project, call.body_as(QueueAnswer)
    files = [
        AnsweredFile(name=one.name, data=read_picture(project, one.sha256), run=one.run, answer=one.answer)
        for one in _chosen(project, body.pictures)
    ]
    correct(project, body.label, files)
    return project_view(project)


def decide(call: Call) -> WaitingList:
    """Skip pictures, ask about them again, or say that they show none of the classes.

    Raises:
        ConfigError: with several labels a picture, “none of them” is a label.
        NotFoundError: a picture is not in the queue.
    """
    project, body = call.project, call.body_as(QueueDecision)
    if body.state is QueueState.NONE_OF_THEM and open_dataset(project).task is Task.MULTI_LABEL:
        raise ConfigError(N_("With several labels a picture, give the label “–” instead."))
    set_state(project, [one.sha256 for one in _chosen(project, body.pictures)], body.state)
    return waiting(call)


def empty(call: Call) -> QueueRemoval:
    """Remove pictures from the queue, with the decisions about them.

    Raises:
        NotFoundError: the run to keep is not of this project, or has no finished classifier.
    """
    project, keep = call.project, call.query_as(QueueOptions).keep
    return QueueRemoval(removed=empty_queue(project, None if keep is None else run_of(project, keep)))


def add_corrected(call: Call) -> ProjectView:
    """Add pictures with their true label.

    Raises:
        NotFoundError: the project has no such run.
        DataError: none is a picture, or the project has one with another label.
    """
    project, correction = call.project, call.query_as(Correction)
    run = run_of(project, correction.run)
    require_delivered(run)
    _require_answer(correction.answer, read_labels(run).class_names)
    files = [
        AnsweredFile(name=safe_upload_name(sent.name), data=sent.data, run=run.name, answer=correction.answer)
        for sent in sent_pictures(call)
    ]
    correct(project, correction.label, files)
    return project_view(project)


def _require_answer(answer: str, known: Sequence[str]) -> None:
    """Check that a classifier of these classes can have given an answer; "" is none."""
    for name in () if answer in known else label_names(answer):
        if name not in known:
            raise NotFoundError(
                N_("The classifier knows no class called “{name}”. It knows: {known}."),
                name=name[:80],
                known=first_of(list(known)),
            )


def _chosen(project: Project, contents: Sequence[str]) -> list[QueuedPicture]:
    by_content = {picture.sha256: picture for picture in queued_pictures(project)}
    for sha256 in contents:
        if sha256 not in by_content:
            raise NotFoundError(N_("The queue has no picture “{sha256}”."), sha256=sha256[:80])
    if not contents:
        raise ConfigError(N_("Name at least one picture of the queue."))
    return [by_content[sha256] for sha256 in dict.fromkeys(contents)]


def _view(picture: QueuedPicture) -> WaitingPicture:
    return WaitingPicture(
        sha256=picture.sha256,
        name=picture.name,
        run=picture.run,
        doubt=picture.doubt,
        answer=picture.answer,
        confidence=picture.confidence,
        queued=picture.queued,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/queue",
        summary="List the pictures to label, the most instructive first.",
        scope=Scope.READ,
        handler=waiting,
        answer=WaitingList,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/queue/{sha256}",
        summary="Read a picture of the queue in its large view.",
        scope=Scope.READ,
        handler=picture,
        media_type="image/jpeg",
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/queue/labels",
        summary="Give pictures of the queue their true label; they join the dataset.",
        scope=Scope.TRAIN,
        handler=label,
        body=QueueAnswer,
        answer=ProjectView,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/queue/decisions",
        summary="Skip pictures, ask again, or say that they show none of the classes.",
        scope=Scope.TRAIN,
        handler=decide,
        body=QueueDecision,
        answer=WaitingList,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/projects/{project}/queue",
        summary="Empty the queue of pictures to label. This cannot be undone.",
        scope=Scope.TRAIN,
        handler=empty,
        query=QueueOptions,
        answer=QueueRemoval,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/corrections",
        summary="Add pictures that a run answered wrongly, with their true label.",
        scope=Scope.TRAIN,
        handler=add_corrected,
        query=Correction,
        body=EncodedPictures,
        takes_pictures=True,
        answer=ProjectView,
    ),
)
