"""Command for models made elsewhere: judge."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

from core.cli.command import Command
from core.cli.comparison import pair_answer
from core.cli.delivery import tested_robustness
from core.cli.terminal import Answer, FailedError, run_to_end
from core.data.dataset import open_dataset
from core.errors import ConfigError, DarkroomError, ForeignModelError, NotFoundError
from core.evaluation.comparison.comparing import compare_with_reference
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.foreign.facts import JudgementRequest, Preprocessing
from core.evaluation.foreign.judged_model import (
    delete_model,
    find_model,
    read_facts,
    read_judgement,
)
from core.evaluation.foreign.mapping import parse_pairs
from core.evaluation.foreign.preprocessing import SCALES, code_of, parse
from core.evaluation.foreign.robustness import require_square
from core.evaluation.report import has_report
from core.jobs.directory import JobDirectory
from core.messages import N_
from core.runs.judging import start_inspection, start_judgement
from core.workspace import Project, find_run, get_project, list_runs


def _judge(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    preprocessing = parse(options.preprocessing) if options.preprocessing else None
    run = _run_beside(project, options.run)
    version = run.dataset.version if run else None
    inspection = start_inspection(project, options.model, labels=options.labels, version=version)
    run_to_end(inspection)
    folder = find_model(project, inspection.config()["name"])
    try:
        request = _request(project, folder, inspection, options, preprocessing)
        run_to_end(start_judgement(project, request))
    except (DarkroomError, FailedError):
        delete_model(folder)
        raise
    answer = _answer(folder) | {"comparison": _comparison(folder, run)}
    return answer | {"robustness": _robustness(folder)} if options.robustness else answer


def _robustness(folder: Path) -> Answer:
    """Test the judged model on corrupted pictures; the reason where that is not possible."""
    try:
        require_square(read_facts(folder))
    except ForeignModelError as error:
        return {"refused": str(error)}
    return tested_robustness(folder)


def _run_beside(project: Project, name: str | None) -> EvaluatedRun | None:
    """Open the run to compare with: the one that is named, or the newest that was tested."""
    if name is not None:
        owner, run = find_run(name)
        if owner != project:
            raise ConfigError(
                N_("“{name}” is a run of project “{owner}”, not of “{project}”."),
                name=name,
                owner=owner.name,
                project=project.name,
            )
        return EvaluatedRun.open(run)
    for run in filter(has_report, list_runs(project)):
        # The pictures of an older run may be gone.
        with suppress(NotFoundError):
            return EvaluatedRun.open(run)
    return None


def _comparison(folder: Path, run: EvaluatedRun | None) -> Answer | None:
    """Compare the run with the model on the same pictures; None without a run."""
    if run is None:
        return None
    (comparison,) = compare_with_reference(EvaluatedRun.open(folder), [run])
    return pair_answer(folder.name, run.run.name, comparison)


def _request(
    project: Project,
    folder: Path,
    inspection: JobDirectory,
    options: argparse.Namespace,
    preprocessing: Preprocessing | None,
) -> JudgementRequest:
    version = int(inspection.config()["dataset_version"])
    classes = open_dataset(project, version).class_names
    return JudgementRequest(
        name=folder.name,
        dataset_version=version,
        changes=parse_pairs(options.map, read_facts(folder).class_names, classes),
        by_order=options.by_order,
        preprocessing=preprocessing,
    )


def _answer(folder: Path) -> Answer:
    facts, judgement, judged = read_facts(folder), read_judgement(folder), EvaluatedRun.open(folder)
    return {
        "model": folder.name,
        "kind": facts.kind,
        "runtime": facts.runtime,
        "input": facts.input.to_json(),
        "classes": list(facts.class_names),
        "mapping": dict(judgement.mapping),
        "lacking": list(judgement.lacking),
        "another_answer": list(judgement.foreign),
        "preprocessing": code_of(judgement.preprocessing),
        "guessed_on": judgement.guessed_on,
        "guessed_accuracy": judgement.guessed_accuracy,
        "alternatives": [
            {"preprocessing": code_of(other.preprocessing), "accuracy": other.accuracy}
            for other in judgement.alternatives
        ],
        "network": facts.network,
        "dataset_version": judged.dataset.version,
        "test": judged.report.to_json(),
    }


def _add_judge_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="file, folder or zip of an export")
    parser.add_argument("--project", required=True)
    parser.add_argument("--run", help="run to compare with, on its pictures (the newest that was tested)")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="class names, one a line")
    parser.add_argument(
        "--preprocessing",
        metavar="CODE",
        help=f"{', '.join(SCALES)}; with -bgr or -crop where needed (as the export states, else guessed)",
    )
    parser.add_argument(
        "--map",
        action="extend",
        nargs="+",
        default=[],
        metavar="cat=Cats",
        help="classes of the model, each with one of the project",
    )
    parser.add_argument(
        "--robustness", action="store_true", help="also test it on blurred, turned and noisy pictures"
    )
    parser.add_argument(
        "--by-order", action="store_true", help="where no name is equal, the first class is the first one"
    )


COMMANDS = (
    Command(
        name="judge",
        summary="test a model made elsewhere on a project's pictures",
        run=_judge,
        add_arguments=_add_judge_arguments,
    ),
)
