"""What every process of a search does: take a trial, run it, tell what came of it, until it is over."""

from __future__ import annotations

import gc
import logging
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
from core.search.config import SearchConfig
from core.search.records import TRIALS_FOLDER, trial_folder
from core.search.records import TrialState as Ended
from core.search.space import Speed, Value, config_with
from core.search.study.study import (
    OWNER,
    PLACE,
    RECORD,
    SETTINGS,
    counted,
    ended,
    has_running,
    plan_of,
    queue_again,
    sampler_of,
    settle_abandoned,
    this_process,
    values_of_record,
    worker_name,
)
from core.search.study.weight_transfer import Mailbox
from core.search.trials.first_trials import best_of, queue_warm_starts
from core.search.trials.runner import Outcome, TrialRunner
from core.training.config import Recipe, TrainingConfig

log = logging.getLogger(__name__)

KEPT_TRIALS = 8  # whose weights stay; the others' are a training away
_FAILURES_IN_A_ROW = 5  # at the start: then nothing will work
HEADS_SHARE = 0.2  # of a full search, for heads alone
_LOOK_SECONDS = 0.5
_TIME_OVER = N_("The time was over before it was done.")
_NOT_PROMISING = N_("It did worse than others at the same point, so it was given up.")


class _Over(Exception):  # noqa: N818 - the search's end is no error
    """This trial came after the last one."""


class _Failed(Exception):  # noqa: N818 - recorded, and survived
    """The trial's training came to nothing."""


