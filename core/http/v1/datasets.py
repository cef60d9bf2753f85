"""Datasets: versions, pictures, edits, the check, and downloads of the cleaned pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from core.data.dataset import open_dataset
from core.data.editing.classes import add_class, merge_classes, remove_class, rename_class
from core.data.editing.labels import exclude, include, relabel
from core.data.editing.splits import redraw_split
from core.data.editing.versions import erase, restore_version
from core.data.export import DEFAULT_FORMAT
from core.data.exports.table import DATASET_FORMATS
from core.data.history import compare_versions, list_versions
from core.data.labels.layout import Split
from core.data.split.splitting import SplitConfig
from core.doctor.report import read_report
from core.errors import ConfigError, NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.openapi.note import Note
from core.http.v1.projects import ProjectView, project_view
from core.http.v1.views import JobView, job_view
from core.messages import N_
from core.records import Record
from core.runs.start_project_jobs import start_dataset_export, start_examination
from core.workspace import Project, get_project

MAX_IDS = 100_000
MAX_LIMIT = 10_000


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


@dataclass(frozen=True, kw_only=True)
class PictureFilter(Record):
    """Choice of pictures."""

    label: Annotated[str | None, Note(text="Only those with this label; empty: without one.")] = None
    split: Annotated[Split | None, Note(text="Only those in this part.")] = None
    excluded: Annotated[bool | None, Note(text="Only those that are excluded, or are not.")] = None
    offset: Annotated[int, Note(minimum=0, maximum=100_000_000)] = 0
    limit: Annotated[int, Note(minimum=1, maximum=MAX_LIMIT)] = 100


@dataclass(frozen=True, kw_only=True)
class PictureView(Record):
    """A picture of a dataset."""

    id: str
    name: Annotated[str, Note(text="Of its file in the source.")]
    label: Annotated[str, Note(text="Empty: not labelled yet.")]
    split: str
    excluded: bool
    sha256: Annotated[str, Note(text="Of its content.")]


@dataclass(frozen=True, kw_only=True)
class PictureList(Record):
    """Part of the pictures of the newest version."""

    version: int
    total: Annotated[int, Note(text="Pictures that the choice fits.")]
    pictures: tuple[PictureView, ...]


@dataclass(frozen=True, kw_only=True)
class LabelEdit(Record):
    """Set the label of pictures."""

    ids: Annotated[tuple[str, ...], Note(most=MAX_IDS)]
    label: Annotated[str, Note(text="A new class is made; empty removes the label.")]


@dataclass(frozen=True, kw_only=True)
class Exclusion(Record):
    """Exclude pictures, or take them back."""

    ids: Annotated[tuple[str, ...], Note(most=MAX_IDS)]
    excluded: bool = True


@dataclass(frozen=True, kw_only=True)
class Erasure(Record):
    """Delete pictures from every version and from the disk."""

    ids: Annotated[tuple[str, ...], Note(most=MAX_IDS)]


@dataclass(frozen=True, kw_only=True)
class ClassName(Record):
    """Name of a class."""

    name: str


@dataclass(frozen=True, kw_only=True)
class ClassRenaming(Record):
    """New name of a class. The name of another class merges both."""

    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class ClassMerging(Record):
    """Classes that become one."""

    names: Annotated[tuple[str, ...], Note(most=10_000)]
    into: str


@dataclass(frozen=True, kw_only=True)
class DatasetExport(Record):
    """Format of a zip with the cleaned pictures."""

    format: Annotated[str, Note(schema={"type": "string", "enum": list(DATASET_FORMATS)})] = DEFAULT_FORMAT

    def __post_init__(self) -> None:
        if self.format not in DATASET_FORMATS:
            raise ConfigError(
                N_("There is no {setting} called “{name}”. Choose from: {known}."),
                setting="format",
                name=self.format[:80],
                known=", ".join(DATASET_FORMATS),
            )


@dataclass(frozen=True, kw_only=True)
class FindingView(Record):
    """One fault that the check found."""

    kind: str
    headline: str
    explanation: str
    suspects: Annotated[tuple[str, ...], Note(text="Ids of pictures.")]


@dataclass(frozen=True, kw_only=True)
class CheckReport(Record):
    """Findings of the newest check."""

    version: int
    pictures: int
    findings: tuple[FindingView, ...]


def versions(call: Call) -> VersionList:
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
            for info in list_versions(_project(call))
        )
    )


def difference(call: Call) -> VersionDifference:
    pair = call.query_as(VersionPair)
    found = compare_versions(_project(call), pair.older, pair.newer)
    return VersionDifference(
        added=tuple(found.added),
        removed=tuple(found.removed),
        excluded=tuple(found.excluded),
        included=tuple(found.included),
        relabelled=found.relabelled,
        moved=found.moved,
    )


def restore(call: Call) -> ProjectView:
    number = call.path["version"]
    if not number.isdecimal() or len(number) > 6:
        raise NotFoundError(N_("There is no version “{number}”."), number=number[:80])
    restore_version(_project(call), int(number))
    return project_view(_project(call))


def pictures(call: Call) -> PictureList:
    wanted, dataset = call.query_as(PictureFilter), open_dataset(_project(call))
    table = dataset.all_pictures
    if wanted.label is not None:
        table = table[table["label"] == wanted.label]
    if wanted.split is not None:
        table = table[table["split"] == wanted.split.value]
    if wanted.excluded is not None:
        table = table[table["excluded"] == wanted.excluded]
    shown = table.iloc[wanted.offset : wanted.offset + wanted.limit]
    columns = ("id", "name", "label", "split", "excluded", "sha256")
    return PictureList(
        version=dataset.version,
        total=len(table),
        pictures=tuple(
            PictureView(id=key, name=name, label=label, split=split, excluded=bool(excluded), sha256=sha256)
            for key, name, label, split, excluded, sha256 in shown[list(columns)].itertuples(index=False)
        ),
    )


def label(call: Call) -> ProjectView:
    body = call.body_as(LabelEdit)
    relabel(_project(call), body.ids, body.label)
    return project_view(_project(call))


def set_excluded(call: Call) -> ProjectView:
    body = call.body_as(Exclusion)
    (exclude if body.excluded else include)(_project(call), body.ids)
    return project_view(_project(call))


def delete_pictures(call: Call) -> ProjectView:
    erase(_project(call), call.body_as(Erasure).ids)
    return project_view(_project(call))


def new_class(call: Call) -> ProjectView:
    add_class(_project(call), call.body_as(ClassName).name)
    return project_view(_project(call))


def drop_class(call: Call) -> ProjectView:
    remove_class(_project(call), call.body_as(ClassName).name)
    return project_view(_project(call))


def rename(call: Call) -> ProjectView:
    body = call.body_as(ClassRenaming)
    rename_class(_project(call), body.old, body.new)
    return project_view(_project(call))


def merge(call: Call) -> ProjectView:
    body = call.body_as(ClassMerging)
    merge_classes(_project(call), body.names, body.into)
    return project_view(_project(call))


def split(call: Call) -> ProjectView:
    redraw_split(_project(call), call.body_as(SplitConfig))
    return project_view(_project(call))


def check(call: Call) -> JobView:
    return job_view(start_examination(_project(call)))


def findings(call: Call) -> CheckReport:
    """Read the findings.

    Raises:
        NotFoundError: the pictures were never checked.
    """
    report = read_report(_project(call))
    if report is None:
        raise NotFoundError(N_("The pictures of “{name}” were not checked yet."), name=call.path["project"])
    return CheckReport(
        version=report.version,
        pictures=report.pictures,
        findings=tuple(
            FindingView(
                kind=finding.kind,
                headline=str(finding.headline),
                explanation=str(finding.explanation),
                suspects=tuple(suspect.id for suspect in finding.suspects),
            )
            for finding in report.findings
        ),
    )


def export(call: Call) -> JobView:
    return job_view(start_dataset_export(_project(call), call.body_as(DatasetExport).format))


def _project(call: Call) -> Project:
    return get_project(call.path["project"])


def _edit(
    path: str, summary: str, handler: Callable[[Call], ProjectView], body: type[Record] | None
) -> Endpoint:
    """Row of an edit, which writes a new version."""
    return Endpoint(
        method="POST",
        path=f"/v1/projects/{{project}}/{path}",
        summary=summary,
        scope=Scope.TRAIN,
        handler=handler,
        body=body,
        answer=ProjectView,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/versions",
        summary="List the versions of a dataset, newest first.",
        scope=Scope.READ,
        handler=versions,
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
    _edit("versions/{version}/restore", "Make an earlier version the newest again.", restore, None),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/pictures",
        summary="List pictures of the newest version.",
        scope=Scope.READ,
        handler=pictures,
        query=PictureFilter,
        answer=PictureList,
    ),
    _edit("labels", "Set the label of pictures.", label, LabelEdit),
    _edit("exclusions", "Exclude pictures from training, or take them back.", set_excluded, Exclusion),
    _edit("erasures", "Delete pictures for good. This cannot be undone.", delete_pictures, Erasure),
    _edit("classes", "Add a class without pictures.", new_class, ClassName),
    _edit("classes/remove", "Remove a class; its pictures lose their label.", drop_class, ClassName),
    _edit("classes/rename", "Rename a class.", rename, ClassRenaming),
    _edit("classes/merge", "Merge classes.", merge, ClassMerging),
    _edit(
        "split",
        "Draw the split anew. Earlier results are not comparable with later ones.",
        split,
        SplitConfig,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/check",
        summary="Start the check of the pictures: copies, wrong labels, bad pictures.",
        scope=Scope.TRAIN,
        handler=check,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/check",
        summary="Read what the newest check found.",
        scope=Scope.READ,
        handler=findings,
        answer=CheckReport,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/exports",
        summary="Start packing the cleaned pictures as a zip, for /api/projects/{project}/dataset/{version}/{format}.",
        scope=Scope.TRAIN,
        handler=export,
        body=DatasetExport,
        answer=JobView,
        status=202,
    ),
)
