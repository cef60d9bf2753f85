"""Searches: start, look at, pause, stop and resume; trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from starlette.responses import Response

from core.errors import NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import search_named
from core.http.openapi.note import Note
from core.http.v1.views import (
    FILLED_IN,
    JobList,
    JobView,
    RunView,
    Settings,
    job_view,
    run_view,
    training_settings,
)
from core.jobs.directory import JobDirectory
from core.messages import N_
from core.records import Record
from core.runs.control import pause, resume, stop
from core.runs.start_runs import start_run_of_trial, start_search
from core.search.analysis.export import trials_csv
from core.search.config import (
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
from core.search.records import SearchSummary, TrialRecord, TrialState, ranked, read_trials
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
    workers: Annotated[int, Note(minimum=1, maximum=MAX_WORKERS)] = 1
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
class Extension(Record):
    """Limit of a search that goes on."""

    minutes: Annotated[float | None, Note(text="More minutes.", minimum=0, maximum=MAX_MINUTES)] = None
    trials: Annotated[int | None, Note(text="More trials.", minimum=0, maximum=MAX_TRIALS)] = None


@dataclass(frozen=True, kw_only=True)
class TrialView(Record):
    """One ended trial."""

    number: int
    state: TrialState
    value: Annotated[float | None, Note(text="Of the search's goal, on validation pictures.")]
    seconds: float
    params: Annotated[Mapping[str, str | float | int | bool], Note(text="Values of what varies.")]
    has_weights: Annotated[bool, Note(text="It can become a run without being trained again.")]


@dataclass(frozen=True, kw_only=True)
class SearchResult(Record):
    """Summary of a search: its best trial, gain and selection bias."""

    search: JobView
    summary: SearchSummary


@dataclass(frozen=True, kw_only=True)
class TrialList(Record):
    """Complete trials, best first."""

    search: JobView
    trials: tuple[TrialView, ...]


def list_all(call: Call) -> JobList:
    jobs = [JobDirectory(path) for path in list_searches(call.project)]
    return JobList(jobs=tuple(job_view(job) for job in jobs if job.is_readable()))


def start(call: Call) -> JobView:
    project, body = call.project, call.body_as(NewSearch)
    values = body.to_json()
    base = training_settings(values.pop("settings"), project)
    return job_view(start_search(project, SearchConfig.from_json({**values, "base": base.to_json()})))


def show(call: Call) -> JobView:
    return job_view(search_named(call.path["search"]))


def trials(call: Call) -> TrialList:
    search = search_named(call.path["search"])
    goal = SearchConfig.from_json(search.config()).goal
    return TrialList(
        search=job_view(search),
        trials=tuple(_trial_view(trial) for trial in ranked(read_trials(search.path), goal)),
    )


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


def trial_table(call: Call) -> Response:
    search = search_named(call.path["search"])
    headers = {"Content-Disposition": f'attachment; filename="{search.name}.csv"'}
    return Response(trials_csv(read_trials(search.path)), media_type="text/csv", headers=headers)


def trial_settings(call: Call) -> Settings:
    return Settings(settings=_trial(call).settings)


def promote(call: Call) -> RunView:
    return run_view(start_run_of_trial(search_named(call.path["search"]), _trial(call).number))


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


def _trial(call: Call) -> TrialRecord:
    """Find the trial that the path names."""
    number, search = call.path["number"], search_named(call.path["search"])
    found = [trial for trial in read_trials(search.path) if str(trial.number) == number]
    if not found:
        raise NotFoundError(N_("There is no trial “{number}”."), number=number[:80])
    return found[0]


def _trial_view(trial: TrialRecord) -> TrialView:
    return TrialView(
        number=trial.number,
        state=trial.state,
        value=trial.value,
        seconds=trial.seconds,
        params=trial.params,
        has_weights=trial.has_weights,
    )


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
        method="GET",
        path="/v1/searches/{search}",
        summary="Look at a search.",
        scope=Scope.READ,
        handler=show,
        answer=JobView,
    ),
    Endpoint(
        method="GET",
        path="/v1/searches/{search}/trials",
        summary="List the complete trials of a search, best first.",
        scope=Scope.READ,
        handler=trials,
        answer=TrialList,
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
        method="GET",
        path="/v1/searches/{search}/trials.csv",
        summary="Download all trials as a table.",
        scope=Scope.READ,
        handler=trial_table,
        media_type="text/csv",
    ),
    Endpoint(
        method="GET",
        path="/v1/searches/{search}/trials/{number}/settings",
        summary="Read all settings of a trial.",
        scope=Scope.READ,
        handler=trial_settings,
        answer=Settings,
    ),
    Endpoint(
        method="POST",
        path="/v1/searches/{search}/trials/{number}/run",
        summary="Make a run of a trial.",
        scope=Scope.TRAIN,
        handler=promote,
        answer=RunView,
        status=202,
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
