"""Command for project archives: archive."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.archive.records import USUAL_PARTS, Part, RestoreResult, SaveRequest, SaveResult
from core.cli.command import Command
from core.cli.terminal import Answer, run_to_end
from core.errors import ConfigError
from core.messages import N_
from core.runs.start_archives import start_restoring, start_saving
from core.workspace import get_project


def _archive(options: argparse.Namespace) -> Answer:
    if options.restore is not None:
        return _restore(options.restore, options.name)
    if options.project is None or options.output is None:
        raise ConfigError(
            N_("Name what to do: --project NAME --output FILE saves a project, --restore FILE opens one.")
        )
    return _save(options)


def _save(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    parts = [Part(part) for part in USUAL_PARTS if part.value not in options.leave_out]
    request = SaveRequest(
        runs=None if options.runs is None else tuple(options.runs),
        parts=(*parts, *([Part.ANSWERS] if options.with_answers else [])),
        reproduce=options.reproduce,
        output=options.output.resolve(),
    )
    job = start_saving(project, request)
    run_to_end(job)
    return {"project": project.name, **SaveResult.from_json(job.result() or {}).to_json()}


def _restore(file: Path, name: str | None) -> Answer:
    job = start_restoring(file, name)
    run_to_end(job)
    return RestoreResult.from_json(job.result() or {}).to_json()


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", help="the project to save")
    parser.add_argument("--output", type=Path, metavar="FILE", help="the file to write")
    parser.add_argument("--runs", nargs="*", metavar="RUN", help="save only these runs (default: all)")
    parser.add_argument(
        "--leave-out",
        nargs="+",
        default=[],
        choices=[part.value for part in USUAL_PARTS],
        metavar="PART",
        help="save without: %(choices)s",
    )
    parser.add_argument("--with-answers", action="store_true", help="save the log of answers too")
    parser.add_argument(
        "--reproduce",
        metavar="RUN",
        help="the run that reproduce.py in the file trains again (default: the newest)",
    )
    parser.add_argument("--restore", type=Path, metavar="FILE", help="make a project from a file instead")
    parser.add_argument(
        "--as", dest="name", metavar="NAME", help="name of the restored project (default: its own)"
    )


COMMANDS = (
    Command(
        name="archive",
        summary="save a whole project as one file, or make a project from such a file",
        run=_archive,
        add_arguments=_add_arguments,
    ),
)
