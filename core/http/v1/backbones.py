"""Backbones: list, download, measure, and compare on a project's pictures (bake-off)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from core.data.dataset import open_dataset
from core.errors import NotFoundError, UploadError, WeightsError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.data.imports import UploadSource, uploaded
from core.http.v1.views import JobView, job_view
from core.messages import N_
from core.models.backbones import (
    BACKBONES,
    DEFAULT_BACKBONE,
    Backbone,
    WeightsSource,
    backbones_of,
    find_backbone,
)
from core.models.speeds import measured_speeds, speed_key
from core.models.supplied_weights import import_weights_file
from core.models.weights.store import weights_ready
from core.records import Record
from core.runs.start_computer_jobs import start_download, start_measurement
from core.runs.start_project_jobs import start_adaptation, start_bakeoff
from core.training.adaptation.config import DEFAULT_EPOCHS, AdaptationConfig
from core.training.bakeoff.results import Entry, Sample, read_bake_off, sensible_choice
from core.uploads.store import remove_upload_at

_MAX_BACKBONES = 1000


@dataclass(frozen=True, kw_only=True)
class BackboneView(Record):
    """A network to choose from."""

    key: str
    name: str
    input_size: Annotated[int, Note(text="Pixels a side.")]
    parameters: int
    imagenet_top1: float | None
    is_ready: Annotated[bool, Note(text="Its weights are on this computer.")]
    licence: Annotated[str, Note(text="Of the pretrained weights.")]
    commercial_use: Annotated[
        bool, Note(text="False: the licence forbids it, also of what is trained from the weights.")
    ]
    pictures_per_second: Annotated[float | None, Note(text="Measured on this computer; null before.")]


@dataclass(frozen=True, kw_only=True)
class BackboneList(Record):
    """All backbones."""

    backbones: tuple[BackboneView, ...]


@dataclass(frozen=True, kw_only=True)
class BackboneChoice(Record):
    """Backbones by their keys."""

    backbones: Annotated[
        tuple[str, ...],
        Note(
            text="Empty: all whose weights are on this computer. Keys joined by + are a committee.",
            most=_MAX_BACKBONES,
        ),
    ] = ()


@dataclass(frozen=True, kw_only=True)
class WeightsFile(Record):
    """An uploaded weights file, as its makers publish it; any file name."""

    upload: UploadSource


@dataclass(frozen=True, kw_only=True)
class AdaptationRequest(Record):
    """Settings of an adaptation: a backbone trained further on pictures without their labels."""

    backbone: str = DEFAULT_BACKBONE
    epochs: int = DEFAULT_EPOCHS
    picture_size: Annotated[int, Note(text="Pixels a side; 0: the backbone's own.")] = 0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class BakeOffView(Record):
    """Backbones compared on the same pictures; test pictures are not used."""

    sample: Sample
    entries: tuple[Entry, ...]
    choice: Annotated[str | None, Note(text="Key of the sensible backbone.")]
    reason: str | None


def list_all(call: Call) -> BackboneList:
    speeds = measured_speeds()
    return BackboneList(backbones=tuple(_view(backbone, speeds) for backbone in BACKBONES.values()))


def download(call: Call) -> JobView:
    """Start a download.

    Raises:
        NotFoundError: there is no such backbone.
        WeightsError: it has no pretrained weights.
    """
    backbone = find_backbone(call.path["backbone"])
    if backbone is None:
        raise NotFoundError(N_("There is no backbone called “{key}”."), key=call.path["backbone"][:80])
    if backbone.weights is WeightsSource.NONE:
        raise WeightsError(N_("{name} has no pretrained weights to download."), name=backbone.name)
    return job_view(start_download(backbone.key))


def bring_weights(call: Call) -> BackboneView:
    """Take in an uploaded weights file. One without a published checksum is proven by the first job that needs it.

    Raises:
        WeightsError: the file is unknown, incomplete or damaged; the upload stays.
        UploadError: there is not exactly one file.
    """
    path = uploaded(call.body_as(WeightsFile).upload)
    if path.is_dir():
        raise UploadError(N_("Send one weights file at a time."))
    backbone = import_weights_file(path, prove=False)
    remove_upload_at(path)
    return _view(backbone, measured_speeds())


def measure(call: Call) -> JobView:
    return job_view(start_measurement(call.body_as(BackboneChoice).backbones))


def compare(call: Call) -> JobView:
    return job_view(start_bakeoff(call.project, call.body_as(BackboneChoice).backbones or None))


def adapt(call: Call) -> JobView:
    """Start an adaptation; its job's result names the backbone that it made.

    Raises:
        ConfigError: the backbone cannot be adapted, or a number is out of range.
        TooFewImagesError: too few pictures can take part.
    """
    wanted = call.body_as(AdaptationRequest)
    config = AdaptationConfig(
        dataset_version=open_dataset(call.project).version,
        backbone=wanted.backbone,
        epochs=wanted.epochs,
        picture_size=wanted.picture_size,
        seed=wanted.seed,
    )
    return job_view(start_adaptation(call.project, config))


def adapted(call: Call) -> BackboneList:
    """List the backbones that were adapted to a project's pictures."""
    speeds = measured_speeds()
    return BackboneList(backbones=tuple(_view(backbone, speeds) for backbone in backbones_of(call.project)))


