"""Models made elsewhere: open one, test it on a project's pictures, compare it with a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from core.data.editing.splits import settle_split
from core.errors import ConfigError
from core.evaluation.comparison.comparing import compare_with_reference
from core.evaluation.evaluated_run import EvaluatedRun, measured_report
from core.evaluation.foreign.facts import Judgement, JudgementRequest, ModelFacts
from core.evaluation.foreign.judged_model import (
    delete_model,
    find_model,
    is_judged,
    list_models,
    read_facts,
    read_judgement,
)
from core.evaluation.foreign.preprocessing import SCALES, parse
from core.evaluation.report import MultiClassReport, MultiLabelReport
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import run_of
from core.http.note import Note
from core.http.v1.data.imports import UploadOrFolder, source_path
from core.http.v1.evaluation.comparisons import PairView, pair_view
from core.http.v1.views import JobView, job_view
from core.messages import N_, first_of
from core.records import Record
from core.runs.judging import start_inspection, start_judgement
from core.workspace import Project


@dataclass(frozen=True, kw_only=True)
class NewModel(UploadOrFolder):
    """A model made elsewhere: files of an upload or of a folder of the server."""

    run: Annotated[str | None, Note(text="Run to compare with: the model answers its pictures.")] = None


@dataclass(frozen=True, kw_only=True)
class OpenedModel(Record):
    """A model that is being opened."""

    model: Annotated[str, Note(text="Name by which it is found once the job has finished.")]
    job: JobView


@dataclass(frozen=True, kw_only=True)
class JudgementSettings(Record):
    """Settings of a test; all have defaults."""

    run: Annotated[str | None, Note(text="Run to compare with: its pictures are used.")] = None
    mapping: Annotated[
        Mapping[str, str],
        Note(text="Class of the project by class of the model; empty: none. Equal names need no entry."),
    ] = field(default_factory=dict)
    by_order: Annotated[
        bool, Note(text="Where no name is equal, the model's first class is the project's first.")
    ] = False
    preprocessing: Annotated[
        str | None,
        Note(
            text=f"{', '.join(SCALES)}; with -bgr or -crop. Left out: as the export states it, else guessed."
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ModelView(Record):
    """A model made elsewhere."""

    model: str
    facts: ModelFacts
    judgement: Annotated[Judgement | None, Note(text="null before its test.")]
    report: Annotated[MultiClassReport | MultiLabelReport | None, Note(text="Results on the test pictures.")]


@dataclass(frozen=True, kw_only=True)
class ModelList(Record):
    """Models made elsewhere, newest first."""

    models: tuple[ModelView, ...]


@dataclass(frozen=True, kw_only=True)
class RunBeside(Record):
    """Run to compare with."""

    run: str


def list_all(call: Call) -> ModelList:
    return ModelList(models=tuple(_view(folder) for folder in list_models(call.project)))


def open_model(call: Call) -> OpenedModel:
    project, body = call.project, call.body_as(NewModel)
    version = _run_of(project, body.run).dataset.version if body.run is not None else None
    job = start_inspection(project, source_path(body), version=version)
    return OpenedModel(model=str(job.config()["name"]), job=job_view(job))


def show(call: Call) -> ModelView:
    return _view(_folder(call))


def judge(call: Call) -> JobView:
    """Start a test.

    Raises:
        ConfigError: the mapping or the preprocessing names what does not exist.
    """
    project, folder, settings = call.project, _folder(call), call.body_as(JudgementSettings)
    dataset = _run_of(project, settings.run).dataset if settings.run else settle_split(project)
    _require_known(settings.mapping, read_facts(folder).class_names, dataset.class_names)
    request = JudgementRequest(
        name=folder.name,
        dataset_version=dataset.version,
        changes=settings.mapping,
        by_order=settings.by_order,
        preprocessing=parse(settings.preprocessing) if settings.preprocessing is not None else None,
    )
    return job_view(start_judgement(project, request))


def compare(call: Call) -> PairView:
    """Compare a run with the model.

    Raises:
        NotFoundError: the model was not tested yet.
    """
    folder, run = _folder(call), _run_of(call.project, call.query_as(RunBeside).run)
    (comparison,) = compare_with_reference(EvaluatedRun.open(folder), [run])
    return pair_view(run.run, comparison)


def delete(call: Call) -> None:
    delete_model(_folder(call))


def _folder(call: Call) -> Path:
    return find_model(call.project, call.path["model"])


def _run_of(project: Project, name: str) -> EvaluatedRun:
    return EvaluatedRun.open(run_of(project, name))


def _require_known(mapping: Mapping[str, str], foreign: Sequence[str], classes: Sequence[str]) -> None:
    for names, known in ((mapping.keys(), foreign), (set(mapping.values()) - {""}, classes)):
        for name in sorted(set(names) - set(known)):
            raise ConfigError(
                N_("The mapping names “{name}”. Known there are: {known}."),
                name=name[:80],
                known=first_of(list(known)),
            )


def _view(folder: Path) -> ModelView:
    has_result = is_judged(folder)
    return ModelView(
        model=folder.name,
        facts=read_facts(folder),
        judgement=read_judgement(folder) if has_result else None,
        report=measured_report(folder) if has_result else None,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/models",
        summary="List the models made elsewhere that were opened.",
        scope=Scope.READ,
        handler=list_all,
        answer=ModelList,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/models",
        summary="Start opening a model made elsewhere, in a process without network.",
        scope=Scope.TRAIN,
        handler=open_model,
        body=NewModel,
        answer=OpenedModel,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/models/{model}",
        summary="Read what was understood of a model, and its results.",
        scope=Scope.READ,
        handler=show,
        answer=ModelView,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/models/{model}/judgement",
        summary="Start testing a model on the test pictures.",
        scope=Scope.TRAIN,
        handler=judge,
        body=JudgementSettings,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/models/{model}/comparison",
        summary="Compare a run with a model on the same test pictures.",
        scope=Scope.READ,
        handler=compare,
        query=RunBeside,
        answer=PairView,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/projects/{project}/models/{model}",
        summary="Delete a model made elsewhere. This cannot be undone.",
        scope=Scope.TRAIN,
        handler=delete,
        status=204,
    ),
)
