"""Versions of a dataset, and its split: history, differences, restoring, drawing anew, leaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from core.data.dataset import open_dataset
from core.data.editing.leak_report import LeakReport, leak_report
from core.data.editing.splits import mend_leaks, redraw_split
from core.data.history import compare_versions, list_versions
from core.data.split.splitting import SplitConfig
from core.errors import NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.projects import ProjectView, edit_endpoint, project_view
from core.messages import N_
from core.records import Record
from core.runs.start_project_jobs import restore_and_redraw


@dataclass(frozen=True, kw_only=True)
class VersionView(Record):
    """One version in the history."""

    number: int
    created: Annotated[float | None, Note(text="Seconds since the epoch.")]
    who: str
    what: Annotated[str, Note(text="The change that made it.")]
    pictures: int
    classes: int


@dataclass(frozen=True, kw_only=True)
class VersionList(Record):
    """Versions, newest first."""

    versions: tuple[VersionView, ...]


@dataclass(frozen=True, kw_only=True)
class VersionPair(Record):
    """Two versions to compare."""

    older: Annotated[int, Note(minimum=1, maximum=1_000_000)]
    newer: Annotated[int, Note(minimum=1, maximum=1_000_000)]


@dataclass(frozen=True, kw_only=True)
class VersionDifference(Record):
    """Difference between two versions, by picture id."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    excluded: tuple[str, ...]
    included: tuple[str, ...]
    relabelled: Annotated[Mapping[str, tuple[str, str]], Note(text="Old and new label.")]
    moved: Annotated[Mapping[str, tuple[str, str]], Note(text="Old and new part of the split.")]
    pixel_range: Annotated[
        tuple[tuple[float, float], tuple[float, float]] | None,
        Note(text="Old and new range of pictures with more than 8 bits; null: it is the same."),
    ] = None


def list_all(call: Call) -> VersionList:
    return VersionList(
        versions=tuple(
            VersionView(
                number=info.number,
                created=info.created,
                who=info.who,
                what=str(info.edit),
                pictures=info.pictures,
                classes=info.classes,
            )
            for info in list_versions(call.project)
        )
    )


def difference(call: Call) -> VersionDifference:
    pair = call.query_as(VersionPair)
    found = compare_versions(call.project, pair.older, pair.newer)
    return VersionDifference(
        added=tuple(found.added),
        removed=tuple(found.removed),
        excluded=tuple(found.excluded),
        included=tuple(found.included),
        relabelled=found.relabelled,
        moved=found.moved,
        pixel_range=found.pixel_range,
    )


def restore(call: Call) -> ProjectView:
    number = call.path["version"]
    if not number.isdecimal() or len(number) > 6:
        raise NotFoundError(N_("There is no version “{number}”."), number=number[:80])
    restore_and_redraw(call.project, int(number))
    return project_view(call.project)


def split(call: Call) -> ProjectView:
    redraw_split(call.project, call.body_as(SplitConfig))
    return project_view(call.project)


def leaks(call: Call) -> LeakReport:
    return leak_report(open_dataset(call.project))


def exclude_leaks(call: Call) -> ProjectView:
    mend_leaks(call.project)
    return project_view(call.project)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/versions",
        summary="List the versions of a dataset, newest first.",
        scope=Scope.READ,
        handler=list_all,
        answer=VersionList,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/versions/difference",
        summary="Compare two versions, picture by picture.",
        scope=Scope.READ,
        handler=difference,
        query=VersionPair,
        answer=VersionDifference,
    ),
    edit_endpoint("versions/{version}/restore", "Make an earlier version the newest again.", restore, None),
    edit_endpoint(
        "split",
        "Draw the split anew. Earlier results are not comparable with later ones.",
        split,
        SplitConfig,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/split/leaks",
        summary="List pictures that train while others of their group measure.",
        scope=Scope.READ,
        handler=leaks,
        answer=LeakReport,
    ),
    edit_endpoint(
        "split/leaks/exclude",
        "Exclude training pictures whose group is also in validation or test.",
        exclude_leaks,
        None,
    ),
)
