"""Commands that compare classifiers and average answers: compare, ensemble, average."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from core.cli.command import Command
from core.cli.runs import add_detach, ended, started
from core.cli.terminal import Answer, run_to_end, wait_or_stop
from core.errors import ConfigError
from core.evaluation.averaging.records import AveragingReport, read_averaging
from core.evaluation.comparison.comparing import ClassifierComparison, compare_with_reference
from core.evaluation.comparison.differences import MetricDifference
from core.evaluation.ensemble import ensemble_gain
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import leading_metric
from core.evaluation.report import has_report
from core.jobs.directory import JobDirectory
from core.messages import N_
from core.models.views import PLAIN, VIEW_SETS
from core.runs.compare import compare_runs, describe_run
from core.runs.start_measuring import start_averaging
from core.runs.start_runs import start_averaged, start_ensemble
from core.workspace import find_run, project_of


def _compare(options: argparse.Namespace) -> Answer:
    runs = [JobDirectory(find_run(name)[1]) for name in options.runs]
    comparison = compare_runs(runs)
    return {
        "runs": [asdict(row) | {"environment": row.environment.as_answer()} for row in comparison.rows],
        "differing": {name: list(values) for name, values in comparison.differing.items()},
        "same_test_pictures": comparison.has_same_test,
        "comparisons": _paired(runs),
    }


def _paired(runs: Sequence[JobDirectory]) -> list[Answer]:
    """Compare every tested run with the first on the test pictures that both have in common."""
    first, *others = runs
    tested = [run for run in others if has_report(run.path)]
    if not has_report(first.path) or not tested:
        return []
    compared = compare_with_reference(
        EvaluatedRun.open(first.path), [EvaluatedRun.open(run.path) for run in tested]
    )
    return [
        pair_answer(first.name, run.name, comparison)
        for run, comparison in zip(tested, compared, strict=True)
    ]


def pair_answer(reference: str, run: str, comparison: ClassifierComparison) -> Answer:
    """Answer of two classifiers, by their names: McNemar's test, and differences with intervals."""
    return {
        "reference": reference,
        "run": run,
        "fixed": comparison.test.fixed,
        "broken": comparison.test.broken,
        "p_value": comparison.test.p_value,
        "verdict": str(comparison.test.sentence),
        "pictures": comparison.matching.to_json(),
        "leading": {"code": comparison.leading.code, **difference_answer(comparison.leading)},
        "metrics": {row.code: difference_answer(row) for row in comparison.metrics},
    }


def difference_answer(row: MetricDifference) -> Answer:
    """Values of both, difference, its interval and verdict; None where the metric is undefined on these pictures."""
    numbers = {"reference": row.first, "run": row.second, "difference": row.difference}
    answer: Answer = {name: None if math.isnan(value) else value for name, value in numbers.items()}
    return answer | {"interval": row.interval, "verdict": row.verdict}


def _ensemble(options: argparse.Namespace) -> Answer:
    found = [find_run(name) for name in options.runs]
    project = found[0][0]
    if any(other != project for other, _run in found):
        raise ConfigError(N_("An ensemble joins runs of one project."))
    runs = [run for _project, run in found]
    job = start_ensemble(project, runs, options.weights)
    if options.name:
        describe_run(job, name=options.name)
    gain = _gain(runs, options.weights)
    if options.detach:
        return started(job) | {"gain": gain}
    print(f"run {job.name} started; Ctrl-C stops it", file=sys.stderr)
    return ended(project, job, wait_or_stop(job)) | {"gain": gain}


def _gain(runs: Sequence[Path], weights: Sequence[float]) -> Answer | None:
    """Measure the ensemble against its best member: on validation, and confirmed on test pictures or not.

    None for older runs, whose answers to validation pictures were not stored.
    """
    members = [EvaluatedRun.open(run) for run in runs]
    if not all(len(member.validation.targets) for member in members):
        return None
    leading = leading_metric(project_of(runs[0]), members[0].dataset.class_names)
    measured = ensemble_gain(members, leading, weights)
    return {
        "verdict": measured.gain,
        "best_member": measured.best,
        "validation": {"code": measured.validation.code, **difference_answer(measured.validation)},
        "test": {"code": measured.test.code, **difference_answer(measured.test)},
    }


def _add_ensemble_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="run")
    parser.add_argument(
        "--weights", type=_weights, default=(), metavar="2,1", help="weight of each run (equal)"
    )
    parser.add_argument("--name", help="name of the new run")
    add_detach(parser)


def _weights(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _average(options: argparse.Namespace) -> Answer:
    project, run = find_run(options.run)
    report = read_averaging(EvaluatedRun.open(run))
    if report is None or not options.use:
        run_to_end(start_averaging(run))
        report = read_averaging(EvaluatedRun.open(run))
    measured = {"run": run.name, **averaging_answer(report)} if report else {"run": run.name}
    if not options.use:
        return measured
    job = start_averaged(run, options.use)
    if options.name:
        describe_run(job, name=options.name)
    if options.detach:
        return started(job) | {"averaging": measured}
    print(f"run {job.name} started; Ctrl-C stops it", file=sys.stderr)
    return ended(project, job, wait_or_stop(job)) | {"averaging": measured}


def averaging_answer(report: AveragingReport) -> Answer:
    """Gain of every view set on validation, and the one to use."""
    recommended = report.recommended
    return {
        "pictures": report.pictures,
        "milliseconds": report.milliseconds,
        "gains": [
            {
                "views": gain.views,
                "passes": gain.passes,
                "code": gain.difference.code,
                **difference_answer(gain.difference),
                "standard_error": gain.standard_error if math.isfinite(gain.standard_error) else None,
                "is_offered": gain.is_offered,
            }
            for gain in report.gains
        ],
        "recommended": recommended.views if recommended else None,
    }


def _add_average_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument(
        "--use",
        choices=[row.code for row in VIEW_SETS if row != PLAIN],
        help="make a run that averages these views, if they are better on validation",
    )
    parser.add_argument("--name", help="name of the new run")
    add_detach(parser)


COMMANDS = (
    Command(
        name="compare",
        summary="compare runs side by side; tests of the others against the first",
        run=_compare,
        add_arguments=lambda parser: parser.add_argument("runs", nargs="+", metavar="run"),
    ),
    Command(
        name="ensemble",
        summary="make one classifier of several runs: the mean of their probabilities",
        run=_ensemble,
        add_arguments=_add_ensemble_arguments,
    ),
    Command(
        name="average",
        summary="measure on validation what averaging mirror images and crops gains, and use it",
        run=_average,
        add_arguments=_add_average_arguments,
    ),
)
