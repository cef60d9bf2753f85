"""Command record: one row of the command line's table."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from core.cli.terminal import Answer


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command: its name, its arguments and its function."""

    name: str
    # One line of help.
    summary: str
    # Returns what ``--json`` prints.
    run: Callable[[argparse.Namespace], Answer]
    # Declares the arguments beside ``--json``.
    add_arguments: Callable[[argparse.ArgumentParser], object]
