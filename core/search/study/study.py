"""The Optuna study of a search: where it is kept, who proposes settings, and which of its trials count.

Optuna writes every step of a trial at once, so whatever happens to a process its
trials are known. What Optuna does not know is how a trial ended here: that stands
in its user attribute ``record``, written just before the trial is told. A failed
trial without it was interrupted: it is queued again and does not count.
"""

from __future__ import annotations

import os
import socket
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import psutil
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from core.errors import SearchError
from core.files import digest_of
from core.messages import N_
from core.processes import process_lives
from core.search.config import Pruner, Sampler, SearchConfig, Tradeoff
from core.search.records import joined_study
from core.search.study.database import database_in_use, open_database, without_password
from core.workspace import project_of

RECORD, OWNER, PLACE, SETTINGS = "record", "owner", "place", "settings"  # of trials
PLAN, ORDER = "plan", "order"  # of the study
MACHINE_VARIABLE = "DARKROOM_MACHINE"
_LOCK_SECONDS = 10  # after which the lock of a process that was killed while it wrote is taken over
_NAMELESS_SECONDS = 30.0  # in which a trial that was begun says whose it is
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
    joined = joined_study(directory)
    return str(joined["name"]) if joined else f"{project_of(directory).name}/{directory.name}"


def open_study(directory: Path, config: SearchConfig, *, create: bool = True) -> optuna.Study:
    """The study of a search; who asks it for settings brings a sampler.

    Args:
        create: begin it if it is not there.
    Raises:
        SearchError: the database cannot be reached, or has no such study.
    """
    storage = open_database(config.storage, queue_again) if config.storage else _journal(directory)
    is_several = config.tradeoff is not Tradeoff.NONE
    better = StudyDirection.MINIMIZE if config.goal.is_better_low else StudyDirection.MAXIMIZE
    options: dict[str, Any] = {
        "study_name": study_name(directory),
        "storage": storage,
        "pruner": _pruner(config),
    }
    try:
        with database_in_use(config.storage):
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


def trials_done_by(study: optuna.Study, worker: str) -> int:
    """How many of those that count a worker has brought to an end; ``worker`` as :func:`worker_name` says."""
    done = ended(study.get_trials(deepcopy=False))
    return sum(trial.user_attrs[RECORD]["worker"] == worker for trial in done)


def queue_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Let a trial that was interrupted be done anew, with the same settings, by whoever comes first."""
    history = [*trial.system_attrs.get("retry_history", ()), trial.number]
    study.add_trial(
        optuna.create_trial(
            state=TrialState.WAITING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={
                name: value for name, value in trial.user_attrs.items() if name not in (OWNER, PLACE, RECORD)
            },
            system_attrs={**trial.system_attrs, "failed_trial": history[0], "retry_history": history},
        )
    )


def settle_abandoned(study: optuna.Study, nameless: dict[int, float] | None = None) -> None:
    """Bring trials to an end whose process is dead: those that were done count, the others are queued.

    On this machine it is seen at once; on another one by its heartbeat, in a database.

    Args:
        nameless: since when trials are seen that do not say whose they are; kept from call to call.
    """
    optuna.storages.fail_stale_trials(study)
    nameless = {} if nameless is None else nameless
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        if not _is_abandoned(trial, nameless):
            continue
        record = trial.user_attrs.get(RECORD)
        try:
            if record is not None and record["state"] == "complete":
                study.tell(trial.number, values_of_record(record))
            else:
                study.tell(trial.number, state=TrialState.FAIL)
                queue_again(study, trial)
        except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
            continue  # another process was first


def _is_abandoned(trial: FrozenTrial, nameless: dict[int, float]) -> bool:
    owner = trial.user_attrs.get(OWNER)
    if owner is None:  # its process died before it could say who it is, or is about to
        now = time.monotonic()
        return now - nameless.setdefault(trial.number, now) > _NAMELESS_SECONDS
    if owner["host"] != machine_name():
        return False  # the heartbeat's matter
    return not process_lives(owner["pid"], owner["started"])


def has_running(study: optuna.Study) -> bool:
    return bool(study.get_trials(deepcopy=False, states=[TrialState.RUNNING]))


def values_of_record(record: dict[str, Any]) -> list[float]:
    """What Optuna is told of a complete trial."""
    return [record["value"]] + ([] if record["second"] is None else [record["second"]])


def this_process() -> dict[str, Any]:
    """Who works on a trial."""
    process = psutil.Process(os.getpid())
    return {"host": machine_name(), "pid": process.pid, "started": process.create_time()}


def worker_name(process: Mapping[str, Any]) -> str:
    """For people; ``process`` as :func:`this_process` tells."""
    return f"{process['host']}:{process['pid']}"


def machine_name() -> str:
    """No two machines of a search may have the same: the host's, or ``DARKROOM_MACHINE``."""
    return os.environ.get(MACHINE_VARIABLE) or socket.gethostname()


def _journal(directory: Path) -> JournalStorage:
    file = str(journal_file(directory))
    return JournalStorage(
        JournalFileBackend(file, lock_obj=JournalFileOpenLock(file, grace_period=_LOCK_SECONDS))
    )


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
    study: optuna.Study,
    *,
    deadline: float | None,
    heads_until: float | None,
    trials: int,
    over: bool = False,
    rests: bool = False,
) -> None:
    """Tell every process that works on the study when to end.

    Args:
        deadline: seconds since the epoch; None: there is none.
        heads_until: how long a full search trains heads alone; None: a share of the trials.
        trials: the most that count; 0: any number.
        over: it has ended; trials at work are given up.
        rests: it will go on; trials at work are queued again.
    """
    plan = {"deadline": deadline, "heads_until": heads_until, "trials": trials, "over": over, "rests": rests}
    study.set_user_attr(PLAN, plan)


def plan_of(study: optuna.Study) -> dict[str, Any]:
    """When to end; a study without a plan has not begun, or is over."""
    return dict(study.user_attrs.get(PLAN) or _NO_PLAN)


def has_plan(study: optuna.Study) -> bool:
    """Whether trials may begin, or are over already; not yet, while the search prepares itself."""
    return study.user_attrs.get(PLAN) is not None


def forget_plan(study: optuna.Study) -> None:
    study.set_user_attr(PLAN, None)


_NO_PLAN = {"deadline": None, "heads_until": None, "trials": 0, "over": True, "rests": False}
