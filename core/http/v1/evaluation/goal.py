"""The metric that matters in a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.data.dataset import open_dataset
from core.data.labels.task import Task
from core.errors import ConfigError
from core.evaluation.leading import choose_metric, leading_metric
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.messages import N_
from core.records import Record
from core.training.leading_metric import MOST_CLASSES_WITH_MATRIX, LeadingKind, LeadingMetric


@dataclass(frozen=True, kw_only=True)
class GoalChoice(Record):
    """Metric to use, for the classes of the newest version."""

    kind: LeadingKind
    class_name: Annotated[str, Note(text="Of recall, precision and f1.")] = ""
    costs: Annotated[
        tuple[tuple[float, ...], ...],
        Note(text="Of cost, with one class a picture: a row for each true class, a column for each answer."),
    ] = ()
    miss_costs: Annotated[
        tuple[float, ...], Note(text="Of cost, without “costs”: of missing each class.")
    ] = ()


def show(call: Call) -> LeadingMetric:
    project = call.project
    return leading_metric(project, open_dataset(project).class_names).metric


def choose(call: Call) -> LeadingMetric:
    """Use a metric.

    Raises:
        ConfigError: it does not suit the project's classes or labels.
    """
    project, choice = call.project, call.body_as(GoalChoice)
    dataset = open_dataset(project)
    _require_suitable(choice, dataset.task, len(dataset.class_names))
    has_classes = choice.kind.needs_class or choice.kind is LeadingKind.COST
    metric = LeadingMetric(
        kind=choice.kind,
        class_names=tuple(dataset.class_names) if has_classes else (),
        class_name=choice.class_name if choice.kind.needs_class else "",
        costs=choice.costs if choice.kind is LeadingKind.COST else (),
        miss_costs=choice.miss_costs if choice.kind is LeadingKind.COST else (),
    )
    choose_metric(project, metric)
    return metric


def _require_suitable(choice: GoalChoice, task: Task, classes: int) -> None:
    if choice.kind is LeadingKind.BALANCED_ACCURACY and task is Task.MULTI_LABEL:
        raise ConfigError(
            N_("With several labels a picture there is no balanced accuracy. Choose “macro_f1”.")
        )
    if choice.costs and (task is Task.MULTI_LABEL or classes > MOST_CLASSES_WITH_MATRIX):
        raise ConfigError(
            N_("A matrix of costs needs one class a picture and at most {limit} classes. Give “miss_costs”."),
            limit=MOST_CLASSES_WITH_MATRIX,
        )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/goal",
        summary="Read the metric that matters in a project.",
        scope=Scope.READ,
        handler=show,
        answer=LeadingMetric,
    ),
    Endpoint(
        method="PUT",
        path="/v1/projects/{project}/goal",
        summary="Choose the metric that matters: for evaluation, comparison, training and search.",
        scope=Scope.TRAIN,
        handler=choose,
        body=GoalChoice,
        answer=LeadingMetric,
    ),
)
