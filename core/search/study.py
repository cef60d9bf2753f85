"""The Optuna study of a search: where it is kept, who proposes settings, and which of its trials count.

Optuna writes every step of a trial at once, so whatever happens to a process its
trials are known. What Optuna does not know is how a trial ended here: that stands
in its user attribute ``record``, written just before the trial is told. A failed
trial without it was interrupted: it is queued again and does not count.
"""

from __future__ import annotations

import os
import re
import socket
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import psutil
from optuna.storages import JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from core.errors import SearchError
from core.files import digest_of
from core.messages import N_
from core.processes import process_lives
from core.search.config import Pruner, Sampler, SearchConfig, Tradeoff
from core.workspace import project_of

RECORD, OWNER, SETTINGS, PLAN = "record", "owner", "settings", "plan"
_HEARTBEAT_SECONDS, _STALE_SECONDS = 15, 60
_STARTUP_TRIALS = 10  # at random, before anything is learnt from them
_PRUNE_AFTER_TRIALS, _PRUNE_AFTER_EPOCHS = 4, 2
_GRID_POINTS = 4
_FULL_BUDGET = 100  # epochs, for Hyperband

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def journal_file(directory: Path) -> Path:
    return directory / "journal.log"


def study_name(directory: Path) -> str:
    """Under which the study is kept: searches of several projects may share a database."""
    return f"{project_of(directory).name}/{directory.name}"


def open_study(directory: Path, config: SearchConfig, *, seed: int = 0, create: bool = True) -> optuna.Study:
    """The study of a search.

    Args:
        seed: of the sampler; every process needs one of its own.
        create: begin it if it is not there.
    Raises:
        SearchError: the database cannot be reached, or has no such study.
    """
    storage = _database(config.storage) if config.storage else _journal(directory)
    is_several = config.tradeoff is not Tradeoff.NONE
    better = StudyDirection.MINIMIZE if config.goal.is_better_low else StudyDirection.MAXIMIZE
    options: dict[str, Any] = {
        "study_name": study_name(directory),
        "storage": storage,
        "sampler": sampler_of(config, seed),
        "pruner": _pruner(config),
    }
    try:
        if create:
            directions = [better, StudyDirection.MINIMIZE] if is_several else [better]
            return optuna.create_study(**options, directions=directions, load_if_exists=True)
        return optuna.load_study(**options)
    except KeyError as error:
        raise SearchError(
            N_("There is no search called “{name}” in {storage}."),
            name=study_name(directory),
            storage=without_password(config.storage) or str(journal_file(directory)),
        ) from error


def sampler_of(config: SearchConfig, seed: int) -> optuna.samplers.BaseSampler:
    if config.sampler is Sampler.RANDOM:
        return optuna.samplers.RandomSampler(seed=seed)
    if config.sampler is Sampler.GRID:
        return optuna.samplers.GridSampler(config.space.grid(_GRID_POINTS), seed=seed)
    if config.sampler is Sampler.CMA_ES:
        return optuna.samplers.CmaEsSampler(seed=seed)
    return optuna.samplers.TPESampler(
        seed=seed, n_startup_trials=_STARTUP_TRIALS, multivariate=True, group=True, constant_liar=True
    )


def counted(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Those that are at work or have ended; what was interrupted is not one of them, its retry is."""
    retried = {number for trial in trials for number in trial.system_attrs.get("retry_history", ())}
    return [
        trial
        for trial in trials
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        or (trial.state is TrialState.FAIL and RECORD in trial.user_attrs and trial.number not in retried)
    ]


def ended(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Those of them that have ended, in the order in which they did."""
    done = [trial for trial in counted(trials) if trial.state.is_finished() and RECORD in trial.user_attrs]
    return sorted(done, key=lambda trial: trial.user_attrs[RECORD]["ended"])


def queue_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Let a trial that was interrupted be done anew, with the same settings."""
    RetryHeartbeatStaleTrialCallback()(study, trial)


def settle_abandoned(study: optuna.Study) -> None:
    """Bring trials to an end whose process on this machine is dead: the finished count, the others are queued."""
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        owner = trial.user_attrs.get(OWNER)
        if owner is None or owner["host"] != socket.gethostname():
            continue  # the heartbeat's matter
        if process_lives(owner["pid"], owner["started"]):
            continue
        record = trial.user_attrs.get(RECORD)
        if record is not None and record["state"] == "complete":
            study.tell(trial.number, values_of_record(record))
            continue
        study.tell(trial.number, state=TrialState.FAIL)
        queue_again(study, trial)


def values_of_record(record: dict[str, Any]) -> list[float]:
    """What Optuna is told of a complete trial."""
    return [record["value"]] + ([] if record["second"] is None else [record["second"]])


def this_process() -> dict[str, Any]:
    """Who works on a trial."""
    process = psutil.Process(os.getpid())
    return {"host": socket.gethostname(), "pid": process.pid, "started": process.create_time()}


def without_password(address: str) -> str:
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", address)


def _journal(directory: Path) -> JournalStorage:
    file = str(journal_file(directory))
    return JournalStorage(JournalFileBackend(file, lock_obj=JournalFileOpenLock(file)))


def _database(address: str) -> RDBStorage:
    try:
        return RDBStorage(
            address,
            engine_kwargs={"pool_pre_ping": True},
            heartbeat_interval=_HEARTBEAT_SECONDS,
            grace_period=_STALE_SECONDS,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(),
        )
    except (SQLAlchemyError, ImportError) as error:
        raise SearchError(
            N_(
                "The database {address} cannot be used: {error}. "
                "Check the address, that the server runs, and that its driver is installed."
            ),
            address=without_password(address),
            error=str(error).splitlines()[0],
        ) from error


def _pruner(config: SearchConfig) -> optuna.pruners.BasePruner:
    if config.pruner is Pruner.MEDIAN:
        return optuna.pruners.MedianPruner(
            n_startup_trials=_PRUNE_AFTER_TRIALS, n_warmup_steps=_PRUNE_AFTER_EPOCHS
        )
    if config.pruner is Pruner.HYPERBAND:
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=_FULL_BUDGET)
    return optuna.pruners.NopPruner()


def seed_of(config: SearchConfig, process: int, study: optuna.Study | None = None) -> int:
    """A sampler's seed: another one for each process, and after each resumption.

    Args:
        process: 0 for the search's own, from 1 on for its helpers.
    """
    begun = 0 if study is None else len(study.get_trials(deepcopy=False))
    return int(digest_of([config.seed, process, begun])[:7], 16)


def set_plan(
    study: optuna.Study, *, deadline: float | None, heads_until: float | None, trials: int, over: bool = False
) -> None:
    """Tell every process that works on the study when to end.

    Args:
        deadline: seconds since the epoch; None: there is none.
        heads_until: how long a full search trains heads alone; None: a share of the trials.
        trials: the most that count; 0: any number.
    """
    plan = {"deadline": deadline, "heads_until": heads_until, "trials": trials, "over": over}
    study.set_user_attr(PLAN, plan)


def plan_of(study: optuna.Study) -> dict[str, Any]:
    """When to end; a study without a plan has not begun, or is over."""
    return dict(study.user_attrs.get(PLAN) or _NO_PLAN)


_NO_PLAN = {"deadline": None, "heads_until": None, "trials": 0, "over": True}
