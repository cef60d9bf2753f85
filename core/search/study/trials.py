"""Trials of a study: their attributes, the worker they belong to, and recovery after a crash.

Optuna stores each step of a trial at once, so trials survive the death of their process.
Their result is stored here, in the user attribute ``record``, just before Optuna learns
of it. A failed trial without that attribute was interrupted: it is queued again and does
not count.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import optuna
from optuna.storages._heartbeat import is_heartbeat_enabled
from optuna.trial import FrozenTrial, TrialState

from core.processes import ProcessRecord
from core.records import JsonObject, Record
from core.search.config import SearchConfig
from core.search.records import TrialRecord, rank
from core.search.records import TrialState as FinalState
from core.search.trials.predictions import PackedPredictions

# User attributes of trials; the values are in the databases and journals of earlier versions.
RECORD, OWNER, LOCATION, SETTINGS = "record", "owner", "place", "settings"
RETRY_HISTORY = "retry_history"  # system attribute of Optuna: numbers of the interrupted attempts
MACHINE_VARIABLE = "DARKROOM_MACHINE"
_OWNERLESS_SECONDS = 30.0  # a trial names its owner within this time of its start


@dataclass(frozen=True, kw_only=True)
class Worker(Record):
    """A process that runs trials."""

    host: str
    pid: int
    started: float  # seconds since the epoch
    # See ``ProcessRecord``.
    system: str = ""
    namespace: str = ""
    start_ticks: int = 0

    @property
    def name(self) -> str:
        """Name for people: machine:process."""
        return f"{self.host}:{self.pid}"

    @property
    def process(self) -> ProcessRecord:
        """Identity of the process on its machine."""
        values = {field.name: getattr(self, field.name) for field in fields(ProcessRecord)}
        return ProcessRecord(**values)


@dataclass(frozen=True, kw_only=True)
class WeightsLocation(Record):
    """Machine and folder in which a trial's weights were trained."""

    machine: str
    folder: str


@dataclass(frozen=True, kw_only=True)
class StudyTrialRecord(TrialRecord):
    """An ended trial with its predictions, as the study stores it."""

    predictions: PackedPredictions | None = None  # None: the trial was not completed
    other_epochs: tuple[PackedPredictions, ...] = ()  # predictions of the next best epochs

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Darkroom 0.1.0 called the predictions ``answers``."""
        values = super().upgrade(values)
        return {("predictions" if name == "answers" else name): value for name, value in values.items()}

    def without_predictions(self) -> TrialRecord:
        """The part of the record that people read."""
        return TrialRecord(**{name: getattr(self, name) for name in TrialRecord.__dataclass_fields__})


def record_of(trial: FrozenTrial) -> StudyTrialRecord:
    """The stored result of an ended trial."""
    return StudyTrialRecord.from_json({**trial.user_attrs[RECORD], "number": trial.number})


def state_of(trial: FrozenTrial) -> FinalState:
    """The final state of an ended trial."""
    return FinalState(trial.user_attrs[RECORD]["state"])


def counted(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Trials at work and ended trials; of an interrupted trial its retry counts."""
    retried = _retried(trials)
    return [
        trial
        for trial in trials
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        or (trial.state is TrialState.FAIL and RECORD in trial.user_attrs and trial.number not in retried)
    ]


