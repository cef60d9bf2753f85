"""Command for finished runs: evaluate."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.cli.command import Command
from core.cli.explanation import add_explain_arguments, explain
from core.cli.metrics import metrics_answer, slices_answer
from core.cli.terminal import Answer, run_to_end
from core.cli.thresholds import choose_thresholds, thresholds_answer
from core.delivery.files import naming_the_path
from core.errors import NotFoundError
from core.evaluation.advice.table import advise
from core.evaluation.evaluated_run import EvaluatedRun, measured_report
from core.evaluation.robustness.records import USUAL_PICTURES, read_robustness
from core.reporting.html import write_report_html
from core.reporting.model_card import write_model_card
from core.reporting.source import ReportSource
from core.runs.start_measuring import start_robustness_test
from core.workspace import find_run


def _evaluate(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    if options.set_threshold or options.clear_thresholds:
        choose_thresholds(EvaluatedRun.open(run), options.set_threshold, clear=options.clear_thresholds)
    report = measured_report(run)
    measured: Answer = (
        {"metrics": metrics_answer(run, report, options.metrics), "unanswered": report.unanswered}
        if options.metrics
        else {"test": report.to_json()}
    )
    answer: Answer = {"run": run.name, **measured, "thresholds": thresholds_answer(run, report)}
    if options.calibration:
        answer["calibration"] = report.calibration.to_json() if report.calibration else None
    if options.slices:
        answer["slices"] = slices_answer(EvaluatedRun.open(run))
    if options.robustness:
        answer["robustness"] = tested_robustness(run)
    if options.explain is not None:
        answer["explanation"] = explain(run, options)
    return answer | {"advice": _advice(run)} | _written_reports(run, options)


def tested_robustness(run: Path) -> Answer:
    """Test a run or a judged model on corrupted pictures, and wait for it; Ctrl-C stops the test."""
    run_to_end(start_robustness_test(run, USUAL_PICTURES))
    report = read_robustness(EvaluatedRun.open(run))
    return report.to_json() if report else {}


def _advice(run: Path) -> list[Answer]:
    try:
        evaluated = EvaluatedRun.open(run)
    # The report stays readable after its version of the pictures was erased.
    except NotFoundError:
        return []
    return [advice.to_answer() for advice in advise(evaluated)]


def _written_reports(run: Path, options: argparse.Namespace) -> Answer:
    """Write the files that are asked for; their paths by the name of the option."""
    writers = {"report": write_report_html, "model_card": write_model_card}
    asked = {name: getattr(options, name) for name in writers if getattr(options, name)}
    if asked:
        source = ReportSource(evaluated=EvaluatedRun.open(run), has_pictures=not options.no_pictures)
        for name, path in asked.items():
            with naming_the_path(path):
                writers[name](source, path)
    return {name: str(path) for name, path in asked.items()}


def _add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument(
        "--robustness", action="store_true", help="also test the run on blurred, turned and noisy pictures"
    )
    parser.add_argument(
        "--metrics",
        nargs="+",
        default=[],
        metavar="CODE",
        help="only these metrics, such as macro_f1; leading: the metric that matters in the project",
    )
    parser.add_argument(
        "--slices", action="store_true", help="also accuracy by size, brightness, camera, folder, …"
    )
    parser.add_argument(
        "--calibration", action="store_true", help="also reliability of the probabilities, prediction sets"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report as one HTML file")
    parser.add_argument("--no-pictures", action="store_true", help="leave pictures out of the report")
    parser.add_argument("--model-card", type=Path, metavar="FILE", help="write a model card (Markdown)")
    parser.add_argument(
        "--set-threshold",
        action="extend",
        nargs="+",
        default=[],
        metavar="CLASS=0.7",
        help="answer classes from these probabilities on, in predictions and exports too",
    )
    parser.add_argument(
        "--clear-thresholds", action="store_true", help="answer as the run did before thresholds were chosen"
    )
    add_explain_arguments(parser)


COMMANDS = (
    Command(
        name="evaluate",
        summary="metrics of a run on its test pictures",
        run=_evaluate,
        add_arguments=_add_evaluate_arguments,
    ),
)
