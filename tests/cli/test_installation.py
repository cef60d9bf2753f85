"""A copy of the packages alone, as a wheel installs them, says how to install Darkroom."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.installation import require_complete_installation
from tests.support.command_line import ROOT


@pytest.mark.parametrize("arguments", [["--help"], ["runs"]])
def test_an_installed_wheel_says_how_to_install_darkroom(tmp_path: Path, arguments: list[str]) -> None:
    """A wheel has the packages, and neither the server nor the translations."""
    shutil.copytree(ROOT / "core", tmp_path / "core", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "DARKROOM_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"{tmp_path} lacks app.py, locale, pages/navigation.py, .streamlit/config.toml." in done.stderr
    assert done.stderr.endswith("pip install --editable .\n")


def test_a_single_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("app.py", "locale", "pages/navigation.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(ConfigError, match=r"lacks \.streamlit/config\.toml\."):
        require_complete_installation(tmp_path)
