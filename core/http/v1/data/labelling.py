"""Labelling of unlabelled pictures: groups of similar ones, with a suggested label each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.data.dataset import open_dataset
from core.doctor.labelling.job import (
    LabelGroup,
    LabelSuggestions,
    labels_suggested,
    open_groups,
    read_labelling_data,
)
from core.errors import NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.views import JobView, job_view
from core.messages import N_
from core.records import Record
from core.runs.start_project_jobs import start_grouping


@dataclass(frozen=True, kw_only=True)
class GroupView(Record):
    """Similar pictures without a label."""

    ids: Annotated[tuple[str, ...], Note(text="Of pictures, the most typical first.")]
    suggested: Annotated[str | None, Note(text="Likeliest label; null: like none of the labelled ones.")]
    probability: float | None


@dataclass(frozen=True, kw_only=True)
class GroupList(Record):
    """Groups that wait for a label, the most coherent first."""

    groups: tuple[GroupView, ...]


def start(call: Call) -> JobView:
    return job_view(start_grouping(call.project))


def groups(call: Call) -> GroupList:
    """Read the groups.

    Raises:
        NotFoundError: the pictures were never grouped.
    """
    project = call.project
    dataset, prepared = open_dataset(project), read_labelling_data(project.dataset)
    if prepared is None:
        raise NotFoundError(N_("The pictures of “{name}” were not grouped yet."), name=project.name)
    suggestions = labels_suggested(prepared, dataset)
    return GroupList(groups=tuple(_view(group, suggestions) for group in open_groups(prepared, dataset)))


def _view(group: LabelGroup, suggestions: LabelSuggestions) -> GroupView:
    if not suggestions.covers(group.ids):
        return GroupView(ids=group.ids, suggested=None, probability=None)
    means = suggestions.probabilities.loc[list(group.ids)].mean()
    return GroupView(ids=group.ids, suggested=str(means.idxmax()), probability=float(means.max()))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/groups",
        summary="Start grouping the pictures without a label.",
        scope=Scope.TRAIN,
        handler=start,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/groups",
        summary="List groups of similar pictures without a label, with a suggestion each.",
        scope=Scope.READ,
        handler=groups,
        answer=GroupList,
    ),
)
