"""Commands for backbones and their weights."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.command import Command
from core.cli.terminal import STOPPED, Answer, FailedError, raise_if_failed, wait_or_stop
from core.data.dataset import open_dataset
from core.errors import NotFoundError
from core.jobs.directory import JobDirectory, list_jobs
from core.messages import N_, Message
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, WeightsSource, get_backbone
from core.models.speeds import measured_speeds
from core.models.supplied_weights import import_weights_file
from core.models.weights.store import supplied_path, weights_ready, weights_state
from core.runs.control import finishing_job, resume, wait_for
from core.runs.start_project_jobs import start_adaptation, start_bakeoff
from core.training.adaptation.config import DEFAULT_EPOCHS, AdaptationConfig, AdaptationSummary
from core.workspace import Project, get_project


def _backbones(options: argparse.Namespace) -> Answer:
    speeds = measured_speeds()
    return {
        "backbones": [
            {
                "key": backbone.key,
                "name": backbone.name,
                "family": backbone.family,
                "input_size": backbone.input_size,
                "parameters": backbone.parameters,
                "download_bytes": backbone.download_bytes,
                "imagenet_top1": backbone.imagenet_top1,
                "pretrained": backbone.weights is not WeightsSource.NONE,
                "ready": weights_ready(backbone),
                "weights": weights_state(backbone).value,
                "weights_file": backbone.weights_file,
                "weights_url": backbone.weights_url,
                "pictures_per_second": speeds.get(backbone.key),
                "licence": backbone.licence,
                "commercial_use": backbone.commercial_use,
                "source": backbone.source,
            }
            for backbone in BACKBONES.values()
        ]
    }


def _weights(options: argparse.Namespace) -> Answer:
    backbone = import_weights_file(options.file)
    path = supplied_path(backbone)
    return {
        "backbone": backbone.key,
        "name": backbone.name,
        "path": str(path),
        "bytes": path.stat().st_size,
    }


def _bakeoff(options: argparse.Namespace) -> Answer:
    keys = [key.strip() for key in options.backbones.split(",") if key.strip()] if options.backbones else None
    job = start_bakeoff(get_project(options.project), keys)
    state = wait_or_stop(job)
    raise_if_failed(job, state)
    result = job.result()
    if result is None:
        raise FailedError("stopped before any backbone was measured", STOPPED)
    return {
        "state": state,
        "sample": result["sample"],
        "bakeoff": [_entry_answer(entry) for entry in result["bakeoff"]],
        "choice": result["choice"],
        "reason": str(Message.from_json(result["reason"])),
        "left_out": [
            {"backbone": one["backbone"], "reason": str(Message.from_json(one["reason"]))}
            for one in result["left_out"]
        ],
    }


def _adapt(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    job = _resumed(project, options.resume) if options.resume else _started(project, options)
    if options.detach:
        return {"adaptation": job.name, "state": job.status().state}
    print(f"adaptation {job.name} works; Ctrl-C stops it and keeps the last epoch", file=sys.stderr)
    state = wait_or_stop(job)
    raise_if_failed(job, state)
    if (finishing := finishing_job(project, job.path)) is not None:
        raise_if_failed(finishing, wait_for(finishing))
    summary = job.step_result("adaptation", AdaptationSummary)
    if summary is None:
        raise FailedError(f"{job.name} {state.value} before its first epoch had ended", STOPPED)
    return {
        "adaptation": job.name,
        "state": state,
        "backbone": (job.result() or {}).get("backbone"),
        **summary.to_json(),
    }


def _resumed(project: Project, name: str) -> JobDirectory:
    job = next((job for job in list_jobs(project.adaptations) if job.name == name), None)
    if job is None:
        raise NotFoundError(
            N_("Project “{project}” has no adaptation called “{name}”."), project=project.name, name=name
        )
    resume(job)
    return job


def _started(project: Project, options: argparse.Namespace) -> JobDirectory:
    version = open_dataset(project).version
    config = AdaptationConfig(
        dataset_version=version,
        backbone=options.backbone or DEFAULT_BACKBONE,
        picture_size=options.picture_size,
        epochs=options.epochs,
        seed=options.seed,
    )
    return start_adaptation(project, config)


def _entry_answer(entry: dict[str, Any]) -> Answer:
    """Format the result of one backbone; accuracies from 0 to 1."""
    names = ("validation_accuracy", "interval", "validation_loss", "milliseconds", "bytes", "seconds")
    named = {"backbone": entry["backbone"], "name": get_backbone(entry["backbone"]).name}
    return named | {name: entry[name] for name in names}


def _add_weights_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["import"])
    parser.add_argument("file", type=Path, metavar="FILE")


def _add_bakeoff_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True)
    parser.add_argument("--backbones", metavar="KEY,KEY", help="only these; KEY+KEY is a committee of two")


def _add_adapt_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True)
    parser.add_argument("--backbone", help="the one to adapt; by default EfficientNet-Lite0")
    parser.add_argument("--epochs", type=int, default=DEFAULT_EPOCHS, metavar="N")
    parser.add_argument("--picture-size", type=int, default=0, metavar="PIXELS")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--resume", metavar="ADAPTATION", help="go on with one that was paused or stopped")
    parser.add_argument("--detach", action="store_true", help="return at once; the job goes on")


COMMANDS = (
    Command(
        name="backbones",
        summary="list the networks to choose from",
        run=_backbones,
        add_arguments=lambda parser: None,
    ),
    Command(
        name="weights",
        summary="install an official weight file, for computers without a network",
        run=_weights,
        add_arguments=_add_weights_arguments,
    ),
    Command(
        name="bakeoff",
        summary="compare the installed backbones on a project's pictures",
        run=_bakeoff,
        add_arguments=_add_bakeoff_arguments,
    ),
    Command(
        name="adapt",
        summary="adapt a backbone to a project's pictures, without their labels",
        run=_adapt,
        add_arguments=_add_adapt_arguments,
    ),
)
