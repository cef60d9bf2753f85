"""Log of answers: switch it on or off, read and delete it, and see if the pictures have changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.data.datasets import MAX_LIMIT
from core.prediction.drift.comparing import Drift
from core.prediction.drift.measuring import LEAST_ANSWERS, comparable_answers, measure_drift
from core.prediction.log.settings import LogSettings, read_log_settings, write_log_settings
from core.prediction.log.store import LoggedAnswer, forget_answers, log_size, logged_answers
from core.records import Record
from core.workspace import project_of


@dataclass(frozen=True, kw_only=True)
class LogView(Record):
    """Log of a project's answers."""

    settings: LogSettings
    bytes: int


@dataclass(frozen=True, kw_only=True)
class LogPart(Record):
    """Part of the log."""

    limit: Annotated[int, Note(minimum=1, maximum=MAX_LIMIT)] = 100


@dataclass(frozen=True, kw_only=True)
class AnswerList(Record):
    """Logged answers of a run, newest first; of a picture that was asked about twice, the last."""

    run: str
    total: int
    answers: tuple[LoggedAnswer, ...]


@dataclass(frozen=True, kw_only=True)
class DriftView(Record):
    """Change of the answers since the run was tested."""

    run: str
    answers: Annotated[
        int, Note(text=f"Logged so far by its present network and thresholds; {LEAST_ANSWERS} are needed.")
    ]
    left_out: Annotated[int, Note(text="By another network or other thresholds.")]
    is_proven: bool
    drift: Annotated[Drift | None, Note(text="null: too few answers.")]


def show(call: Call) -> LogView:
    project = call.project
    return LogView(settings=read_log_settings(project), bytes=sum(log_size(project)))


def choose(call: Call) -> LogView:
    write_log_settings(call.project, call.body_as(LogSettings))
    return show(call)


def forget(call: Call) -> None:
    forget_answers(call.project)


def answers(call: Call) -> AnswerList:
    run = call.run
    logged = logged_answers(project_of(run), run.name)
    newest = reversed(logged[-call.query_as(LogPart).limit :])
    return AnswerList(run=run.name, total=len(logged), answers=tuple(newest))


def drift(call: Call) -> DriftView:
    run = call.run
    logged = logged_answers(project_of(run), run.name)
    comparable = comparable_answers(run, logged)
    measured = measure_drift(run, comparable)
    found = measured.drift if measured else None
    return DriftView(
        run=run.name,
        answers=len(comparable),
        left_out=len(logged) - len(comparable),
        is_proven=found is not None and found.is_proven,
        drift=found,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/log",
        summary="Read if answers are logged.",
        scope=Scope.READ,
        handler=show,
        answer=LogView,
    ),
    Endpoint(
        method="PUT",
        path="/v1/projects/{project}/log",
        summary="Switch the log of answers on or off.",
        scope=Scope.TRAIN,
        handler=choose,
        body=LogSettings,
        answer=LogView,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/projects/{project}/log",
        summary="Delete the logged answers and kept pictures. This cannot be undone.",
        scope=Scope.TRAIN,
        handler=forget,
        status=204,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/log",
        summary="List the logged answers of a run, newest first.",
        scope=Scope.READ,
        handler=answers,
        query=LogPart,
        answer=AnswerList,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/drift",
        summary="Read if classes, confidence or features have changed since the test.",
        scope=Scope.READ,
        handler=drift,
        answer=DriftView,
    ),
)
