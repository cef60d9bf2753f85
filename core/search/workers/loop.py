"""Work loop of a search process: take a trial, run it, store its result, until the search is over."""

from __future__ import annotations

import gc
import logging
import math
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.samplers import PartialFixedSampler
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from core.data.dataset import Dataset
from core.errors import DarkroomError, SearchError
from core.messages import N_, Message
from core.progress import JobPaused, JobStopped, Progress
from core.search.config import Sampler, SearchConfig
from core.search.records import TRIALS_FOLDER, trial_folder
from core.search.records import TrialState as FinalState
from core.search.space import Speed, Value, config_with
from core.search.study.first_trials import queue_warm_starts
from core.search.study.grid import GridSampler
from core.search.study.ladder import queue_next_rung
from core.search.study.plan import StudyPlan, plan_of
from core.search.study.study import sampler_of
from core.search.study.trials import (
    LOCATION,
    OWNER,
    RECORD,
    RETRY_HISTORY,
    SETTINGS,
    StudyTrialRecord,
    WeightsLocation,
    best_of,
    counted,
    ended,
    has_running,
    objective_values,
    queue_again,
    record_of,
    settle_abandoned,
    state_of,
    this_worker,
    unfinished,
)
from core.search.study.weight_transfer import WeightTransfer
from core.search.trials.runner import TrialResult, TrialRunner
from core.training.config import Recipe, TrainingConfig

log = logging.getLogger(__name__)

BEST_TRIALS = 8  # whose weights stay on disk
_FAILURES_IN_A_ROW = 5  # at the start, after which the search fails
HEADS_SHARE = 0.2  # of a full search's budget, for heads only
_LOOK_SECONDS = 0.5
_TIME_OVER = N_("The time was over before the trial was complete.")
_NOT_PROMISING = N_("It was stopped early: other trials were better at the same epoch.")


class _Over(Exception):  # noqa: N818 - the end of a search is no error
    """Raised in a trial that began after the end of the search."""


class _Failed(Exception):  # noqa: N818 - recorded, and survived
    """Raised in a trial whose training failed."""