class SearchWorker:
    """One process at work on a study."""

    def __init__(
        self, directory: Path, config: SearchConfig, dataset: Dataset, study: optuna.Study,
        progress: Progress, *, seed: int, mailbox: Mailbox | None = None,
    ) -> None:  # fmt: skip
        """Prepare to work.

        Args:
            mailbox: where the search cannot see ``directory``, what brings it the best trials' weights.
        """
        self._directory, self._config, self._dataset = directory, config, dataset
        self._study, self._progress = study, progress
        self._own_sampler = sampler_of(config, seed)
        self._runner = TrialRunner(dataset=dataset, config=config, progress=progress)
        self._owner = this_process()
        self._mailbox = mailbox
        self._trial: int | None = None  # at work
        self._plan = plan_of(study)
        self._looked = 0.0
        self._modules = 0  # that were loaded when it was looked at last
        self._paused = False
        self._left: int | None = None  # the trial that was begun and not done

    @property
    def runner(self) -> TrialRunner:
        return self._runner

    def work(self) -> None:
        """Run trials until the search is over.

        Raises:
            JobPaused: asked to rest; the trial at work is queued again, and will go on where it was.
            SearchError: nothing works.
        """
        while not self._is_over():
            self._study.sampler = self._sampler()
            self._trial = None
            try:
                self._study.optimize(self._objective, n_trials=1, catch=(_Over, _Failed))
            except (ValueError, UpdateFinishedTrialError):
                if not self._was_given_away():
                    raise
            self._give_memory_back()
            self._queue_what_is_left()
            if self._paused:
                raise JobPaused
            self._keep_the_best_weights()
            self._require_that_something_works()

    def work_to_the_end(self) -> None:
        """As :meth:`work`; then wait for what others have at work, and do it where they do not."""
        nameless: dict[int, float] = {}
        self.work()
        while not self._must_end_trial() and has_running(self._study):
            time.sleep(_LOOK_SECONDS)
            settle_abandoned(self._study, nameless)
            self.work()

    # -- one trial

    def _objective(self, trial: optuna.Trial) -> float | tuple[float, ...]:
        self._trial = trial.number
        frozen = self._frozen(trial.number)
        if self._comes_too_late(trial):
            if "fixed_params" in frozen.system_attrs:  # it will be asked for again if the search goes on
                self._left = trial.number
            raise _Over
        trial.set_user_attr(OWNER, self._owner)
        folder = self._folder_of(frozen)
        params, settings = self._chosen(trial)
        began = time.time()  # what the sampler thought before is no part of the trial
        told: list[tuple[int, float]] = []

        def end(state: Ended, **details: Any) -> None:
            now = time.time()
            record = {
                "speed": (Speed.HEAD if settings.recipe is Recipe.QUICK else Speed.FULL).value,
                "params": params,
                "settings": settings.to_json(),
                "worker": worker_name(self._owner),
                "state": state,
                "seconds": round(now - began, 3),
                "ended": now,
            }
            trial.set_user_attr(RECORD, record | details)

        def on_epoch(epoch: int, value: float) -> None:
            told.append((epoch, value))
            if self._is_several:
                return
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        try:
            outcome = self._runner.run(folder, settings, self._must_end_trial, on_epoch)
        except JobPaused:
            self._paused, self._left = True, trial.number
            raise _Over from None
        except (StorageInternalError, SQLAlchemyError, UpdateFinishedTrialError):
            raise  # no fault of the trial's
        except Exception as error:
            state, reason = self._how_it_ended(trial.number, error)
            value = {"value": told[-1][1]} if told and state is Ended.PRUNED else {}
            end(state, curve=told, reason=reason.to_json(), **value)
            self._forget(folder)
            raise (optuna.TrialPruned if state is Ended.PRUNED else _Failed) from error
        self._send(trial, folder, outcome)
        end(Ended.COMPLETE, **_details(outcome))
        values = values_of_record({"value": outcome.value, "second": outcome.second})
        return values[0] if len(values) == 1 else tuple(values)

    def _how_it_ended(self, number: int, error: Exception) -> tuple[Ended, Message]:
        """What a trial that was not completed ended as, and why."""
        if isinstance(error, optuna.TrialPruned):
            return Ended.PRUNED, Message(_NOT_PROMISING)
        if isinstance(error, JobStopped):
            return Ended.PRUNED, Message(_TIME_OVER)
        if isinstance(error, DarkroomError):
            return Ended.FAILED, error.message
        log.error("Trial %s broke", number, exc_info=error)
        return Ended.FAILED, _broken(error)

    def _chosen(self, trial: optuna.Trial) -> tuple[dict[str, Value], TrainingConfig]:
        """The settings of a trial: those to be beaten, or what the sampler proposes."""
        if SETTINGS in trial.user_attrs:
            return {}, TrainingConfig.from_json(trial.user_attrs[SETTINGS])
        params = self._config.space.suggest(trial, self._config.base)
        return params, config_with(self._config.base, params)

    def _frozen(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number]

    def _folder_of(self, trial: FrozenTrial) -> Path:
        """A new folder, or that of the trial which was interrupted and goes on in this one."""
        folder = trial_folder(self._directory, trial.number)
        for earlier in reversed(trial.system_attrs.get("retry_history", [])):
            before = trial_folder(self._directory, earlier)
            if before.exists() and not folder.exists():
                before.rename(folder)
        return folder

    def _send(self, trial: optuna.Trial, folder: Path, outcome: Outcome) -> None:
        """Before the trial counts, its weights are on their way: the search may end with it."""
        if self._mailbox is None:
            return
        trial.set_user_attr(PLACE, {"machine": self._owner["host"], "folder": str(folder)})
        best = best_of(self._complete(), self._config)[:KEPT_TRIALS]
        sign = 1.0 if self._config.goal.is_better_low else -1.0
        beaten = [one for one in best if sign * one.user_attrs[RECORD]["value"] >= sign * outcome.value]
        if beaten or len(best) < KEPT_TRIALS or self._is_several:
            self._mailbox.send(trial.number, folder)

    def _was_given_away(self) -> bool:
        """Whether this process was not heard of for so long that its trial is another's now."""
        if self._trial is None:
            return False
        trial = self._frozen(self._trial)
        is_away = trial.state is TrialState.FAIL and RECORD not in trial.user_attrs
        if is_away:
            log.warning("Trial %s was given to another process", trial.number)
            self._forget(trial_folder(self._directory, trial.number))
        return is_away

    def _must_end_trial(self) -> bool:
        if self._progress.should_stop():
            return True
        deadline = self._current_plan()["deadline"]
        return bool(self._plan["over"]) or (deadline is not None and time.time() > deadline)

    def _comes_too_late(self, trial: optuna.Trial) -> bool:
        """Whether enough others were begun before it: two processes may ask at the same time."""
        limit = self._current_plan()["trials"]
        others = counted(self._study.get_trials(deepcopy=False))
        return bool(limit) and sum(other.number < trial.number for other in others) >= limit

    # -- the search

    def _queue_what_is_left(self) -> None:
        if self._left is not None:
            queue_again(self._study, self._frozen(self._left))
            self._left = None

    @property
    def _is_several(self) -> bool:
        return len(self._study.directions) > 1

    def _current_plan(self) -> dict[str, Any]:
        """Looked up now and then: another process may end, or extend, the search."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._plan, self._looked = plan_of(self._study), time.monotonic()
        return self._plan

    def _is_over(self) -> bool:
        if self._must_end_trial():
            return True
        if self._progress.should_pause():
            raise JobPaused
        limit = self._current_plan()["trials"]
        return bool(limit) and len(counted(self._study.get_trials(deepcopy=False))) >= limit

    def _sampler(self) -> optuna.samplers.BaseSampler:
        """The search's sampler; while a full search begins, it proposes heads alone."""
        if not self._begins_with_heads():
            queue_warm_starts(self._study, self._config)
            return self._own_sampler
        return PartialFixedSampler({"recipe": Recipe.QUICK.value}, self._own_sampler)

    def _begins_with_heads(self) -> bool:
        recipes = self._config.space.domains.get("recipe")
        if not self._config.searches_networks or recipes is None or Recipe.QUICK.value not in recipes:
            return False
        plan = self._current_plan()
        if plan["heads_until"] is not None:
            return bool(time.time() < plan["heads_until"])
        return len(ended(self._study.get_trials(deepcopy=False))) < HEADS_SHARE * plan["trials"]

    def _keep_the_best_weights(self) -> None:
        """Of all trials in this folder the best few, and what is on the Pareto front."""
        trials = self._study.get_trials(deepcopy=False)
        kept = {trial.number for trial in best_of(self._complete(), self._config)[:KEPT_TRIALS]}
        if self._is_several:
            kept |= {trial.number for trial in self._study.best_trials}
        for trial in trials:
            if trial.state is TrialState.RUNNING:
                kept.add(trial.number)
            elif trial.state is TrialState.WAITING:  # it goes on in the folder of the one before
                kept |= set(trial.system_attrs.get("retry_history", ()))
        for folder in (self._directory / TRIALS_FOLDER).glob("*"):
            if int(folder.name) not in kept:
                self._forget(folder)
        if self._mailbox is not None:
            self._mailbox.forget(self._mailbox.waiting() - kept)

    def _complete(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])

    def _give_memory_back(self) -> None:
        """What a trial leaves behind refers to itself, as Keras's models do; modules need not be looked through."""
        gc.collect()
        if len(sys.modules) > self._modules:
            gc.freeze()
            self._modules = len(sys.modules)

    def _forget(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def _require_that_something_works(self) -> None:
        records = [trial.user_attrs[RECORD] for trial in ended(self._study.get_trials(deepcopy=False))]
        if len(records) == _FAILURES_IN_A_ROW and all(one["state"] == Ended.FAILED for one in records):
            raise SearchError(
                N_("The first {count} trials all failed. The last one said: {reason}"),
                count=len(records),
                reason=Message.from_json(records[-1]["reason"]),
            )


def _details(outcome: Outcome) -> dict[str, Any]:
    return {
        "value": outcome.value,
        "second": outcome.second,
        "measures": dict(outcome.measures),
        "curve": outcome.curve,
        "answers": outcome.answers.to_json(),
        "other_epochs": [answers.to_json() for answers in outcome.other_epochs],
    }


def _broken(error: Exception) -> Message:
    return Message(
        N_("Something broke inside Darkroom ({error}). The details are in the search's log."),
        {"error": f"{type(error).__name__}: {error}"},
    )
