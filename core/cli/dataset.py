"""Commands that inspect or change a dataset."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from core.cli.command import Command
from core.cli.import_options import (
    add_import_options,
    add_range_options,
    add_split_options,
    chosen_range,
    import_config,
    split_config,
)
from core.cli.terminal import Answer, TerminalProgress, end_line, raise_if_failed, wait_or_stop
from core.cli.understanding import print_question, print_understanding, understood_answer
from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import exclude, include, relabel
from core.data.editing.leak_report import leak_report
from core.data.editing.ranges import RangeChoice, change_range
from core.data.editing.splits import redraw_split, settle_split
from core.data.editing.versions import restore_version
from core.data.exports.export import DEFAULT_FORMAT
from core.data.exports.table import DATASET_FORMATS
from core.data.formats.understanding import ConfirmationNeededError
from core.data.history import VersionInfo, compare_versions, list_versions
from core.data.import_config import ImportConfig
from core.data.importing import ImportReport, add_pictures, import_dataset
from core.data.labels.label_sets import shows_class, split_cell
from core.data.labels.layout import Split
from core.data.pixels.range_changes import follow_range
from core.doctor.export_dataset import write_dataset_zip
from core.doctor.report import read_report
from core.records import to_json_value
from core.runs.start_project_jobs import start_examination
from core.workspace import get_project


def _imported(report: ImportReport) -> Answer:
    return {
        "project": report.project.name,
        "classes": report.classes,
        "understood": understood_answer(report.understanding) if report.understanding else None,
        "skipped": [{"file": item.file, "reason": str(item.reason)} for item in report.skipped],
    }


def _run_import(work: Callable[[], ImportReport], *, is_quiet: bool) -> ImportReport:
    """Run an import and print on standard error how the source is understood.

    Args:
        is_quiet: print it only if it must be confirmed.
    """
    try:
        report = work()
    except ConfirmationNeededError as error:
        end_line()
        print_question(error.understanding)
        raise
    end_line()
    if report.understanding is not None and not is_quiet:
        print_understanding(report.understanding)
    return report


def _hint_at_multi_label(report: ImportReport, config: ImportConfig) -> None:
    """Print a hint on standard error if a class name looks like several labels."""
    joined = [name for name in report.classes if len(split_cell(name) or ()) > 1]
    if joined and not config.multi_label:
        print(f"“{joined[0]}” became one class; for several labels a picture: --multi-label", file=sys.stderr)


def _import(options: argparse.Namespace) -> Answer:
    config = import_config(options)
    report = _run_import(
        lambda: import_dataset(options.source, options.project, config, TerminalProgress()),
        is_quiet=options.json,
    )
    _hint_at_multi_label(report, config)
    return _imported(report)


def _add(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    config = import_config(options)
    report = _run_import(
        lambda: add_pictures(project, options.source, config, TerminalProgress()), is_quiet=options.json
    )
    return {**_imported(report), "version": open_dataset(project).version}


def _doctor(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    job = start_examination(project)
    raise_if_failed(job, wait_or_stop(job))
    report = read_report(project)
    return report.to_answer() if report else {"findings": []}


def _version(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    if options.restore is not None:
        restore_version(project, options.restore)
        follow_range(project.dataset, TerminalProgress(), tells=True)
        end_line()
    if options.compare:
        older, newer = options.compare
        return {"older": older, "newer": newer, **asdict(compare_versions(project, older, newer))}
    return {"versions": [_version_answer(info) for info in list_versions(project)]}


def _version_answer(info: VersionInfo) -> Answer:
    return {
        "number": info.number,
        "created": info.created,
        "who": info.who,
        "what": str(info.edit),
        "pictures": info.pictures,
        "classes": info.classes,
    }


def _split(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    is_shown = (options.validation, options.test, options.seed) == (None, None, None)
    dataset = settle_split(project) if is_shown else redraw_split(project, split_config(options))
    return {"project": project.name, **_split_answer(dataset)}


def _split_answer(dataset: Dataset) -> Answer:
    pictures, leaks = dataset.pictures, leak_report(dataset)
    return {
        "version": dataset.version,
        "split": _parts(pictures),
        "classes": {
            name: _parts(pictures[shows_class(pictures["label"], name, dataset.task)])
            for name in dataset.class_names
        },
        "kept_together": {"groups": leaks.groups, "pictures": leaks.grouped_pictures},
        "moved": to_json_value(leaks.moved),
        "leaks": to_json_value(leaks.leaking),
    }


def _parts(pictures: pd.DataFrame) -> dict[str, int]:
    counts = pictures["split"].value_counts()
    return {part.value: int(counts.get(part.value, 0)) for part in Split}


def _range(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    pixel_range, percentiles = chosen_range(options)
    if options.found or pixel_range or percentiles:
        choice = RangeChoice(pixel_range=pixel_range, percentiles=percentiles)
        dataset = change_range(project, choice, TerminalProgress())
        end_line()
    else:
        dataset = open_dataset(project)
    return {
        "project": project.name,
        "version": dataset.version,
        "range": dataset.pixel_range,
        "found": dataset.measured_range or dataset.pixel_range,
    }


def _relabel(options: argparse.Namespace) -> Answer:
    dataset = relabel(get_project(options.project), options.ids, options.to)
    return {"project": options.project, "version": dataset.version, "classes": dataset.counts()}


def _exclude(options: argparse.Namespace) -> Answer:
    change = include if options.restore else exclude
    dataset = change(get_project(options.project), options.ids)
    return {
        "project": options.project,
        "version": dataset.version,
        "excluded": int(dataset.all_pictures["excluded"].sum()),
    }


def _download(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    dataset = open_dataset(project, options.version)
    count = write_dataset_zip(project, dataset, options.output, TerminalProgress(), options.format)
    end_line()
    return {
        "project": options.project,
        "version": dataset.version,
        "path": str(options.output),
        "pictures": count,
        "bytes": options.output.stat().st_size,
    }


def _add_import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path)
    _add_project(parser)
    add_import_options(parser)


def _add_version_arguments(parser: argparse.ArgumentParser) -> None:
    _add_project(parser)
    parser.add_argument("--restore", type=int, metavar="N", help="make version N the newest again")
    parser.add_argument("--compare", type=int, nargs=2, metavar=("OLDER", "NEWER"))


def _add_split_arguments(parser: argparse.ArgumentParser) -> None:
    _add_project(parser)
    add_split_options(parser)


def _add_range_arguments(parser: argparse.ArgumentParser) -> None:
    _add_project(parser)
    ways = add_range_options(parser)
    ways.add_argument("--found", action="store_true", help="the range that the import found")


def _add_relabel_arguments(parser: argparse.ArgumentParser) -> None:
    _add_project(parser)
    parser.add_argument(
        "--to", required=True, metavar="CLASS", help='in a multi-label dataset: "cat; dog", or "none"'
    )
    parser.add_argument("ids", nargs="+", metavar="ID")


def _add_exclude_arguments(parser: argparse.ArgumentParser) -> None:
    _add_project(parser)
    parser.add_argument("--restore", action="store_true", help="include them again instead")
    parser.add_argument("ids", nargs="+", metavar="ID")


def _add_download_arguments(parser: argparse.ArgumentParser) -> None:
    _add_project(parser)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--version", type=int)
    parser.add_argument(
        "--format",
        default=DEFAULT_FORMAT,
        choices=list(DATASET_FORMATS),
        help=f"({DEFAULT_FORMAT}); all are zip files",
    )


def _add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True)


COMMANDS = (
    Command(
        name="import",
        summary="make a project from an archive or a folder",
        run=_import,
        add_arguments=_add_import_arguments,
    ),
    Command(name="add", summary="add pictures to a project", run=_add, add_arguments=_add_import_arguments),
    Command(
        name="doctor",
        summary="examine a dataset: copies, wrong labels, bad pictures, shortcuts",
        run=_doctor,
        add_arguments=_add_project,
    ),
    Command(
        name="version",
        summary="list, compare or restore the versions of a dataset",
        run=_version,
        add_arguments=_add_version_arguments,
    ),
    Command(
        name="split",
        summary="show the split; with an option, draw it anew",
        run=_split,
        add_arguments=_add_split_arguments,
    ),
    Command(
        name="range",
        summary="show the range of pictures with more than 8 bits; with an option, change it",
        run=_range,
        add_arguments=_add_range_arguments,
    ),
    Command(
        name="relabel",
        summary="set the label of pictures",
        run=_relabel,
        add_arguments=_add_relabel_arguments,
    ),
    Command(
        name="exclude",
        summary="exclude pictures from training, validation and test",
        run=_exclude,
        add_arguments=_add_exclude_arguments,
    ),
    Command(
        name="dataset",
        summary="write the cleaned pictures as a zip: class folders, or a format of other tools",
        run=_download,
        add_arguments=_add_download_arguments,
    ),
)
