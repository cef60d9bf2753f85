"""Commands that train, and that stop, resume, compare, name and delete runs."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.cli.dataset import AddCommand
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
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.status import JobState
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.backbones import DEFAULT_BACKBONE
from core.runs.compare import compare_runs, delete_run, describe_run, run_title
from core.runs.start import active_jobs, finishing_job, pause, resume, start_training, stop, wait_for
from core.training.config import (
    MAX_EPOCHS,
    Imbalance,
    Loss,
    Monitor,
    Optimizer,
    Recipe,
    Schedule,
    TrainingConfig,
    recipe_for,
    usual_augmentation,
)
from core.workspace import Project, find_run, get_project, list_projects, list_runs, list_searches

# Options of ``train`` and the settings they are, by dotted name.
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
_LEAST_BY_HAND = {"epochs": 1, "patience": 1}  # 0 is how a record leaves them to the recipe


def _train(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    job = start_training(project, training_config(options, open_dataset(project).version))
    if options.name:
        describe_run(job, name=options.name)
    if options.detach:
        return _started(job)
    print(f"run {job.name} started; Ctrl-C stops it and keeps the best", file=sys.stderr)
    return _ended(project, job, wait_or_stop(job))


def training_config(options: argparse.Namespace, version: int) -> TrainingConfig:
    """The settings that options of ``train`` mean.

    Raises:
        ConfigError: one is unknown or not possible.
    """
    record = _settings_in(options.settings) if options.settings else {}
    backbone = options.backbone or record.get("backbone", DEFAULT_BACKBONE)
    recipe = Recipe(options.recipe or record.get("recipe") or recipe_for(backbone))
    record |= {"dataset_version": version, "backbone": backbone, "recipe": recipe.value}
    if options.augment is not None:
        record["augmentation"] = AugmentationConfig.parse(options.augment).to_json()
    else:
        record.setdefault("augmentation", usual_augmentation(recipe).to_json())
    given = {_SETTINGS[option]: getattr(options, option) for option in _SETTINGS}
    given = {name: value for name, value in given.items() if value is not None}
    for name, value in (given | dict(options.set)).items():
        _put(record, name, value)
    for name, least in _LEAST_BY_HAND.items():
        if record.get(name) == 0:
            raise ConfigError(
                N_("{name} is {value}; it must lie between {low} and {high}."),
                name=name,
                value=0,
                low=least,
                high=MAX_EPOCHS,
            )
    return TrainingConfig.from_json(record)


def _settings_in(file: Path) -> dict[str, Any]:
    """The settings of a file as a search gives it: ``{"schema_version": …, "settings": {…}}``.

    Raises:
        ConfigError: it is not such a file.
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
    return TrainingConfig.upgrade(settings)  # an option replaces a setting under its name of today


def _put(record: dict[str, Any], name: str, value: Any) -> None:
    """Set ``head.l2`` in a record within the record."""
    *rooms, last = name.split(".")
    for room in rooms:
        record = record.setdefault(room, {})
        if not isinstance(record, dict):
            raise ConfigError(N_("Unknown training setting: {names}."), names=name)
    record[last] = value


def _started(job: JobDirectory) -> Answer:
    return {"run": job.name, "state": job.status().state, "pid": job.process_id()}


def _ended(project: Project, job: JobDirectory, state: JobState) -> Answer:
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
        return _started(job)
    state = wait_for(job, show_progress)
    end_line()
    return _ended(project, job, state)


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
        return _started(job)
    print(f"run {job.name} goes on; Ctrl-C stops it and keeps the best", file=sys.stderr)
    return _ended(project, job, wait_or_stop(job))


def _compare(options: argparse.Namespace) -> Answer:
    comparison = compare_runs([JobDirectory(find_run(name)[1]) for name in options.runs])
    return {
        "runs": [asdict(row) | {"environment": row.environment.as_answer()} for row in comparison.rows],
        "differing": {name: list(values) for name, values in comparison.differing.items()},
        "same_test_pictures": comparison.has_same_test,
    }


