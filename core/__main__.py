"""Command line: everything the pages do, for scripts and benchmarks.

Every command takes ``--json`` and then prints one JSON object on standard
output; progress goes to standard error. Exit code 2 with a plain sentence means
that the user can fix it; 1 is a bug.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from core.cli.backbones import add_backbone_commands
from core.cli.dataset import (
    add_dataset_commands,
    add_import_options,
    hint_at_multi_label,
    import_config,
    imported,
)
from core.cli.runs import add_run_commands
from core.cli.search import add_search_commands
from core.cli.terminal import (
    STOPPED,
    Answer,
    FailedError,
    TerminalProgress,
    end_line,
)
from core.data.importing import import_dataset
from core.delivery import export
from core.delivery.export import export_run, find_exporter
from core.delivery.prediction import Classifier
from core.errors import DarkroomError, NotFoundError, UnreadableImageError
from core.evaluation.report import read_report
from core.installation import require_complete_installation
from core.messages import N_
from core.workspace import find_run


def main(arguments: list[str] | None = None) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not know every script
    try:
        require_complete_installation()
        options = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], Answer] = options.command
        answer = command(options)
    except (DarkroomError, FailedError) as error:
        print(f"darkroom: {error}", file=sys.stderr)
        return error.code if isinstance(error, FailedError) else 2
    except KeyboardInterrupt:
        print("darkroom: stopped", file=sys.stderr)
        return STOPPED
    if options.json:
        print(json.dumps(answer))  # in ASCII, which every terminal and every pipe can take
    else:
        _print_readable(answer)
    return 0


def _import(options: argparse.Namespace) -> Answer:
    config = import_config(options)
    report = import_dataset(options.source, options.project, config, TerminalProgress())
    end_line()
    hint_at_multi_label(report, config)
    return imported(report)


def _predict(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    classifier = Classifier(run)
    return {"run": run.name, "predictions": [_prediction(classifier, path) for path in options.pictures]}


def _prediction(classifier: Classifier, path: Path) -> Answer:
    try:
        guesses = classifier.guesses(path.read_bytes())
    except OSError as error:
        raise NotFoundError(
            N_("{file} cannot be read: {error}."), file=str(path), error=error.strerror or str(error)
        ) from error
    except UnreadableImageError as error:
        raise UnreadableImageError(
            N_("{file} cannot be classified: {reason}."), file=str(path), reason=error.message
        ) from error
    answer: Answer = {"picture": str(path), "classes": [asdict(guess) for guess in guesses]}
    if classifier.is_multi_label:
        answer["labels"] = classifier.chosen_labels(guesses)
    return answer


def _evaluate(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    return {"run": run.name, "test": read_report(run).to_json()}


def _export(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    export_run(run, find_exporter(options.format), options.output)
    return {
        "run": run.name,
        "format": options.format,
        "path": str(options.output),
        "bytes": options.output.stat().st_size,
    }


def _print_readable(answer: Answer, indent: str = "") -> None:
    for key, value in answer.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            print(f"{indent}{key}:")
            for item in value:
                _print_readable(item, indent + "  ")
                print()
        elif isinstance(value, dict):
            print(f"{indent}{key}:")
            _print_readable(value, indent + "  ")
        else:
            print(f"{indent}{key}: {value}")


def _program_name() -> str:
    """The command as the user typed it: the entry point, or the module."""
    return "darkroom" if Path(sys.argv[0]).stem == "darkroom" else "python -m core"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_program_name(), description="Darkroom: train picture classifiers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, command: Callable[[argparse.Namespace], Answer], summary: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.add_argument("--json", action="store_true", help="print one JSON object")
        added.set_defaults(command=command)
        return added

    importing = add("import", _import, "make a project from a zip or folder of class folders")
    importing.add_argument("source", type=Path)
    importing.add_argument("--project", required=True)
    add_import_options(importing)

    predicting = add("predict", _predict, "classify pictures with a finished run")
    predicting.add_argument("run")
    predicting.add_argument("pictures", nargs="+", type=Path)

    add("evaluate", _evaluate, "metrics of a run on its test pictures").add_argument("run")

    exporting = add("export", _export, "write a run's classifier to a file")
    exporting.add_argument("run")
    exporting.add_argument(
        "--format", required=True, choices=[exporter.code for exporter in export.EXPORTERS]
    )
    exporting.add_argument("--output", required=True, type=Path)

    add_backbone_commands(add)
    add_run_commands(add)
    add_search_commands(add)
    add_dataset_commands(add)
    return parser


if __name__ == "__main__":
    sys.exit(main())
