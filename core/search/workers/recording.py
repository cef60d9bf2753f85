"""Writes down for people what Optuna knows: trials as they end, and what is going on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from core.files import append_json_line, read_json_lines
from core.progress import Progress
from core.search.analysis.importances import importances
from core.search.config import SearchConfig
from core.search.records import TRIALS_FILE, TrialRecord, read_now, read_trials
from core.search.space import Speed
from core.search.study.study import OWNER, RECORD, ended, plan_of, settle_abandoned, worker_name
from core.search.study.weight_transfer import Mailbox

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_SETTLE_SECONDS = 5.0
_IMPORTANCES_EVERY = 20  # trials
_NOT_FOR_PEOPLE = {"answers", "other_epochs"}


class TrialLog:
    """``trials.jsonl`` of a directory: one line for each trial that has ended, on whichever machine."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / TRIALS_FILE
        self.known = {line["number"] for line in read_json_lines(self._file)}

    def add(self, done: Sequence[FrozenTrial]) -> None:
        """Write down those that are new of a study's trials that have ended."""
        for trial in done:
            if trial.number not in self.known:
                append_json_line(self._file, _line(trial))
                self.known.add(trial.number)


class Recorder:
    """Keeps ``trials.jsonl`` and ``live.json`` true while a search works; of one search there is one."""

    def __init__(
        self, directory: Path, config: SearchConfig, study: optuna.Study, progress: Progress,
        mailbox: Mailbox | None = None,
    ) -> None:  # fmt: skip
        """Begin where an earlier attempt ended.

        Args:
            mailbox: what weights come in from machines that do not see ``directory``.
        """
        self._directory, self._config, self._study, self._progress = directory, config, study, progress
        self._is_kept = False
        self._mailbox = mailbox
        self._log = TrialLog(directory)
        self.seconds_before = read_now(directory).seconds
        self._began = time.monotonic()
        self._importances: dict[str, float] = dict(read_now(directory).importances)
        self._judged = len(self._log.known)
        self._settled = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="recorder", daemon=True)
        self._nameless: dict[int, float] = {}

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
        self._take_weights(trials)
        done = ended(trials)
        self._log.add(done)
        going = [_going(trial) for trial in trials if trial.state is TrialState.RUNNING]
        self._judge_dimensions()
        self._keep(trials)
        self._progress.live(
            {
                "going": [one for one in going if one is not None],
                "seconds": round(self.seconds, 3),
                "stage": _stage(done),
                "workers": self._config.workers,
                "importances": self._importances,
            }
        )
        self._advance()

    def _keep(self, trials: Sequence[FrozenTrial]) -> None:
        """A complete trial is enough to conclude with, should the search be cut off."""
        if not self._is_kept and any(trial.state is TrialState.COMPLETE for trial in trials):
            self._progress.keep({})
            self._is_kept = True

    def _follow(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            try:
                self.look()
                if time.monotonic() - self._settled > _SETTLE_SECONDS:
                    settle_abandoned(self._study, self._nameless)
                    self._settled = time.monotonic()
            except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
                log.warning("The database did not answer: %s", error.__cause__ or error)

    def _take_weights(self, trials: Sequence[FrozenTrial]) -> None:
        """What has come from other machines; before the trials are written down, so that theirs are there."""
        if self._mailbox is None:
            return
        complete = {trial.number for trial in trials if trial.state is TrialState.COMPLETE}
        for number in self._mailbox.waiting() & complete:
            self._mailbox.take(number, self._directory)

    def _advance(self) -> None:
        """By trials or by time, whichever is nearer to its end."""
        plan = plan_of(self._study)
        parts = []
        if plan["trials"]:
            parts.append((len(self._log.known), plan["trials"]))
        if plan["deadline"]:
            total = round(60 * self._config.minutes)
            parts.append((min(round(self.seconds), total), total))
        if parts:
            self._progress.advance(*max(parts, key=lambda part: part[0] / max(1, part[1])))

    def _judge_dimensions(self) -> None:
        if len(self._log.known) - self._judged >= _IMPORTANCES_EVERY or self._over.is_set():
            self._judged = len(self._log.known)
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
        "worker": worker_name(owner),
    }


def _stage(done: Sequence[FrozenTrial]) -> str:
    """What the newest trial that has ended trained."""
    return str(done[-1].user_attrs[RECORD]["speed"]) if done else Speed.HEAD.value
