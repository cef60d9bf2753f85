"""Runs: start, look at, pause, stop, resume, rename and delete; reports and curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from core.evaluation.evaluated_run import measured_report
from core.evaluation.report import MultiClassReport, MultiLabelReport
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import run_of
from core.http.note import Note
from core.http.v1.views import (
    FILLED_IN,
    RunList,
    RunView,
    Settings,
    run_view,
    training_settings,
)
from core.jobs.directory import JobDirectory
from core.records import Record, to_json_value
from core.runs.compare import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, delete_run, describe_run, run_settings
from core.runs.control import pause, resume, stop
from core.runs.start_runs import start_averaged, start_ensemble, start_training
from core.training.config import MAX_EPOCHS, TrainingConfig
from core.workspace import Project, list_runs

_MAX_MEMBERS = 100


@dataclass(frozen=True, kw_only=True)
class NewRun(Record):
    """A training run."""

    name: Annotated[str, Note(most=MAX_NAME_LENGTH)] = ""
    settings: Annotated[
        Mapping[str, Any],
        Note(
            text="Settings of the training; the dataset's newest version is used. A backbone is a key, or keys "
            "joined by +: a committee, whose features are joined under one head (recipe quick).",
            fields_of=TrainingConfig,
            without=FILLED_IN,
        ),
    ] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NewEnsemble(Record):
    """An ensemble of runs."""

    members: Annotated[tuple[str, ...], Note(text="Runs of the project.", most=_MAX_MEMBERS)]
    weights: Annotated[tuple[float, ...], Note(text="Of each; equal by default.", most=_MAX_MEMBERS)] = ()
    name: Annotated[str, Note(most=MAX_NAME_LENGTH)] = ""


@dataclass(frozen=True, kw_only=True)
class AveragedViews(Record):
    """Views of a picture to average."""

    views: Annotated[str, Note(text="Code of views that were measured and are offered, such as mirror.")]
    name: Annotated[str, Note(most=MAX_NAME_LENGTH)] = ""


@dataclass(frozen=True, kw_only=True)
class RunText(Record):
    """Name and note of a run; null leaves one as it is."""

    name: Annotated[str | None, Note(most=MAX_NAME_LENGTH)] = None
    note: Annotated[str | None, Note(most=MAX_NOTE_LENGTH)] = None


@dataclass(frozen=True, kw_only=True)
class MoreEpochs(Record):
    """Length of a continued run."""

    epochs: Annotated[
        int | None, Note(text="More epochs, for a finished run.", minimum=1, maximum=MAX_EPOCHS)
    ] = None


@dataclass(frozen=True, kw_only=True)
class ReportView(Record):
    """Results on the test pictures."""

    run: str
    report: MultiClassReport | MultiLabelReport


@dataclass(frozen=True, kw_only=True)
class EpochList(Record):
    """Losses and metrics of each epoch, as ``metrics.jsonl`` holds them."""

    run: str
    epochs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Deletion(Record):
    """A deleted run."""

    run: str
    bytes: Annotated[int, Note(text="Freed on the disk.")]


def list_all(call: Call) -> RunList:
    runs = [JobDirectory(path) for path in list_runs(call.project)]
    return RunList(runs=tuple(run_view(run) for run in runs if run.is_readable()))


def train(call: Call) -> RunView:
    project, body = call.project, call.body_as(NewRun)
    return _named(start_training(project, training_settings(body.settings, project)), body.name)


def join(call: Call) -> RunView:
    project, body = call.project, call.body_as(NewEnsemble)
    return _named(start_ensemble(project, members_of(project, body), body.weights), body.name)


def average(call: Call) -> RunView:
    body = call.body_as(AveragedViews)
    return _named(start_averaged(call.run, body.views), body.name)


def members_of(project: Project, body: NewEnsemble) -> list[Path]:
    """Find the members of an ensemble.

    Raises:
        NotFoundError: one of them is no run of this project.
    """
    return [run_of(project, name) for name in body.members]


def show(call: Call) -> RunView:
    return run_view(_run(call))


def settings(call: Call) -> Settings:
    return Settings(settings=run_settings(_run(call)))


def describe(call: Call) -> RunView:
    run, body = _run(call), call.body_as(RunText)
    describe_run(run, body.name, body.note)
    return run_view(run)


def delete(call: Call) -> Deletion:
    run = _run(call)
    return Deletion(run=run.name, bytes=delete_run(run))


def report(call: Call) -> ReportView:
    run = _run(call)
    return ReportView(run=run.name, report=measured_report(run.path))


def curve(call: Call) -> EpochList:
    run = _run(call)
    return EpochList(run=run.name, epochs=tuple(to_json_value(run.metrics())))


def rest(call: Call) -> RunView:
    run = _run(call)
    pause(run)
    return run_view(run)


def end(call: Call) -> RunView:
    run = _run(call)
    stop(run)
    return run_view(run)


def go_on(call: Call) -> RunView:
    run = _run(call)
    resume(run, call.body_as(MoreEpochs).epochs)
    return run_view(run)


def _run(call: Call) -> JobDirectory:
    return JobDirectory(call.run)


def _named(run: JobDirectory, name: str) -> RunView:
    if name:
        describe_run(run, name=name)
    return run_view(run)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/runs",
        summary="List the runs of a project, newest first.",
        scope=Scope.READ,
        handler=list_all,
        answer=RunList,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/runs",
        summary="Start a training run.",
        scope=Scope.TRAIN,
        handler=train,
        body=NewRun,
        answer=RunView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/ensembles",
        summary="Make one classifier of several runs.",
        scope=Scope.TRAIN,
        handler=join,
        body=NewEnsemble,
        answer=RunView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/averaged",
        summary="Make a run that averages the answers to several views of a picture.",
        scope=Scope.TRAIN,
        handler=average,
        body=AveragedViews,
        answer=RunView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}",
        summary="Look at a run: its state, its progress, its accuracy.",
        scope=Scope.READ,
        handler=show,
        answer=RunView,
        serves_run=True,
    ),
    Endpoint(
        method="PATCH",
        path="/v1/runs/{run}",
        summary="Set the name or the note of a run.",
        scope=Scope.TRAIN,
        handler=describe,
        body=RunText,
        answer=RunView,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/runs/{run}",
        summary="Delete a run. This cannot be undone.",
        scope=Scope.TRAIN,
        handler=delete,
        answer=Deletion,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/settings",
        summary="Read all settings of a run.",
        scope=Scope.READ,
        handler=settings,
        answer=Settings,
        serves_run=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/report",
        summary="Read the metrics on the test pictures, with intervals.",
        scope=Scope.READ,
        handler=report,
        answer=ReportView,
        serves_run=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/epochs",
        summary="Read the losses and metrics of each epoch.",
        scope=Scope.READ,
        handler=curve,
        answer=EpochList,
        serves_run=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/pause",
        summary="Pause a run; its device becomes free.",
        scope=Scope.TRAIN,
        handler=rest,
        answer=RunView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/stop",
        summary="End a run with its best result, evaluated and exported.",
        scope=Scope.TRAIN,
        handler=end,
        answer=RunView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/resume",
        summary="Resume a run, or continue it for more epochs.",
        scope=Scope.TRAIN,
        handler=go_on,
        body=MoreEpochs,
        answer=RunView,
        status=202,
    ),
)
