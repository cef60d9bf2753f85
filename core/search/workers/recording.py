"""Record of a search for people: ended trials and the current progress, from Optuna's study."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from core.files import append_json_line, read_json_lines
from core.progress import Progress
from core.search.analysis.importances import importances
from core.search.config import SearchConfig
from core.search.records import (
    TRIALS_FILE,
    RunningTrial,
    SearchProgress,
    read_search_progress,
    read_trials,
)
from core.search.space import Speed
from core.search.study.plan import plan_of
from core.search.study.trials import OWNER, RECORD, Worker, ended, record_of, settle_abandoned
from core.search.study.weight_transfer import WeightTransfer

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_SETTLE_SECONDS = 5.0
_IMPORTANCES_EVERY = 20  # trials


class TrialLog:
    """``trials.jsonl`` of a directory: one line for each ended trial, of any machine."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / TRIALS_FILE
        self.known = {line["number"] for line in read_json_lines(self._file)}

    def add(self, done: Sequence[FrozenTrial]) -> None:
        """Append the ended trials that are not in the file yet."""
        for trial in done:
            if trial.number not in self.known:
                append_json_line(self._file, record_of(trial).without_predictions().to_json())
                self.known.add(trial.number)


class Recorder:
    """Writer of ``trials.jsonl`` and ``live.json`` while a search runs; a search has only one."""

    def __init__(
        self, directory: Path, config: SearchConfig, study: optuna.Study, progress: Progress,
        weight_transfer: WeightTransfer | None = None,
    ) -> None:  # fmt: skip
        """Continue the record of an earlier attempt.

        Args:
            weight_transfer: receives weights from machines that cannot see ``directory``.
        """
        self._directory, self._config, self._study, self._progress = directory, config, study, progress
        self._has_result = False
        self._weight_transfer = weight_transfer
        self._log = TrialLog(directory)
        self.seconds_before = read_search_progress(directory).seconds
        self._began = time.monotonic()
        self._importances: dict[str, float] = dict(read_search_progress(directory).importances)
        self._trials_in_importances = len(self._log.known)
        self._settled = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="recorder", daemon=True)
        self._ownerless: dict[int, float] = {}

    @property
    def seconds(self) -> float:
        """Seconds of work on this search, over all attempts."""
        return self.seconds_before + time.monotonic() - self._began

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._over.set()
        self._thread.join()
        self.update()

    def update(self) -> None:
        """Write new trials and the current progress."""
        trials = self._study.get_trials(deepcopy=False)
        self._receive_weights(trials)
        done = ended(trials)
        self._log.add(done)
        self._update_importances()
        self._report_result(trials)
        running = [_running(trial) for trial in trials if trial.state is TrialState.RUNNING]
        progress = SearchProgress(
            running=tuple(one for one in running if one is not None),
            seconds=round(self.seconds, 3),
            stage=_stage(done),
            workers=self._config.workers,
            importances=self._importances,
        )
        self._progress.live(progress.to_json())
        self._advance()

    def _report_result(self, trials: Sequence[FrozenTrial]) -> None:
        """Report once that the search can conclude: it has a complete trial."""
        if not self._has_result and any(trial.state is TrialState.COMPLETE for trial in trials):
            self._progress.keep({})
            self._has_result = True

    def _follow(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            try:
                self.update()
                if time.monotonic() - self._settled > _SETTLE_SECONDS:
                    settle_abandoned(self._study, self._ownerless)
                    self._settled = time.monotonic()
            except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
                log.warning("The database did not answer: %s", error.__cause__ or error)

    def _receive_weights(self, trials: Sequence[FrozenTrial]) -> None:
        """Receive weights from other machines, before their trials are written."""
        if self._weight_transfer is None:
            return
        complete = {trial.number for trial in trials if trial.state is TrialState.COMPLETE}
        for number in self._weight_transfer.pending() & complete:
            self._weight_transfer.receive(number, self._directory)

    def _advance(self) -> None:
        """Report progress by trials or by time, whichever is further."""
        plan = plan_of(self._study)
        parts = []
        if plan.max_trials:
            parts.append((len(self._log.known), plan.max_trials))
        if plan.deadline:
            total = round(60 * self._config.minutes)
            parts.append((min(round(self.seconds), total), total))
        if parts:
            self._progress.advance(*max(parts, key=lambda part: part[0] / max(1, part[1])))

    def _update_importances(self) -> None:
        if len(self._log.known) - self._trials_in_importances >= _IMPORTANCES_EVERY or self._over.is_set():
            self._trials_in_importances = len(self._log.known)
            self._importances = importances(
                read_trials(self._directory), self._config.space, self._config.goal
            )


def _running(trial: FrozenTrial) -> RunningTrial | None:
    owner = trial.user_attrs.get(OWNER)
    if owner is None or trial.datetime_start is None:
        return None
    return RunningTrial(
        number=trial.number,
        params=trial.params,
        began=trial.datetime_start.timestamp(),
        worker=Worker.from_json(owner).name,
    )


def _stage(done: Sequence[FrozenTrial]) -> Speed:
    """Scope of the newest ended trial."""
    return Speed(done[-1].user_attrs[RECORD]["speed"]) if done else Speed.HEAD
