"""What a search comes to: its best trial, how much its score flatters it, and what was gained over the default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna

from core.data.dataset import Dataset
from core.search.analysis.one_standard_error import sensible_choice
from core.search.analysis.selection_bias import Epochs, gain, optimism, standard_error
from core.search.config import SearchConfig, Tradeoff, goal_of_watch
from core.search.records import TrialRecord, TrialState, pareto_front, ranked
from core.search.study.study import RECORD
from core.search.trials.predictions import Answers


def verdict(
    study: optuna.Study,
    config: SearchConfig,
    dataset: Dataset,
    rows: np.ndarray,
    trials: Sequence[TrialRecord],
) -> dict[str, Any]:
    """The best trial and what is to be believed of it, as JSON.

    Args:
        rows: int64, the pictures that the answers are to.
        trials: at least one of them complete.
    """
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    targets = dataset.targets[rows]
    groups = np.unique(dataset.pictures["group"].to_numpy()[rows], return_inverse=True)[1]
    answers = _answers(study, complete)
    is_tradeoff = config.tradeoff is not Tradeoff.NONE
    first = ranked(complete, config.goal)[0]
    choice = None
    if is_tradeoff:
        margin = standard_error(answers[complete.index(first)], targets, config.goal, groups=groups)
        choice = sensible_choice(complete, config.goal, config.tradeoff, margin)
    best = choice.trial if choice else first
    default = next((trial for trial in complete if trial.is_default), None)
    places = {trial.number: place for place, trial in enumerate(complete)}
    judged: dict[str, Any] = {
        "costs": [float(trial.second or 0.0) for trial in complete] if is_tradeoff else None,
        "groups": groups,
        "epochs": Epochs(others=_other_epochs(study, complete), watch=goal_of_watch(config.base.monitor)),
        "seed": config.seed,
    }
    flattery = optimism(answers, targets, config.goal, places[best.number], **judged)
    gained = gain(
        answers, targets, config.goal, places[best.number],
        None if default is None else places[default.number], **judged,
    )  # fmt: skip
    return {
        "best": {"number": best.number, "value": best.value, "settings": dict(best.settings)},
        "reason": choice.reason.to_json() if choice else None,
        "default": {"number": default.number, "value": default.value} if default else None,
        "pareto": [trial.number for trial in pareto_front(trials, config.goal)] if is_tradeoff else [],
        "optimism": flattery.to_json() if flattery else None,
        "gain": gained.to_json() if gained else None,
    }


def _other_epochs(study: optuna.Study, trials: Sequence[TrialRecord]) -> list[list[Answers]]:
    found = study.get_trials(deepcopy=False)
    records = [found[trial.number].user_attrs[RECORD] for trial in trials]
    return [[Answers.from_json(one) for one in record.get("other_epochs", ())] for record in records]


def _answers(study: optuna.Study, trials: Sequence[TrialRecord]) -> list[Answers]:
    found = study.get_trials(deepcopy=False)
    return [Answers.from_json(found[trial.number].user_attrs[RECORD]["answers"]) for trial in trials]
