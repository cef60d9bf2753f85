"""Architecture: the order of imports, folders without cycles, and no TensorFlow in the web process."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# A module imports from its own floor and from those above it in this list.
FLOORS = (
    {
        "messages",
        "catalogues",
        "formatting",
        "natural_order",
        "errors",
        "files",
        "records",
        "progress",
        "processes",
        "devices",
        "keras_backend",
        "installation",
        "garbage",
        "statistics",
        "leases",
        "port",
        "optional_packages",
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
    {"prediction"},
    {"archive"},
    {"runs"},
    {"reporting"},
    {"http"},
    {"cli"},
    {"__main__"},
)
# The decoder is copied into bundles, where its modules find each other by relative imports alone.
BUNDLED = "core.data.images"
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
            module = f"{BUNDLED}.{node.module or ''}".rstrip(".") if node.level else node.module or ""
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
        ("http", "import pages.ui.text", ["pages.ui.text"]),
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


def test_imports_are_absolute_but_for_the_decoder_in_bundles() -> None:
    relative = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for path in [*CORE_FILES, *PAGE_FILES]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    }
    assert relative <= {BUNDLED}


def test_the_server_and_commands_start_without_packages_that_take_long_to_import() -> None:
    """They delayed the first page by two seconds, where ``warm_up`` loads them later, and each command as well."""
    program = (
        "import app, sys\n"
        "print(*sorted({'numpy', 'pandas', 'pyarrow', 'scipy', 'sklearn'} & set(sys.modules)))\n"
        "import core.__main__\n"
        "print(*sorted({'scipy', 'sklearn'} & set(sys.modules)))"
    )
    assert printed(program) == ""


def test_the_first_page_waits_for_no_package_that_only_others_need() -> None:
    """Each import delays its first sight."""
    pages = [ROOT / "pages" / name for name in ("navigation.py", "overview.py")]
    wanted = {name for path in pages for name in imported_modules(path.read_text(encoding="utf-8"))}
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*sorted({'ai_edge_litert', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    assert printed(program, *sorted(filter(None, map(module_part, wanted)))) == ""


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
    assert printed(program, *sorted(filter(None, map(module_part, wanted)))) == ""


def printed(program: str, *arguments: str) -> str:
    """Output of a Python program, in a process like that of the pages."""
    outcome = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout.strip()


def module_part(name: str) -> str:
    """The importable part of a dotted name: ``core.files`` for ``core.files.write_json``."""
    parent, _, _ = name.rpartition(".")
    try:
        spec = find_spec(name)
    except (ModuleNotFoundError, ValueError):
        spec = None
    return name if spec else parent


MAX_FILES = 20
SHARED_BY_PAGES = {"components", "display_names", "editing", "state"}


def module_path(name: str) -> Path | None:
    """The file of a dotted module; None for a name inside a module, or a foreign one."""
    path = ROOT / name.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def imported_files(path: Path) -> set[Path]:
    """The files of this house that a file imports anywhere in it."""
    files = set()
    for name in imported_modules(path.read_text(encoding="utf-8")):
        file = module_path(name) or module_path(name.rpartition(".")[0])
        if file is not None and file != path:
            files.add(file)
    return files


def cycles(graph: dict[str, set[str]]) -> set[tuple[str, ...]]:
    """Groups of nodes that reach one another, each in the order of their names."""
    reachable = {node: _reachable(graph, node) for node in graph}
    groups = {
        tuple(sorted(other for other in graph if other in reachable[node] and node in reachable[other]))
        for node in graph
    }
    return {group for group in groups if len(group) > 1}


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for node in graph.get(waiting.pop(), set()) - seen:
            seen.add(node)
            waiting.append(node)
    return seen


def sub_package_graph(room: Path) -> dict[str, set[str]]:
    """Imports between the sub-packages of a room, and its own modules."""
    members = [path for path in room.iterdir() if path.suffix == ".py" or any(path.rglob("*.py"))]
    graph: dict[str, set[str]] = {
        path.relative_to(ROOT).as_posix(): set() for path in members if path.name != "__init__.py"
    }
    for name in graph:
        member = ROOT / name
        for path in [member] if member.is_file() else member.rglob("*.py"):
            targets = [file.relative_to(ROOT).as_posix() for file in imported_files(path)]
            graph[name] |= {
                other
                for other in graph
                for file in targets
                if other != name and (file == other or file.startswith(f"{other}/"))
            }
    return graph


def page_breaches() -> set[tuple[str, str]]:
    """Imports of one page's folder from outside it, as (file, folder)."""
    ui = ROOT / "pages" / "ui"
    breaches = set()
    for path in ui.rglob("*.py"):
        own = path.relative_to(ui).parts[0]
        for file in imported_files(path):
            if ui in file.parents and file.parent != ui:
                folder = file.relative_to(ui).parts[0]
                if folder != own and folder not in SHARED_BY_PAGES:
                    breaches.add((path.relative_to(ROOT).as_posix(), folder))
    return breaches


def test_cycles_are_found() -> None:
    """A guard that never fires guards nothing."""
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}
    assert cycles(graph) == {("a", "b", "c")}
    assert cycles({"a": {"b"}, "b": set()}) == set()


def test_no_module_imports_itself_through_others() -> None:
    """Imports within functions count too."""
    names = {path: path.relative_to(ROOT).as_posix() for path in CORE_FILES if path.name != "__init__.py"}
    graph = {
        name: {names[file] for file in imported_files(path) if file in names} for path, name in names.items()
    }
    assert cycles(graph) == set()


def test_sub_packages_and_modules_of_a_room_form_no_cycle() -> None:
    rooms = [path for path in (ROOT / "core").iterdir() if path.is_dir()]
    found = set().union(*(cycles(sub_package_graph(room)) for room in rooms))
    assert found == set()


def test_no_page_imports_from_the_folder_of_another() -> None:
    """Code shared by several pages stands in ``pages/ui/*.py`` or ``pages/ui/display_names/``."""
    assert page_breaches() == set()


def test_session_state_is_touched_by_one_module() -> None:
    """Everything else names what it stores: ``state.choose_run("run-…")``."""
    users = {
        path.relative_to(ROOT).as_posix()
        for path in PAGE_FILES
        if "st.session_state" in path.read_text("utf-8")
    }
    assert users == {"pages/ui/session.py"}


def test_no_folder_has_more_files_than_can_be_overlooked() -> None:
    counts = Counter(path.parent for path in (*CORE_FILES, *PAGE_FILES))
    assert {folder: count for folder, count in counts.items() if count > MAX_FILES} == {}