def comparison(call: Call) -> BakeOffView:
    """Read the newest bake-off.

    Raises:
        NotFoundError: there is none.
    """
    project = call.project
    found = read_bake_off(project)
    if found is None:
        raise NotFoundError(
            N_("The backbones were not compared on the pictures of “{name}” yet."), name=project.name
        )
    choice = sensible_choice(found.entries)
    return BakeOffView(
        sample=found.sample,
        entries=found.entries,
        choice=choice.backbone if choice else None,
        reason=str(choice.reason) if choice else None,
    )


def _view(backbone: Backbone, speeds: Mapping[str, float]) -> BackboneView:
    return BackboneView(
        key=backbone.key,
        name=backbone.name,
        input_size=backbone.input_size,
        parameters=backbone.parameters,
        imagenet_top1=backbone.imagenet_top1,
        is_ready=weights_ready(backbone),
        licence=backbone.licence,
        commercial_use=backbone.commercial_use,
        pictures_per_second=speeds.get(speed_key(backbone)),
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/backbones",
        summary="List the networks to choose from.",
        scope=Scope.READ,
        handler=list_all,
        answer=BackboneList,
    ),
    Endpoint(
        method="POST",
        path="/v1/backbones/measurements",
        summary="Start measuring how fast backbones are on this computer.",
        scope=Scope.TRAIN,
        handler=measure,
        body=BackboneChoice,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/backbones/weights",
        summary="Take in an official weights file, for computers without a network.",
        scope=Scope.TRAIN,
        handler=bring_weights,
        body=WeightsFile,
        answer=BackboneView,
        status=201,
    ),
    Endpoint(
        method="POST",
        path="/v1/backbones/{backbone}/download",
        summary="Start downloading the weights of a backbone.",
        scope=Scope.TRAIN,
        handler=download,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/bake-off",
        summary="Start comparing backbones on a project's pictures.",
        scope=Scope.TRAIN,
        handler=compare,
        body=BackboneChoice,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/bake-off",
        summary="Read how the backbones compare, and which one is sensible.",
        scope=Scope.READ,
        handler=comparison,
        answer=BakeOffView,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/adaptations",
        summary="Start adapting a backbone to a project's pictures, without their labels.",
        scope=Scope.TRAIN,
        handler=adapt,
        body=AdaptationRequest,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/backbones",
        summary="List the backbones that were adapted to a project's pictures.",
        scope=Scope.READ,
        handler=adapted,
        answer=BackboneList,
    ),
)
