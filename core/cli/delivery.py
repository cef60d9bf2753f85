"""Commands for finished runs: predict, evaluate, export."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from core.cli.command import Command
from core.cli.terminal import Answer
from core.delivery import export
from core.delivery.export import export_run, find_exporter
from core.delivery.files import naming_the_path
from core.delivery.prediction import Classifier
from core.errors import NotFoundError, UnreadableImageError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import read_report
from core.messages import N_
from core.reporting.html import write_report_html
from core.reporting.model_card import write_model_card
from core.reporting.source import ReportSource
from core.workspace import find_run


def _predict(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    classifier = Classifier(run)
    return {"run": run.name, "predictions": [_prediction(classifier, path) for path in options.pictures]}


def _prediction(classifier: Classifier, path: Path) -> Answer:
    try:
        data = path.read_bytes()
        guesses, doubt = classifier.guesses(data), classifier.doubt(data)
    except OSError as error:
        raise NotFoundError(
            N_("{file} cannot be read: {error}."), file=str(path), error=error.strerror or str(error)
        ) from error
    except UnreadableImageError as error:
        raise UnreadableImageError(
            N_("{file} cannot be classified: {reason}."), file=str(path), reason=error.message
        ) from error
    answer: Answer = {"picture": str(path), "classes": [asdict(guess) for guess in guesses]}
    if classifier.has_thresholds:
        answer["labels"] = classifier.chosen_labels(guesses)
    if doubt is not None:
        answer["doubt"] = str(doubt)
    return answer


def _evaluate(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    answer: Answer = {"run": run.name, "test": read_report(run).to_json()}
    return answer | _written_reports(run, options)


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


def _export(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    export_run(run, find_exporter(options.format), options.output)
    return {
        "run": run.name,
        "format": options.format,
        "path": str(options.output),
        "bytes": options.output.stat().st_size,
    }


def _add_predict_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument("pictures", nargs="+", type=Path)


def _add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report as one HTML file")
    parser.add_argument("--no-pictures", action="store_true", help="leave pictures out of the report")
    parser.add_argument("--model-card", type=Path, metavar="FILE", help="write a model card (Markdown)")


def _add_export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument("--format", required=True, choices=[exporter.code for exporter in export.EXPORTERS])
    parser.add_argument("--output", required=True, type=Path)


COMMANDS = (
    Command(
        name="predict",
        summary="classify pictures with a finished run",
        run=_predict,
        add_arguments=_add_predict_arguments,
    ),
    Command(
        name="evaluate",
        summary="metrics of a run on its test pictures",
        run=_evaluate,
        add_arguments=_add_evaluate_arguments,
    ),
    Command(
        name="export",
        summary="write a run's classifier to a file",
        run=_export,
        add_arguments=_add_export_arguments,
    ),
)