def unfinished(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Trials at work, queued ones, and interrupted ones that nobody has queued again yet."""
    retried = _retried(trials)
    return [
        trial
        for trial in trials
        if trial.state in (TrialState.RUNNING, TrialState.WAITING)
        or (trial.state is TrialState.FAIL and RECORD not in trial.user_attrs and trial.number not in retried)
    ]


def ended(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The counted trials that have ended, in the order of their ends."""
    done = [trial for trial in counted(trials) if trial.state.is_finished() and RECORD in trial.user_attrs]
    return sorted(done, key=lambda trial: trial.user_attrs[RECORD]["ended"])


def best_of(trials: Sequence[FrozenTrial], config: SearchConfig) -> list[FrozenTrial]:
    """Complete trials of a study, in the order of :func:`core.search.records.ranked`."""
    complete = [(trial, trial.user_attrs[RECORD]) for trial in trials if RECORD in trial.user_attrs]
    complete.sort(key=lambda one: rank(one[0].number, one[1]["value"], one[1]["measures"], config.goal))
    return [trial for trial, _ in complete]


def trials_done_by(study: optuna.Study, worker: Worker) -> int:
    """Number of counted trials that a worker has ended."""
    done = ended(study.get_trials(deepcopy=False))
    return sum(trial.user_attrs[RECORD]["worker"] == worker.name for trial in done)


def has_running(study: optuna.Study) -> bool:
    """True while a trial is at work."""
    return bool(study.get_trials(deepcopy=False, states=[TrialState.RUNNING]))


def queue_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queue an interrupted trial with the same settings, for whichever worker is free first."""
    history = [*trial.system_attrs.get(RETRY_HISTORY, ()), trial.number]
    own = (OWNER, LOCATION, RECORD)
    study.add_trial(
        optuna.create_trial(
            state=TrialState.WAITING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={name: value for name, value in trial.user_attrs.items() if name not in own},
            system_attrs={**trial.system_attrs, "failed_trial": history[0], RETRY_HISTORY: history},
        )
    )


def settle_abandoned(study: optuna.Study, ownerless: dict[int, float] | None = None) -> None:
    """End the trials of dead processes: completed ones count, the others are queued again.

    A process of this machine is looked up. One of another machine counts as dead without a
    heartbeat, which databases have.

    Args:
        ownerless: for trials without an owner the time since which they have been seen;
            pass the same dict to each call.
    """
    optuna.storages.fail_stale_trials(study)
    ownerless = {} if ownerless is None else ownerless
    has_heartbeat = is_heartbeat_enabled(study._storage)
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        if not _is_abandoned(trial, ownerless, has_heartbeat=has_heartbeat):
            continue
        try:
            if RECORD in trial.user_attrs and state_of(trial) is FinalState.COMPLETE:
                study.tell(trial.number, objective_values(trial.user_attrs[RECORD]))
            else:
                study.tell(trial.number, state=TrialState.FAIL)
                queue_again(study, trial)
        except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
            continue  # another process was first


def _retried(trials: Sequence[FrozenTrial]) -> set[int]:
    """Numbers of the interrupted trials that were queued again."""
    return {number for trial in trials for number in trial.system_attrs.get(RETRY_HISTORY, ())}


def _is_abandoned(trial: FrozenTrial, ownerless: dict[int, float], *, has_heartbeat: bool) -> bool:
    if OWNER not in trial.user_attrs:  # its process is about to name itself, or died before it could
        now = time.monotonic()
        return now - ownerless.setdefault(trial.number, now) > _OWNERLESS_SECONDS
    owner = Worker.from_json(trial.user_attrs[OWNER])
    if owner.host != machine_name():
        return False  # left to the heartbeat
    if not owner.process.is_visible():
        # A container with the same host name. A search without a database has one job, whose lease
        # says that it is ours, so this is what an earlier container left.
        return not has_heartbeat
    return not owner.process.is_alive()


def objective_values(record: Mapping[str, Any]) -> list[float]:
    """The values of a complete trial as Optuna stores them: one for each direction."""
    return [record["value"]] + ([] if record["second"] is None else [record["second"]])


def this_worker() -> Worker:
    """The current process."""
    process = ProcessRecord.of()
    values = {field.name: getattr(process, field.name) for field in fields(ProcessRecord)}
    return Worker(host=machine_name(), **values)


def machine_name() -> str:
    """Name of this machine, unique in a search: the host's, or ``DARKROOM_MACHINE``."""
    return os.environ.get(MACHINE_VARIABLE) or socket.gethostname()
