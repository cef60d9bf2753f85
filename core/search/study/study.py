"""The Optuna study of a search: its storage, sampler, pruner and seed."""

from __future__ import annotations

import warnings
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import StudyDirection

from core.errors import SearchError
from core.files import digest_of
from core.messages import N_
from core.search.config import Pruner, Sampler, SearchConfig, Tradeoff
from core.search.records import joined_study
from core.search.study.combinations import combinations_of
from core.search.study.database import database_in_use, open_database, without_password
from core.search.study.grid import GridSampler
from core.search.study.trials import queue_again
from core.workspace import project_of

_LOCK_SECONDS = 10  # after which the lock of a process killed while writing is taken over
_STARTUP_TRIALS = 10  # sampled at random, before TPE has something to learn from
_PRUNE_AFTER_TRIALS, _PRUNE_AFTER_EPOCHS = 4, 2
_FULL_BUDGET = 100  # epochs, for Hyperband

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def journal_file(directory: Path) -> Path:
    """The file that holds the study of a search without a database."""
    return directory / "journal.log"


def study_name(directory: Path) -> str:
    """Name of the study, unique among the projects that share a database."""
    joined = joined_study(directory)
    return joined.name if joined else f"{project_of(directory).name}/{directory.name}"


def open_study(directory: Path, config: SearchConfig, *, create: bool = True) -> optuna.Study:
    """Open the study of a search, without a sampler of its own.

    Args:
        create: create it if there is none.
    Raises:
        SearchError: the database cannot be reached, or has no such study.
    """
    storage = open_database(config.storage, queue_again) if config.storage else _journal(directory)
    is_multi_objective = config.tradeoff is not Tradeoff.NONE
    better = StudyDirection.MINIMIZE if config.goal.is_better_low else StudyDirection.MAXIMIZE
    directions = [better, StudyDirection.MINIMIZE] if is_multi_objective else [better]
    name, pruner = study_name(directory), _pruner(config)
    try:
        with database_in_use(config.storage):
            if create:
                return optuna.create_study(
                    study_name=name,
                    storage=storage,
                    pruner=pruner,
                    directions=directions,
                    load_if_exists=True,
                )
            return optuna.load_study(study_name=name, storage=storage, pruner=pruner)
    except KeyError as error:
        raise SearchError(
            N_("There is no search called “{name}” in {storage}."),
            name=name,
            storage=without_password(config.storage) or str(journal_file(directory)),
        ) from error


def sampler_of(config: SearchConfig, seed: int) -> optuna.samplers.BaseSampler:
    """The sampler that the settings name."""
    if config.sampler is Sampler.RANDOM:
        return optuna.samplers.RandomSampler(seed=seed)
    if config.sampler is Sampler.GRID:
        return GridSampler(combinations_of(config.space, config.base), seed)
    if config.sampler is Sampler.CMA_ES:
        return optuna.samplers.CmaEsSampler(seed=seed)
    return optuna.samplers.TPESampler(
        seed=seed, n_startup_trials=_STARTUP_TRIALS, multivariate=True, group=True, constant_liar=True
    )


def seed_of(config: SearchConfig, process: int, study: optuna.Study | None = None) -> int:
    """Seed of a sampler, different for each process and after each resumption.

    Args:
        process: 0 for the search's own process, from 1 on for its helpers.
    """
    begun = 0 if study is None else len(study.get_trials(deepcopy=False))
    return int(digest_of([config.seed, process, begun])[:7], 16)


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