def _delete(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    return {"run": run.name, "deleted": True, "bytes": delete_run(JobDirectory(run))}


def _rename(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    return {"run": run.name, **asdict(describe_run(JobDirectory(run), options.name, options.note))}


def _status(options: argparse.Namespace) -> Answer:
    if options.project:
        projects = [get_project(options.project)]
    else:
        projects = list_projects()
    return {
        "projects": [
            {
                "name": project.name,
                "pictures": len(open_dataset(project).pictures),
                "runs": [_job_state(JobDirectory(path)) for path in list_runs(project)],
                "searches": [_job_state(JobDirectory(path)) for path in list_searches(project)],
                "jobs": [_job_state(job) for job in list_jobs(project.jobs)],
            }
            for project in projects
        ],
        "jobs": [_job_state(job) for job in active_jobs(None)],
    }


def _job_state(job: JobDirectory) -> Answer:
    status = job.status()
    return {
        "id": job.name,
        "name": run_title(job),
        "kind": job.kind,
        "label": job.job_type.label,
        "state": status.state,
        "stage": status.stage or "",
        "progress": round(status.fraction, 3),
        "seconds_left": status.seconds_left if not status.state.has_ended else None,
        "pid": job.process_id() if not status.state.has_ended else None,
        "usage": status.usage.to_json() if status.usage else None,
        "error": str(status.error) if status.error else None,
        "test": (job.result() or {}).get("test"),
    }


def add_run_commands(add: AddCommand) -> None:
    """Declare the commands; ``add(name, command, summary)`` gives the parser of one."""
    _add_training(add("train", _train, "train a classifier and wait for it"))
    add("status", _status, "projects, runs and jobs").add_argument("--project")

    stopping = add("stop", _stop, "end a run and keep its best, tested and packed")
    stopping.add_argument("run")
    add_detach(stopping)

    add("pause", _pause, "let a run write a checkpoint and rest").add_argument("run")

    resuming = add("resume", _resume, "go on with a run that rests, or for more epochs")
    resuming.add_argument("run")
    resuming.add_argument("--epochs", type=int, metavar="N", help="go on for so many epochs more")
    add_detach(resuming)

    add("compare", _compare, "runs side by side").add_argument("runs", nargs="+", metavar="run")
    add("delete", _delete, "remove a run for good").add_argument("run")

    renaming = add("rename", _rename, "name a run, or write down something about it")
    renaming.add_argument("run")
    renaming.add_argument("--name")
    renaming.add_argument("--note")


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True)
    parser.add_argument("--name", help="what to call the run")
    add_settings(parser)
    parser.add_argument("--seed", type=int)
    add_detach(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Declare the options that :func:`training_config` reads, but for the seed."""
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="of a search's trial; other options change them"
    )
    parser.add_argument("--backbone", help=f"({DEFAULT_BACKBONE})")
    parser.add_argument("--recipe", choices=list(Recipe))
    parser.add_argument(
        "--augment",
        metavar="flip,rotation=0.1",
        help='changes of the pictures; "" for none (light ones where a network is trained, else none)',
    )
    parser.add_argument("--views", type=int, help="changed copies of each training picture (2)")
    parser.add_argument(
        "--hidden-units", type=_numbers, metavar="256,64", help="of hidden layers of the head"
    )
    parser.add_argument("--epochs", type=int, help="the most passes over the training pictures")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--learning-rate", type=float, help="the highest; the recipe's own if not given")
    parser.add_argument("--optimizer", choices=list(Optimizer))
    parser.add_argument("--schedule", choices=list(Schedule), help="how the learning rate goes")
    parser.add_argument("--loss", choices=list(Loss))
    parser.add_argument("--label-smoothing", type=float)
    parser.add_argument("--imbalance", choices=list(Imbalance), help="what is done about unequal classes")
    parser.add_argument(
        "--picture-size",
        type=int,
        metavar="N",
        help="pixels a side that the network takes (the backbone's own)",
    )
    parser.add_argument(
        "--monitor", choices=list(Monitor), help="validation metric that selects the best epoch"
    )
    # The name until 0.2, for scripts that use it.
    parser.add_argument("--watch", dest="monitor", choices=list(Monitor), help=argparse.SUPPRESS)
    parser.add_argument("--patience", type=int, help="epochs without a better one before it ends")
    parser.add_argument("--unfreeze", type=float, metavar="FRACTION", help="of the backbone, from its end")
    parser.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="head.dropout_rate=0.3",
        help="any setting by its name; may be given several times",
    )


def add_detach(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--detach", action="store_true", help="answer at once; the work goes on by itself")


def _numbers(text: str) -> list[int]:
    """``256,64``; 0 or nothing is no layer."""
    return [int(part) for part in text.split(",") if part.strip() not in {"", "0"}]


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value  # a word
