"""Lookup of what an address names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotFoundError
from core.http.names import run_of, search_of
from core.workspace import Project, open_staging, publish_project


@pytest.fixture
def project() -> Project:
    return publish_project(open_staging(), "Leaves")


@pytest.mark.parametrize(("folder", "find"), [("runs", run_of), ("searches", search_of)])
def test_one_entry_is_found_without_the_others(
    project: Project, monkeypatch: pytest.MonkeyPatch, folder: str, find: Callable[[Project, str], Any]
) -> None:
    """Each request names one; of thousands, each would be looked at."""
    entry = project.path / folder / "job-1"
    entry.mkdir(parents=True)
    (entry / "config.json").touch()
    (entry.parent / "unfinished").mkdir()

    def refuse(folder: Path) -> None:
        raise AssertionError(f"{folder} is listed")

    monkeypatch.setattr(Path, "iterdir", refuse)
    found = find(project, "job-1")
    assert getattr(found, "path", found) == entry
    for name in ("job-2", "unfinished", "..", "job-1/../job-1"):
        with pytest.raises(NotFoundError):
            find(project, name)