class SearchWorker:
    """One process that runs trials of a study."""

    def __init__(
        self, directory: Path, config: SearchConfig, dataset: Dataset, study: optuna.Study,
        progress: Progress, *, seed: int, weight_transfer: WeightTransfer | None = None,
    ) -> None:  # fmt: skip
        """Prepare the process.

        Args:
            weight_transfer: sends the best trials' weights if the search cannot see ``directory``.
        """
        self._directory, self._config, self._dataset = directory, config, dataset
        self._study, self._progress = study, progress
        self._own_sampler = sampler_of(config, seed)
        self._runner = TrialRunner(dataset=dataset, config=config, progress=progress)
        self._owner = this_worker()
        self._weight_transfer = weight_transfer
        self._trial: int | None = None  # number of the trial at work
        self._plan = plan_of(study)
        self._looked = 0.0
        self._modules = 0  # number of loaded modules at the last look
        self._is_paused = False
        self._unfinished: int | None = None  # number of a trial to be queued again

    @property
    def runner(self) -> TrialRunner:
        """The runner of this process's trials."""
        return self._runner

    def work(self) -> None:
        """Run trials until the search is over.

        Raises:
            JobPaused: on request; the trial at work is queued again and continues from its checkpoint.
            SearchError: the first trials all failed.
        """
        while not self._is_over() and self._has_next():
            self._study.sampler = self._sampler()
            self._trial = None
            try:
                self._study.optimize(self._objective, n_trials=1, catch=(_Over, _Failed))
            except (ValueError, UpdateFinishedTrialError):
                if not self._lost_trial():
                    raise
            self._free_memory()
            self._queue_unfinished()
            if self._is_paused:
                raise JobPaused
            self._remove_weights()
            self._require_success()

    def work_to_the_end(self) -> None:
        """As :meth:`work`; then wait for the trials of other processes, and take over those of dead ones."""
        ownerless: dict[int, float] = {}
        self.work()
        while not self._must_end_trial() and has_running(self._study):
            time.sleep(_LOOK_SECONDS)
            settle_abandoned(self._study, ownerless)
            self.work()

    # -- one trial

    def _objective(self, trial: optuna.Trial) -> float | tuple[float, ...]:
        self._trial = trial.number
        frozen = self._frozen(trial.number)
        if self._comes_too_late(trial):
            if "fixed_params" in frozen.system_attrs:  # a queued trial is kept for a longer search
                self._unfinished = trial.number
            raise _Over
        trial.set_user_attr(OWNER, self._owner.to_json())
        folder = self._folder_of(frozen)
        params, settings = self._chosen(trial)
        began = time.time()  # without the sampler's time
        curve: list[tuple[int, float]] = []

        def store(state: FinalState, **details: Any) -> None:
            now = time.time()
            record = StudyTrialRecord(
                number=trial.number,
                state=state,
                speed=Speed.HEAD if settings.recipe is Recipe.QUICK else Speed.FULL,
                params=params,
                settings=settings.to_json(),
                worker=self._owner.name,
                seconds=round(now - began, 3),
                ended=now,
                **details,
            )
            trial.set_user_attr(RECORD, record.to_json())

        def on_epoch(epoch: int, value: float) -> None:
            curve.append((epoch, value))
            if self._is_multi_objective:
                return
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        try:
            result = self._runner.run(folder, settings, self._must_end_trial, on_epoch)
        except JobPaused:
            self._is_paused, self._unfinished = True, trial.number
            raise _Over from None
        except (StorageInternalError, SQLAlchemyError, UpdateFinishedTrialError):
            raise  # not a failure of the trial
        except Exception as error:
            state, reason = self._end_of(trial.number, error)
            value = curve[-1][1] if curve and state is FinalState.PRUNED else None
            store(state, curve=tuple(curve), reason=reason, value=value)
            self._remove(folder)
            raise (optuna.TrialPruned if state is FinalState.PRUNED else _Failed) from error
        self._send(trial, folder, result)
        store(FinalState.COMPLETE, **_details(result))
        values = objective_values({"value": result.value, "second": result.second})
        return values[0] if len(values) == 1 else tuple(values)

    def _end_of(self, number: int, error: Exception) -> tuple[FinalState, Message]:
        """Final state of a trial that raised, with the reason for people."""
        if isinstance(error, optuna.TrialPruned):
            return FinalState.PRUNED, Message(_NOT_PROMISING)
        if isinstance(error, JobStopped):
            return FinalState.PRUNED, Message(_TIME_OVER)
        if isinstance(error, DarkroomError):
            return FinalState.FAILED, error.message
        log.error("Trial %s failed", number, exc_info=error)
        return FinalState.FAILED, _broken(error)

    def _chosen(self, trial: optuna.Trial) -> tuple[dict[str, Value], TrainingConfig]:
        """Params and settings of a trial: the baseline's, or the sampler's proposal."""
        if SETTINGS in trial.user_attrs:
            return {}, TrainingConfig.from_json(trial.user_attrs[SETTINGS])
        params = self._config.space.suggest(trial, self._config.base)
        return params, config_with(self._config.base, params)

    def _frozen(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number]

    def _folder_of(self, trial: FrozenTrial) -> Path:
        """A new folder, or that of the interrupted trial which this one continues."""
        folder = trial_folder(self._directory, trial.number)
        for earlier in reversed(trial.system_attrs.get(RETRY_HISTORY, [])):
            before = trial_folder(self._directory, earlier)
            if before.exists() and not folder.exists():
                before.rename(folder)
        return folder

    def _send(self, trial: optuna.Trial, folder: Path, result: TrialResult) -> None:
        """Send the weights before the trial counts, as the search may end with it."""
        if self._weight_transfer is None:
            return
        location = WeightsLocation(machine=self._owner.host, folder=str(folder))
        trial.set_user_attr(LOCATION, location.to_json())
        best = best_of(self._complete(), self._config)[:BEST_TRIALS]
        sign = 1.0 if self._config.goal.is_better_low else -1.0
        beaten = [one for one in best if sign * one.user_attrs[RECORD]["value"] >= sign * result.value]
        if beaten or len(best) < BEST_TRIALS or self._is_multi_objective:
            self._weight_transfer.send(trial.number, folder)

    def _lost_trial(self) -> bool:
        """True if this process had no heartbeat for so long that its trial was queued again."""
        if self._trial is None:
            return False
        trial = self._frozen(self._trial)
        is_lost = trial.state is TrialState.FAIL and RECORD not in trial.user_attrs
        if is_lost:
            log.warning("Trial %s was given to another process", trial.number)
            self._remove(trial_folder(self._directory, trial.number))
        return is_lost

    def _must_end_trial(self) -> bool:
        if self._progress.should_stop():
            return True
        deadline = self._current_plan().deadline
        return self._plan.is_over or (deadline is not None and time.time() > deadline)

    def _comes_too_late(self, trial: optuna.Trial) -> bool:
        """True if enough trials began before it: two processes may start one at the same time."""
        limit = self._current_plan().max_trials
        others = counted(self._study.get_trials(deepcopy=False))
        return bool(limit) and sum(other.number < trial.number for other in others) >= limit

    # -- the search

    def _queue_unfinished(self) -> None:
        if self._unfinished is not None:
            queue_again(self._study, self._frozen(self._unfinished))
            self._unfinished = None

    @property
    def _is_multi_objective(self) -> bool:
        return len(self._study.directions) > 1

    def _current_plan(self) -> StudyPlan:
        """The plan, read anew every 0.5 s: another process may end or extend the search."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._plan, self._looked = plan_of(self._study), time.monotonic()
        return self._plan

    def _is_over(self) -> bool:
        if self._must_end_trial():
            return True
        if self._progress.should_pause():
            raise JobPaused
        limit = self._current_plan().max_trials
        return bool(limit) and len(counted(self._study.get_trials(deepcopy=False))) >= limit

    def _has_next(self) -> bool:
        """False if a grid or a ladder has nothing left to try, and no trial waits to be continued."""
        if self._study.get_trials(deepcopy=False, states=[TrialState.WAITING]):
            return True
        if self._config.sampler is Sampler.LADDER:
            deadline = self._current_plan().deadline
            left = math.inf if deadline is None else deadline - time.time()
            return queue_next_rung(self._study, self._config, self._dataset, left)
        return not isinstance(self._own_sampler, GridSampler) or not self._own_sampler.is_exhausted(
            self._study
        )

    def _sampler(self) -> optuna.samplers.BaseSampler:
        """The search's sampler; at the beginning of a full search it proposes heads only. Rungs are queued whole."""
        if self._config.sampler is Sampler.LADDER:
            return self._own_sampler
        if not self._begins_with_heads():
            queue_warm_starts(self._study, self._config)
            return self._own_sampler
        return PartialFixedSampler({"recipe": Recipe.QUICK.value}, self._own_sampler)

    def _begins_with_heads(self) -> bool:
        recipes = self._config.space.domains.get("recipe")
        if not self._config.searches_networks or recipes is None or Recipe.QUICK.value not in recipes:
            return False
        plan = self._current_plan()
        if plan.heads_until is not None:
            return time.time() < plan.heads_until
        return len(ended(self._study.get_trials(deepcopy=False))) < HEADS_SHARE * plan.max_trials

    def _remove_weights(self) -> None:
        """Remove all weights but those of the best trials and of the Pareto front; rungs of a ladder keep theirs.

        The rung that is delivered may be an early one, although many seem better.
        """
        # First: other processes make folders for trials that the study has already.
        folders = list((self._directory / TRIALS_FOLDER).glob("*"))
        trials = self._study.get_trials(deepcopy=False)
        most = None if self._config.sampler is Sampler.LADDER else BEST_TRIALS
        needed = {trial.number for trial in best_of(self._complete(), self._config)[:most]}
        if self._is_multi_objective:
            needed |= {trial.number for trial in self._study.best_trials}
        for trial in unfinished(trials):
            # It continues in the folder of the interrupted attempt.
            needed |= {trial.number, *trial.system_attrs.get(RETRY_HISTORY, ())}
        for folder in folders:
            if int(folder.name) not in needed:
                self._remove(folder)
        if self._weight_transfer is not None:
            self._weight_transfer.delete(self._weight_transfer.pending() - needed)

    def _complete(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])

    def _free_memory(self) -> None:
        """Collect reference cycles, such as Keras's models; modules are frozen, as scanning them is slow."""
        gc.collect()
        if len(sys.modules) > self._modules:
            gc.freeze()
            self._modules = len(sys.modules)

    def _remove(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def _require_success(self) -> None:
        trials = ended(self._study.get_trials(deepcopy=False))
        if len(trials) != _FAILURES_IN_A_ROW:
            return
        if all(state_of(trial) is FinalState.FAILED for trial in trials):
            raise SearchError(
                N_("The first {count} trials all failed. The last one said: {reason}"),
                count=len(trials),
                reason=record_of(trials[-1]).reason or "",
            )


def _details(result: TrialResult) -> dict[str, Any]:
    """Fields of a completed trial's record."""
    return {
        "value": result.value,
        "second": result.second,
        "measures": result.measures,
        "curve": tuple(result.curve),
        "predictions": result.predictions.packed(),
        "other_epochs": tuple(one.packed() for one in result.other_epochs),
    }


def _broken(error: Exception) -> Message:
    return Message(
        N_("An error inside Darkroom ({error}). The details are in the search's log."),
        {"error": f"{type(error).__name__}: {error}"},
    )
