"""Searches: start, look at, pause, stop and resume; trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from core.errors import NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import search_named, search_of
from core.http.note import Note
from core.http.v1.views import (
    FILLED_IN,
    JobList,
    JobView,
    job_view,
    training_settings,
)
from core.jobs.directory import JobDirectory
from core.messages import N_
from core.records import Record
from core.runs.control import pause, resume, stop
from core.runs.start_runs import start_search
from core.search.climb import climb_config
from core.search.config import (
    MAX_FOLDS,
    MAX_MINUTES,
    MAX_TRIALS,
    MAX_WORKERS,
    Goal,
    Pruner,
    Sampler,
    Scoring,
    SearchConfig,
    Tradeoff,
)
from core.search.records import (
    SearchSummary,
)
from core.search.space import Speed
from core.training.config import TrainingConfig
from core.workspace import list_searches


@dataclass(frozen=True, kw_only=True)
class NewSearch(Record):
    """A search; it needs minutes or trials as its limit."""

    minutes: Annotated[float, Note(text="Of work; 0: no limit.", minimum=0, maximum=MAX_MINUTES)] = 0.0
    trials: Annotated[int, Note(text="0: no limit.", minimum=0, maximum=MAX_TRIALS)] = 0
    speed: Speed = Speed.HEAD
    goal: Goal = Goal.ACCURACY
    tradeoff: Tradeoff = Tradeoff.NONE
    sampler: Sampler = Sampler.TPE
    pruner: Pruner = Pruner.MEDIAN
    scoring: Scoring = Scoring.AUTO
    folds: Annotated[int, Note(text="Of cross-validation.", minimum=2, maximum=MAX_FOLDS)] = 5
    workers: Annotated[int, Note(minimum=1, maximum=MAX_WORKERS)] = 1
    space: Annotated[
        Mapping[str, Any],
        Note(text="What varies: “choices”, or “low” and “high”, by name of a setting. Empty: the usual."),
    ] = field(default_factory=dict)
    start_from: Annotated[
        str | None, Note(text="An earlier search of the project, whose best settings are tried first.")
    ] = None
    seed: Annotated[int, Note(minimum=0, maximum=2**31 - 1)] = 0
    settings: Annotated[
        Mapping[str, Any],
        Note(
            text="Settings that are not searched for, and the first trial.",
            fields_of=TrainingConfig,
            without=FILLED_IN,
        ),
    ] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NewClimb(Record):
    """A climb: backbones and recipes in the order of what a point of accuracy is expected to cost."""

    minutes: Annotated[float, Note(text="Of work.", minimum=0, maximum=MAX_MINUTES)]
    goal: Goal = Goal.ACCURACY
    settings: Annotated[
        Mapping[str, Any],
        Note(text="Settings of the first rung.", fields_of=TrainingConfig, without=FILLED_IN),
    ] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Extension(Record):
    """Limit of a search that goes on."""

    minutes: Annotated[float | None, Note(text="More minutes.", minimum=0, maximum=MAX_MINUTES)] = None
    trials: Annotated[int | None, Note(text="More trials.", minimum=0, maximum=MAX_TRIALS)] = None


@dataclass(frozen=True, kw_only=True)
class SearchResult(Record):
    """Summary of a search: its best trial, gain and selection bias."""

    search: JobView
    summary: SearchSummary


def list_all(call: Call) -> JobList:
    jobs = [JobDirectory(path) for path in list_searches(call.project)]
    return JobList(jobs=tuple(job_view(job) for job in jobs if job.is_readable()))


def start(call: Call) -> JobView:
    """Start a search.

    Raises:
        ConfigError: a setting is unknown or out of range.
        NotFoundError: the project has no such earlier search.
    """
    project, body = call.project, call.body_as(NewSearch)
    earlier = search_of(project, body.start_from).name if body.start_from is not None else ""
    values = body.to_json() | {"space": {"domains": body.space}, "start_from": earlier}
    base = training_settings(values.pop("settings"), project)
    return job_view(start_search(project, SearchConfig.from_json({**values, "base": base.to_json()})))


def climb(call: Call) -> JobView:
    """Start a climb.

    Raises:
        ConfigError: a setting is unknown or out of range, or the backbone has no pretrained weights.
    """
    project, body = call.project, call.body_as(NewClimb)
    base = training_settings(body.settings, project)
    return job_view(start_search(project, climb_config(base, body.minutes, body.goal)))


def show(call: Call) -> JobView:
    return job_view(search_named(call.path["search"]))


def result(call: Call) -> SearchResult:
    """Read the summary.

    Raises:
        NotFoundError: the search has not ended with a trial yet.
    """
    search = search_named(call.path["search"])
    summary = search.step_result("search", SearchSummary)
    if summary is None:
        raise NotFoundError(N_("“{name}” has no result yet."), name=search.name)
    return SearchResult(search=job_view(search), summary=summary)


def rest(call: Call) -> JobView:
    search = search_named(call.path["search"])
    pause(search)
    return job_view(search)


def end(call: Call) -> JobView:
    search = search_named(call.path["search"])
    stop(search)
    return job_view(search)


def go_on(call: Call) -> JobView:
    search, body = search_named(call.path["search"]), call.body_as(Extension)
    resume(search, extra_minutes=body.minutes, extra_trials=body.trials)
    return job_view(search)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/searches",
        summary="List the searches of a project, newest first.",
        scope=Scope.READ,
        handler=list_all,
        answer=JobList,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/searches",
        summary="Start a search for better settings; its best trial becomes a run.",
        scope=Scope.TRAIN,
        handler=start,
        body=NewSearch,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/climbs",
        summary="Start a climb: the best classifier that these minutes allow becomes a run.",
        scope=Scope.TRAIN,
        handler=climb,
        body=NewClimb,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/searches/{search}",
        summary="Look at a search.",
        scope=Scope.READ,
        handler=show,
        answer=JobView,
    ),
    Endpoint(
        method="GET",
        path="/v1/searches/{search}/result",
        summary="Read the best trial, with its gain over the baseline and the luck in it.",
        scope=Scope.READ,
        handler=result,
        answer=SearchResult,
    ),
    Endpoint(
        method="POST",
        path="/v1/searches/{search}/pause",
        summary="Pause a search.",
        scope=Scope.TRAIN,
        handler=rest,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/searches/{search}/stop",
        summary="Stop a search; its best trial becomes a run.",
        scope=Scope.TRAIN,
        handler=end,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/searches/{search}/resume",
        summary="Resume a search, or extend it.",
        scope=Scope.TRAIN,
        handler=go_on,
        body=Extension,
        answer=JobView,
        status=202,
    ),
)
