"""Whatever the pages do to a project, a program can do."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Modules whose functions change something or start work.
ACTING = (
    "core.data.editing.",
    "core.data.importing",
    "core.delivery.limits",
    "core.delivery.thresholds",
    "core.doctor.report",
    "core.evaluation.leading",
    "core.models.supplied_weights",
    "core.prediction.corrections",
    "core.prediction.log.",
    "core.prediction.queue.",
    "core.runs.batches",
    "core.runs.compare",
    "core.runs.judging",
    "core.runs.repeating",
    "core.runs.start_",
    "core.search.analysis.export",
)
# Each with its reason.
OWN = {
    # A camera's shots; programs import files.
    "add_to_class",
    # Parts of what an address answers as a whole.
    "chosen_metric",
    "count_waiting",
    "differing_settings",
    "goal_file",
    "kept_picture",
    "least_cost_value",
    "outdated_pictures",
    # A trial's settings as a file.
    "settings_json",
}


def functions_used_in(folder: str) -> set[str]:
    """Functions of the acting modules that a folder imports."""
    found = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(ACTING):
                module = import_module(str(node.module))
                found |= {each.name for each in node.names if inspect.isfunction(getattr(module, each.name))}
    return found


def test_every_action_of_the_pages_has_an_address() -> None:
    """A page that learns something new asks for its row here."""
    assert functions_used_in("pages") - functions_used_in("core/http") == OWN
