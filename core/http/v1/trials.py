"""Trials of a search: list, download, read their settings, make a run of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from starlette.responses import Response

from core.errors import NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import search_named
from core.http.note import Note
from core.http.v1.views import JobView, RunView, Settings, job_view, run_view
from core.messages import N_
from core.records import Record
from core.runs.start_runs import start_run_of_trial
from core.search.analysis.export import trials_csv
from core.search.config import SearchConfig
from core.search.records import (
    SearchProgress,
    TrialRecord,
    TrialState,
    ranked,
    read_search_progress,
    read_trials,
)


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
class TrialList(Record):
    """Complete trials, best first."""

    search: JobView
    progress: Annotated[SearchProgress, Note(text="Trials at work, and what matters among what varies.")]
    trials: tuple[TrialView, ...]


def list_all(call: Call) -> TrialList:
    search = search_named(call.path["search"])
    goal = SearchConfig.from_json(search.config()).goal
    return TrialList(
        search=job_view(search),
        progress=read_search_progress(search.path),
        trials=tuple(_trial_view(trial) for trial in ranked(read_trials(search.path), goal)),
    )


def as_table(call: Call) -> Response:
    search = search_named(call.path["search"])
    headers = {"Content-Disposition": f'attachment; filename="{search.name}.csv"'}
    return Response(trials_csv(read_trials(search.path)), media_type="text/csv", headers=headers)


def settings(call: Call) -> Settings:
    return Settings(settings=_trial(call).settings)


def promote(call: Call) -> RunView:
    return run_view(start_run_of_trial(search_named(call.path["search"]), _trial(call).number))


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
        path="/v1/searches/{search}/trials",
        summary="List the complete trials of a search, best first.",
        scope=Scope.READ,
        handler=list_all,
        answer=TrialList,
    ),
    Endpoint(
        method="GET",
        path="/v1/searches/{search}/trials.csv",
        summary="Download all trials as a table.",
        scope=Scope.READ,
        handler=as_table,
        media_type="text/csv",
    ),
    Endpoint(
        method="GET",
        path="/v1/searches/{search}/trials/{number}/settings",
        summary="Read all settings of a trial.",
        scope=Scope.READ,
        handler=settings,
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
)
