"""The house plan holds: who may import whom, and where TensorFlow may live."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# A module imports from its own floor and from those above it in this list.
FLOORS = (
    {
        "messages",
        "errors",
        "files",
        "records",
        "progress",
        "processes",
        "devices",
        "keras_backend",
        "statistics",
    },
    {"workspace", "uploads"},
    {"jobs"},
    {"data"},
    {"models"},
    {"training"},
    {"doctor"},
    {"search"},
    {"evaluation"},
    {"delivery"},
    {"runs"},
    {"api"},
    {"cli"},
    {"__main__"},
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
CORE_FILES = sorted((ROOT / "core").rglob("*.py"))
PAGE_FILES = sorted((ROOT / "pages").rglob("*.py"))


def room_of(path: Path) -> str:
    """``data`` for ``core/data/split/splitting.py``, ``files`` for ``core/files.py``."""
    return path.relative_to(ROOT / "core").parts[0].removesuffix(".py")


def imported_modules(source: str) -> Iterator[str]:
    """Every module a source imports anywhere in it; ``from core import data`` is ``core.data``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def forbidden_imports(room: str, source: str) -> list[str]:
    """The imports of a core module that the house plan does not allow."""
    found = []
    for module in imported_modules(source):
        top, _, rest = module.partition(".")
        inner = rest.partition(".")[0]
        too_low = top == "core" and inner in FLOOR_OF and FLOOR_OF[inner] > FLOOR_OF[room]
        if top in {"streamlit", "pages", "tests"} or too_low:
            found.append(module)
    return found


@pytest.mark.parametrize(
    ("room", "source", "expected"),
    [
        ("models", "from core.data.dataset import read", []),
        ("training", "from core import data, models", []),
        ("errors", "from core.messages import Message", []),
        ("data", "from core.models.backbones import BACKBONES", ["core.models.backbones.BACKBONES"]),
        ("data", "from core import training", ["core.training"]),
        ("jobs", "def run():\n    import streamlit as st", ["streamlit"]),
        ("api", "import pages.ui.text", ["pages.ui.text"]),
    ],
)
def test_the_rule_tells_allowed_from_forbidden(room: str, source: str, expected: list[str]) -> None:
    """A guard that never fires guards nothing."""
    assert forbidden_imports(room, source) == expected


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_core_imports_only_what_stands_above(path: Path) -> None:
    """Each part can be read, and tested, without those that build on it."""
    room = room_of(path)
    if room == "__init__":
        return
    assert room in FLOOR_OF, f"core/{room} has no floor yet: give it one in FLOORS"
    assert forbidden_imports(room, path.read_text(encoding="utf-8")) == []


def test_no_page_can_load_tensorflow_or_optuna() -> None:
    """TensorFlow in the web process costs ten seconds and competes with training for the GPU; Optuna costs three."""
    wanted = {"pandas", "plotly.graph_objects", "keras"}
    for path in (*PAGE_FILES, ROOT / "app.py"):
        wanted.update(imported_modules(path.read_text(encoding="utf-8")))
        if path.is_relative_to(ROOT / "pages" / "ui"):
            module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            wanted.add(module.removesuffix(".__init__"))
    program = (
        "import importlib, sys\n"
        "from core.models.lean_keras import import_keras\n"
        "import_keras()\n"  # as whatever wants Keras in the web process does
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'optuna')))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program, *sorted(filter(None, map(module_part, wanted)))],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip() == ""


def module_part(name: str) -> str:
    """The importable part of a dotted name: ``core.files`` for ``core.files.write_json``."""
    parent, _, _ = name.rpartition(".")
    try:
        spec = find_spec(name)
    except (ModuleNotFoundError, ValueError):
        spec = None
    return name if spec else parent
