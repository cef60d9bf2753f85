"""Throwaway rows of the tables that are extension points."""

from __future__ import annotations

import sys
from typing import Any

import pytest

_OURS = ("core.", "pages.", "tests.")


def extend_table(monkeypatch: pytest.MonkeyPatch, table: tuple[Any, ...], *rows: object) -> None:
    """Add rows to a table under every name it has been imported by, as further lines in its module would.

    Modules that the test will cause to be imported must be imported before: they would keep the rows.
    """
    modules = [module for name, module in sys.modules.items() if name.startswith(_OURS)]
    for module in modules:
        for name, value in list(vars(module).items()):
            if value is table:
                monkeypatch.setattr(module, name, (*table, *rows))
