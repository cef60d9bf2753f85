"""Searches and trials of a project for the page, parsed once for each state of their files."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import DarkroomError
from core.jobs.directory import JobDirectory
from core.search.config import Goal, SearchConfig
from core.search.records import (
    RESULT_FILE,
    TRIALS_FILE,
    TRIALS_FOLDER,
    SearchProgress,
    SearchSummary,
    TrialRecord,
    best_trial,
    read_search_progress,
    read_trials,
)
from pages.ui.jobs import STATE_NAMES
from pages.ui.runs import unique_labels
from pages.ui.search.display_names import format_value
from pages.ui.text import _

_MAX_PARSED = 8  # files of trials in the cache


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search, read once for each run of the page's script."""

    job: JobDirectory
    config: SearchConfig
    trials: tuple[TrialRecord, ...]  # in the order in which they ended
    progress: SearchProgress
    summary: SearchSummary | None  # None before the search ended
    run: str  # name of the best trial's run; "" before there is one

    @property
    def baseline_value(self) -> float | None:
        """The baseline's value; None if it has none yet."""
        return next((trial.value for trial in self.trials if trial.is_baseline), None)

    @property
    def best(self) -> TrialRecord | None:
        """The trial that the search selected; before its end the one with the best value."""
        selected = self.trial(self.summary.best.number) if self.summary else None
        return selected or best_trial(self.trials, self.config.goal)

    def trial(self, number: int) -> TrialRecord | None:
        """Return the ended trial with this number."""
        return next((trial for trial in self.trials if trial.number == number), None)


def open_search(path: Path) -> Search:
    """Read the current state of a search.

    Raises:
        DarkroomError: a newer version of Darkroom wrote it.
    """
    job = JobDirectory(path)
    result = job.result() or {}
    return Search(
        job=job,
        config=_config(json.dumps(job.config())),
        trials=trials_of(path),
        progress=read_search_progress(path),
        summary=summary_of(job),
        run=str(result.get("run") or ""),
    )


def summary_of(job: JobDirectory) -> SearchSummary | None:
    """Return the summary of a search; None before it ended with one."""
    return job.step_result("search", SearchSummary)


@lru_cache(maxsize=_MAX_PARSED)
def _config(text: str) -> SearchConfig:
    """Read settings from JSON, once for each text."""
    return SearchConfig.from_json(json.loads(text))


def search_labels(paths: Sequence[Path]) -> dict[str, str]:
    """Return distinct labels of searches, by their names."""
    return dict(
        zip([path.name for path in paths], unique_labels([_label(path) for path in paths]), strict=True)
    )


def _label(path: Path) -> str:
    """Format the start of a search with its best value or its final state; a running search has only its start."""
    job = JobDirectory(path)
    try:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))
        goal = Goal(job.config().get("goal", Goal.ACCURACY))
    except DarkroomError:
        return path.name
    status = job.status()
    if summary := summary_of(job):
        return f"{when} · {format_value(summary.best.value, goal)}"
    return f"{when} · {_(STATE_NAMES[status.state])}" if status.state.has_ended else when


def trials_of(path: Path) -> tuple[TrialRecord, ...]:
    """Return the ended trials, in the order of their ends; cached."""
    try:
        status = (path / TRIALS_FILE).stat()
    except FileNotFoundError:
        return ()
    return _parsed(path, status.st_size, status.st_mtime_ns, _with_weights(path))


def _with_weights(path: Path) -> frozenset[str]:
    """Return the folder names of the trials with weights; the search removes the weights of all but the best."""
    return frozenset(file.parent.name for file in (path / TRIALS_FOLDER).glob(f"*/{RESULT_FILE}"))


@lru_cache(maxsize=_MAX_PARSED)
def _parsed(path: Path, size: int, modified_ns: int, with_weights: frozenset[str]) -> tuple[TrialRecord, ...]:
    return tuple(read_trials(path))
