"""A project's searches and their trials as the page reads them: parsed once for each state of the file."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import DarkroomError
from core.jobs.directory import JobDirectory
from core.search.config import Goal, SearchConfig
from core.search.records import (
    RESULT_FILE,
    TRIALS_FILE,
    TRIALS_FOLDER,
    SearchNow,
    TrialRecord,
    best_trial,
    read_now,
    read_trials,
)
from pages.ui.jobs import STATE_NAMES
from pages.ui.runs import told_apart
from pages.ui.search.display_names import value_words
from pages.ui.text import _

_MOST_PARSED = 8  # files of trials that are kept


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search, read once for a drawing of the page."""

    job: JobDirectory
    config: SearchConfig
    trials: tuple[TrialRecord, ...]  # in the order in which they ended
    now: SearchNow
    result: dict[str, Any]  # what the search returned; empty before it ended
    run: str  # the run made of its best trial; "" before there is one

    @property
    def default_value(self) -> float | None:
        """What the settings to be beaten reached."""
        return next((trial.value for trial in self.trials if trial.is_default), None)

    @property
    def best(self) -> TrialRecord | None:
        """The trial that the search chose; before its end the one with the best value."""
        number = (self.result.get("best") or {}).get("number")
        chosen = self.trial(number) if number is not None else None
        return chosen or best_trial(self.trials, self.config.goal)

    def trial(self, number: int) -> TrialRecord | None:
        return next((trial for trial in self.trials if trial.number == number), None)


def open_search(path: Path) -> Search:
    """A search as it is now.

    Raises:
        DarkroomError: another version of Darkroom wrote it.
    """
    job = JobDirectory(path)
    result = job.result() or {}
    return Search(
        job=job,
        config=_config(json.dumps(job.config())),
        trials=trials_of(path),
        now=read_now(path),
        result=dict(result.get("search") or {}),
        run=str(result.get("run") or ""),
    )


@lru_cache(maxsize=_MOST_PARSED)
def _config(text: str) -> SearchConfig:
    """The same text is checked once."""
    return SearchConfig.from_json(json.loads(text))


def search_labels(paths: Sequence[Path]) -> dict[str, str]:
    """The label of each search by its name, no two the same."""
    return dict(zip([path.name for path in paths], told_apart([_label(path) for path in paths]), strict=True))


def _label(path: Path) -> str:
    """A search in a list: when it began, and its best or how it ended; what goes on would not stay true."""
    job = JobDirectory(path)
    try:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))
        goal = Goal(job.config().get("goal", Goal.ACCURACY))
    except DarkroomError:
        return path.name
    status = job.status()
    best = ((job.result() or {}).get("search") or {}).get("best")
    if best:
        return f"{when} · {value_words(best['value'], goal)}"
    return f"{when} · {_(STATE_NAMES[status.state])}" if status.state.has_ended else when


def trials_of(path: Path) -> tuple[TrialRecord, ...]:
    """The trials that have ended, in the order in which they did. Not to be changed."""
    try:
        status = (path / TRIALS_FILE).stat()
    except FileNotFoundError:
        return ()
    return _parsed(path, status.st_size, status.st_mtime_ns, _kept_weights(path))


def _kept_weights(path: Path) -> frozenset[str]:
    """The trials whose weights are kept now: those of beaten ones are removed."""
    return frozenset(file.parent.name for file in (path / TRIALS_FOLDER).glob(f"*/{RESULT_FILE}"))


@lru_cache(maxsize=_MOST_PARSED)
def _parsed(path: Path, size: int, modified_ns: int, kept_weights: frozenset[str]) -> tuple[TrialRecord, ...]:
    return tuple(read_trials(path))
