"""Commands for runs: train, stop, pause, resume, rename, delete."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.cli.command import Command
from core.cli.terminal import (
    STOPPED,
    Answer,
    FailedError,
    end_line,
    raise_if_failed,
    show_progress,
    wait_or_stop,
)
from core.data.dataset import open_dataset
from core.errors import ConfigError
from core.files import read_json
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.backbones import DEFAULT_BACKBONE
from core.records import JsonObject
from core.runs.compare import delete_run, describe_run
from core.runs.completing import usual_settings
from core.runs.control import finishing_job, pause, resume, stop, wait_for
from core.runs.start_runs import start_training
from core.training.config import (
    MAX_EPOCHS,
    Imbalance,
    Loss,
    Monitor,
    Optimizer,
    Recipe,
    Schedule,
    TrainingConfig,
)
from core.workspace import (
    Project,
    find_run,
    get_project,
)

# Dotted names of the settings that options of ``train`` set.
_SETTINGS = {
    "views": "augmented_views",
    "hidden_units": "head.hidden_units",
    "epochs": "epochs",
    "batch_size": "batch_size",
    "learning_rate": "optimizer.learning_rate",
    "optimizer": "optimizer.kind",
    "schedule": "optimizer.schedule",
    "loss": "loss.kind",
    "label_smoothing": "loss.label_smoothing",
    "imbalance": "imbalance",
    "picture_size": "picture_size",
    "monitor": "monitor",
    "patience": "patience",
    "unfreeze": "unfreeze",
    "seed": "seed",
}
# A record uses 0 for the recipe's own value; the command line does not accept it.
_MIN_VALUES = {"epochs": 1, "patience": 1}


def _train(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    job = start_training(project, training_config(options, open_dataset(project).version))
    if options.name:
        describe_run(job, name=options.name)
    if options.detach:
        return started(job)
    print(f"run {job.name} started; Ctrl-C stops it and keeps the best", file=sys.stderr)
    return ended(project, job, wait_or_stop(job))


def training_config(options: argparse.Namespace, version: int) -> TrainingConfig:
    """Make the settings from the options of ``train``.

    Raises:
        ConfigError: a setting is unknown or out of range.
    """
    record = _settings_in(options.settings) if options.settings else {}
    if options.backbone:
        record["backbone"] = options.backbone
    if options.recipe:
        record["recipe"] = options.recipe
    if options.augment is not None:
        record["augmentation"] = AugmentationConfig.parse(options.augment).to_json()
    record.setdefault("backbone", DEFAULT_BACKBONE)
    given = {_SETTINGS[option]: getattr(options, option) for option in _SETTINGS}
    given = {name: value for name, value in given.items() if value is not None}
    for name, value in (given | dict(options.set)).items():
        _put(record, name, value)
    for name, least in _MIN_VALUES.items():
        if record.get(name) == 0:
            raise ConfigError(
                N_("{name} is {value}; it must lie between {low} and {high}."),
                name=name,
                value=0,
                low=least,
                high=MAX_EPOCHS,
            )
    return usual_settings(record, version)


def _settings_in(file: Path) -> JsonObject:
    """Read a settings file of a search: ``{"schema_version": …, "settings": {…}}``.

    Raises:
        ConfigError: the file is not a settings file.
    """
    try:
        content = read_json(file)
        settings = dict(content["settings"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            N_("{file} is no settings file ({error}). Take one from a search: its page offers it."),
            file=str(file),
            error=f"{type(error).__name__}: {error}",
        ) from error
    TrainingConfig.from_json({**settings, "dataset_version": 1})
    # Options replace settings by today's names.
    return TrainingConfig.upgrade(settings)


def _put(record: JsonObject, name: str, value: Any) -> None:
    """Set a value by its dotted name, such as ``head.l2``."""
    *parents, last = name.split(".")
    for parent in parents:
        record = record.setdefault(parent, {})
        if not isinstance(record, dict):
            raise ConfigError(N_("Unknown training setting: {names}."), names=name)
    record[last] = value


def started(job: JobDirectory) -> Answer:
    """Report a run that goes on in the background."""
    return {"run": job.name, "state": job.status().state, "pid": job.process_id()}


def ended(project: Project, job: JobDirectory, state: JobState) -> Answer:
    """Report the result of a run; after a stop, wait for its remaining steps first."""
    raise_if_failed(job, state)
    result, seconds = job.result() or {}, dict(job.status().seconds or {})
    if state is JobState.STOPPED:
        if not result:
            raise FailedError("stopped before there was anything to keep", STOPPED)
        rest = finishing_job(project, job.path)
        if rest is not None:
            raise_if_failed(rest, wait_for(rest, show_progress))
            result, seconds = job.result() or {}, seconds | dict(rest.status().seconds or {})
    return {"run": job.name, "state": state, "test": result.get("test"), "seconds": seconds}


def _stop(options: argparse.Namespace) -> Answer:
    project, run = find_run(options.run)
    job = JobDirectory(run)
    stop(job)
    if options.detach:
        return started(job)
    state = wait_for(job, show_progress)
    end_line()
    return ended(project, job, state)


def _pause(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    job = JobDirectory(run)
    pause(job)
    state = wait_for(job, show_progress)
    end_line()
    raise_if_failed(job, state)
    return {"run": job.name, "state": state, "epochs": len(job.metrics())}


def _resume(options: argparse.Namespace) -> Answer:
    project, run = find_run(options.run)
    job = JobDirectory(run)
    resume(job, options.epochs)
    if options.detach:
        return started(job)
    print(f"run {job.name} continues; Ctrl-C stops it and keeps the best", file=sys.stderr)
    return ended(project, job, wait_or_stop(job))


def _delete(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    return {"run": run.name, "deleted": True, "bytes": delete_run(JobDirectory(run))}


def _rename(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    return {"run": run.name, **asdict(describe_run(JobDirectory(run), options.name, options.note))}


def _add_train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True)
    parser.add_argument("--name", help="name of the run")
    add_settings(parser)
    parser.add_argument("--seed", type=int)
    add_detach(parser)


def _add_stop_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    add_detach(parser)


def _add_resume_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument("--epochs", type=int, metavar="N", help="number of additional epochs")
    add_detach(parser)


def _add_rename_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument("--name")
    parser.add_argument("--note")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Declare the options that :func:`training_config` reads, except the seed."""
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="settings file of a search's trial; other options override it",
    )
    parser.add_argument("--backbone", help=f"KEY, or KEY+KEY for two at once ({DEFAULT_BACKBONE})")
    parser.add_argument("--recipe", choices=list(Recipe))
    parser.add_argument(
        "--augment",
        metavar="flip,rotation=0.1",
        help='augmentation; "" for none (light if a network is trained, otherwise none)',
    )
    parser.add_argument("--views", type=int, help="augmented copies of each training picture (2)")
    parser.add_argument(
        "--hidden-units", type=_numbers, metavar="256,64", help="units of the head's hidden layers"
    )
    parser.add_argument("--epochs", type=int, help="maximum number of epochs")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--learning-rate", type=float, help="maximum learning rate (the recipe's own)")
    parser.add_argument("--optimizer", choices=list(Optimizer))
    parser.add_argument("--schedule", choices=list(Schedule), help="learning rate schedule")
    parser.add_argument("--loss", choices=list(Loss))
    parser.add_argument("--label-smoothing", type=float)
    parser.add_argument("--imbalance", choices=list(Imbalance), help="handling of classes of unequal size")
    parser.add_argument(
        "--picture-size",
        type=int,
        metavar="N",
        help="pixels a side of the network's input (the backbone's own)",
    )
    parser.add_argument(
        "--monitor", choices=list(Monitor), help="validation metric that selects the best epoch"
    )
    # The name until 0.1.0, for scripts that use it.
    parser.add_argument("--watch", dest="monitor", choices=list(Monitor), help=argparse.SUPPRESS)
    parser.add_argument("--patience", type=int, help="epochs without improvement before training ends")
    parser.add_argument(
        "--unfreeze", type=float, metavar="FRACTION", help="trainable share of the backbone, from its end"
    )
    parser.add_argument(
        "--set",
        type=_setting,
        action="extend",
        nargs="+",
        default=[],
        metavar="head.dropout_rate=0.3",
        help="any settings by their names",
    )


def add_detach(parser: argparse.ArgumentParser) -> None:
    """Declare ``--detach``."""
    parser.add_argument(
        "--detach", action="store_true", help="return at once; the work continues in the background"
    )


def _numbers(text: str) -> list[int]:
    """Parse ``256,64``; 0 or nothing means no layer."""
    return [int(part) for part in text.split(",") if part.strip() not in {"", "0"}]


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        # A text.
        return name, value


COMMANDS = (
    Command(
        name="train",
        summary="train a classifier and wait for it",
        run=_train,
        add_arguments=_add_train_arguments,
    ),
    Command(
        name="stop",
        summary="end a run with its best result, evaluated and exported",
        run=_stop,
        add_arguments=_add_stop_arguments,
    ),
    Command(
        name="pause",
        summary="write a checkpoint and pause a run",
        run=_pause,
        add_arguments=lambda parser: parser.add_argument("run"),
    ),
    Command(
        name="resume",
        summary="resume a run, or continue it for more epochs",
        run=_resume,
        add_arguments=_add_resume_arguments,
    ),
    Command(
        name="delete",
        summary="delete a run permanently",
        run=_delete,
        add_arguments=lambda parser: parser.add_argument("run"),
    ),
    Command(
        name="rename",
        summary="set the name or the note of a run",
        run=_rename,
        add_arguments=_add_rename_arguments,
    ),
)
