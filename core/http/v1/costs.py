"""Costs of a training run before it starts: estimated, or measured by a few steps."""

from __future__ import annotations

from core.data.dataset import open_dataset
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.v1.runs import NewRun
from core.http.v1.views import JobView, job_view, training_settings
from core.runs.start_project_jobs import start_profiling
from core.training.cost.estimate import Estimate, estimate


def guess(call: Call) -> Estimate:
    project, body = call.project, call.body_as(NewRun)
    settings = training_settings(body.settings, project)
    return estimate(open_dataset(project), settings)


def measure(call: Call) -> JobView:
    project, body = call.project, call.body_as(NewRun)
    return job_view(start_profiling(project, training_settings(body.settings, project)))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/runs/cost",
        summary="Estimate time, memory and disk space of a training run, without starting it.",
        scope=Scope.READ,
        handler=guess,
        body=NewRun,
        answer=Estimate,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/runs/timing",
        summary="Start timing a few training steps, so that the estimate is measured.",
        scope=Scope.TRAIN,
        handler=measure,
        body=NewRun,
        answer=JobView,
        status=202,
    ),
)
