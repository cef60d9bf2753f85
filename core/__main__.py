"""Command line: everything the pages do, for scripts and benchmarks.

Each command is a row of ``COMMANDS``. With ``--json`` it prints one JSON object on standard
output; progress goes to standard error. Exit code 2 with a plain sentence means that the user
can fix it; 1 is a bug.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path

from core.cli import (
    archive,
    backbones,
    comparison,
    dataset,
    delivery,
    exporting,
    judging,
    prediction,
    runs,
    search,
    serving,
    status,
)
from core.cli.command import Command
from core.cli.terminal import STOPPED, Answer, FailedError
from core.errors import DarkroomError
from core.formatting import MINUS, with_minus
from core.installation import require_complete_installation

COMMANDS: tuple[Command, ...] = (
    *dataset.COMMANDS,
    *runs.COMMANDS,
    *comparison.COMMANDS,
    *status.COMMANDS,
    *search.COMMANDS,
    *prediction.COMMANDS,
    *delivery.COMMANDS,
    *exporting.COMMANDS,
    *judging.COMMANDS,
    *archive.COMMANDS,
    *backbones.COMMANDS,
    *serving.COMMANDS,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # A terminal may not have every script.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        require_complete_installation()
        options = _parser().parse_args(arguments)
        command: Command = options.command
        answer = command.run(options)
    except (DarkroomError, FailedError) as error:
        print(f"darkroom: {error}", file=sys.stderr)
        return error.code if isinstance(error, FailedError) else 2
    except KeyboardInterrupt:
        print("darkroom: stopped", file=sys.stderr)
        return STOPPED
    if options.json:
        # In ASCII, for every terminal and every pipe.
        print(json.dumps(answer))
    else:
        _print_readable(answer)
    return 0


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
            print(f"{indent}{key}: {_readable(value)}")


def _readable(value: object) -> str:
    """Write a value for people: negative numbers with a minus sign where the terminal has one."""
    if isinstance(value, list | tuple):
        items = ", ".join(repr(item) if isinstance(item, str) else _readable(item) for item in value)
        return f"[{items}]"
    return with_minus(str(value)) if _is_negative(value) and _can_print(MINUS) else str(value)


def _is_negative(value: object) -> bool:
    return isinstance(value, int | float) and value < 0


def _can_print(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _program_name() -> str:
    """Return the command as the user typed it: the entry point, or the module."""
    return "darkroom" if Path(sys.argv[0]).stem == "darkroom" else "python -m core"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_program_name(), description="Darkroom: train picture classifiers.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.summary, description=command.summary)
        subparser.add_argument("--json", action="store_true", help="print one JSON object")
        subparser.set_defaults(command=command)
        command.add_arguments(subparser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
