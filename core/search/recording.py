"""Writes down for people what Optuna knows: trials as they end, and what is going on."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from core.files import append_json_line, read_json_lines
from core.progress import Progress
from core.search.config import SearchConfig
from core.search.importances import importances
from core.search.records import TRIALS_FILE, TrialRecord, read_now, read_trials
from core.search.space import Speed
from core.search.study import OWNER, RECORD, ended, plan_of, settle_abandoned

_LOOK_SECONDS = 0.5
_SETTLE_SECONDS = 5.0
_IMPORTANCES_EVERY = 20  # trials
_NOT_FOR_PEOPLE = {"answers"}


class Recorder:
    """Keeps ``trials.jsonl`` and ``live.json`` true while a search works; of one search there is one."""

    def __init__(
        self, directory: Path, config: SearchConfig, study: optuna.Study, progress: Progress
    ) -> None:
        self._directory, self._config, self._study, self._progress = directory, config, study, progress
        self._file = directory / TRIALS_FILE
        self._known = {line["number"] for line in read_json_lines(self._file)}
        self.seconds_before = read_now(directory).seconds
        self._began = time.monotonic()
        self._importances: dict[str, float] = dict(read_now(directory).importances)
        self._judged = len(self._known)
        self._settled = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="recorder", daemon=True)
        self._error: Exception | None = None

    @property
    def seconds(self) -> float:
        """Of work on this search so far."""
        return self.seconds_before + time.monotonic() - self._began

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._over.set()
        self._thread.join()
        self.look()

    def look(self) -> None:
        """Write down what is new."""
        trials = self._study.get_trials(deepcopy=False)
        for trial in ended(trials):
            if trial.number not in self._known:
                append_json_line(self._file, _line(trial))
                self._known.add(trial.number)
                if (
                    trial.state is TrialState.COMPLETE
                ):  # enough to conclude with, should the search be cut off
                    self._progress.keep({})
        going = [_going(trial) for trial in trials if trial.state is TrialState.RUNNING]
        self._judge_dimensions()
        self._progress.live(
            {
                "going": [one for one in going if one is not None],
                "seconds": round(self.seconds, 3),
                "stage": _stage(trials),
                "workers": self._config.workers,
                "importances": self._importances,
            }
        )
        self._advance()

    def _follow(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.look()
            if time.monotonic() - self._settled > _SETTLE_SECONDS:
                settle_abandoned(self._study)
                self._settled = time.monotonic()

    def _advance(self) -> None:
        """By trials or by time, whichever is nearer to its end."""
        plan = plan_of(self._study)
        parts = []
        if plan["trials"]:
            parts.append((len(self._known), plan["trials"]))
        if plan["deadline"]:
            total = round(60 * self._config.minutes)
            parts.append((min(round(self.seconds), total), total))
        if parts:
            self._progress.advance(*max(parts, key=lambda part: part[0] / max(1, part[1])))

    def _judge_dimensions(self) -> None:
        if len(self._known) - self._judged >= _IMPORTANCES_EVERY or self._over.is_set():
            self._judged = len(self._known)
            self._importances = importances(
                read_trials(self._directory), self._config.space, self._config.goal
            )


def _line(trial: FrozenTrial) -> dict[str, Any]:
    record = {name: value for name, value in trial.user_attrs[RECORD].items() if name not in _NOT_FOR_PEOPLE}
    return TrialRecord.from_json({"number": trial.number, **record}).to_json()


def _going(trial: FrozenTrial) -> dict[str, Any] | None:
    owner = trial.user_attrs.get(OWNER)
    if owner is None or trial.datetime_start is None:
        return None
    return {
        "number": trial.number,
        "params": trial.params,
        "began": trial.datetime_start.timestamp(),
        "worker": f"{owner['host']}:{owner['pid']}",
    }


def _stage(trials: list[FrozenTrial]) -> str:
    """What the newest trial trains."""
    speeds = [trial.user_attrs[RECORD]["speed"] for trial in ended(trials)]
    return speeds[-1] if speeds else Speed.HEAD.value
