"""Helper process of a search: it works by the search's settings as they are now."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.search.config import SearchConfig
from core.search.workers import helper
from core.search.workers.helper import HelperProgress, help_search
from core.training.config import TrainingConfig


def test_a_helper_of_a_search_that_was_extended_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It once died of the extension, and the search went on with one process."""
    config = SearchConfig(base=TrainingConfig(dataset_version=1), trials=5, workers=2)
    job = JobDirectory.create(tmp_path / "searches" / "search-1", JobKind.SEARCH, config.to_json())
    job.extend({"trials": 12, "minutes": 0.0})
    begun = list[SearchConfig]()

    def work(directory: Path, config: SearchConfig, *others: Any, **options: Any) -> Any:
        begun.append(config)
        return SimpleNamespace(work=lambda: None)

    monkeypatch.setattr(helper, "SearchWorker", work)
    monkeypatch.setattr(helper, "open_dataset", lambda project, version: None)
    monkeypatch.setattr(helper, "open_study", lambda directory, config, create: None)
    help_search(job.path, 1, HelperProgress(job.path, os.getppid()))
    assert [one.trials for one in begun] == [12]
