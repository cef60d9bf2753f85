"""Datasets: pictures, their labels, exclusion, erasure, and downloads of the cleaned pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from starlette.responses import Response

from core.data.dataset import open_dataset
from core.data.editing.labels import add_label, exclude, include, relabel, relabel_each, take_label
from core.data.editing.versions import erase
from core.data.exports.export import DEFAULT_FORMAT
from core.data.exports.table import DATASET_FORMATS
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.pixels.viewing import view_picture
from core.errors import ConfigError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import checked_digest
from core.http.note import Note
from core.http.v1.projects import ProjectView, edit_endpoint, project_view
from core.http.v1.views import JobView, job_view
from core.messages import N_
from core.records import Record
from core.runs.start_project_jobs import start_dataset_export

MAX_IDS = 100_000
MAX_LIMIT = 10_000


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
class LabelsEdit(Record):
    """Set a label for each of several pictures, such as those that the check suggests."""

    labels: Annotated[Mapping[str, str], Note(text="Label by id of the picture.")]


@dataclass(frozen=True, kw_only=True)
class LabelChange(Record):
    """A class to add to the labels of pictures, or to take from them."""

    ids: Annotated[tuple[str, ...], Note(most=MAX_IDS)]
    name: str
    added: Annotated[bool, Note(text="false: taken away.")] = True


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


def pictures(call: Call) -> PictureList:
    wanted, dataset = call.query_as(PictureFilter), open_dataset(call.project)
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


def picture(call: Call) -> Response:
    """Send the large view of a picture, without metadata.

    Raises:
        NotFoundError: the project has no such picture.
    """
    content, media_type = view_picture(call.project, checked_digest(call.path["sha256"]))
    return Response(content, media_type=media_type, headers={"X-Content-Type-Options": "nosniff"})


def label(call: Call) -> ProjectView:
    body = call.body_as(LabelEdit)
    relabel(call.project, body.ids, body.label)
    return project_view(call.project)


def label_each(call: Call) -> ProjectView:
    relabel_each(call.project, dict(call.body_as(LabelsEdit).labels))
    return project_view(call.project)


def change_labels(call: Call) -> ProjectView:
    """Add a class to pictures of several labels, or take it away.

    Raises:
        ConfigError: a picture has one class here.
    """
    body = call.body_as(LabelChange)
    if open_dataset(call.project).task is not Task.MULTI_LABEL:
        raise ConfigError(
            N_("Pictures of “{name}” have one class each. Set their label instead."), name=call.project.name
        )
    (add_label if body.added else take_label)(call.project, body.ids, body.name)
    return project_view(call.project)


def set_excluded(call: Call) -> ProjectView:
    body = call.body_as(Exclusion)
    (exclude if body.excluded else include)(call.project, body.ids)
    return project_view(call.project)


def delete_pictures(call: Call) -> ProjectView:
    erase(call.project, call.body_as(Erasure).ids)
    return project_view(call.project)


def export(call: Call) -> JobView:
    return job_view(start_dataset_export(call.project, call.body_as(DatasetExport).format))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/pictures",
        summary="List pictures of the newest version.",
        scope=Scope.READ,
        handler=pictures,
        query=PictureFilter,
        answer=PictureList,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/pictures/{sha256}",
        summary="Read a picture in its large view, as JPEG or PNG.",
        scope=Scope.READ,
        handler=picture,
        media_type="image/*",
    ),
    edit_endpoint("labels", "Set the label of pictures.", label, LabelEdit),
    edit_endpoint("labels/each", "Set a label for each picture, in one version.", label_each, LabelsEdit),
    edit_endpoint(
        "labels/change",
        "Add a class to pictures that have several labels, or take it away.",
        change_labels,
        LabelChange,
    ),
    edit_endpoint(
        "exclusions", "Exclude pictures from training, or take them back.", set_excluded, Exclusion
    ),
    edit_endpoint("erasures", "Delete pictures for good. This cannot be undone.", delete_pictures, Erasure),
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
