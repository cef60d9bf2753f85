"""The trials that a search does not leave to its sampler: where it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from core.errors import NotFoundError
from core.messages import N_
from core.search.config import SearchConfig
from core.search.records import rank, ranked, read_trials
from core.search.space import Speed, exists, values_of
from core.search.study.study import RECORD, SETTINGS
from core.training.config import Recipe
from core.workspace import project_of

_FROM_EARLIER = 5  # best trials of an earlier search, tried first
_WARM = "warm_started"


def queue_first_trials(study: optuna.Study, directory: Path, config: SearchConfig) -> None:
    """The settings to be beaten, then what an earlier search found; in a study that has trials, none.

    Raises:
        NotFoundError: there is no such earlier search.
    """
    if study.get_trials(deepcopy=False):
        return
    study.enqueue_trial({}, user_attrs={SETTINGS: config.base.to_json()})
    if config.start_from:
        for params in _best_of_earlier(directory, config):
            study.enqueue_trial(params, skip_if_exists=True)


def queue_warm_starts(study: optuna.Study, config: SearchConfig) -> None:
    """Once heads were searched for: the best head's settings, under each kind of network."""
    recipes = config.space.domains.get("recipe")
    if recipes is None or not config.searches_networks or study.user_attrs.get(_WARM):
        return
    study.set_user_attr(_WARM, True)
    heads = [
        trial
        for trial in best_of(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]), config)
        if trial.user_attrs[RECORD]["speed"] == Speed.HEAD and trial.params
    ]
    if heads:
        for recipe in recipes.points(0):
            if recipe != Recipe.QUICK:
                study.enqueue_trial(
                    _fitting({**heads[0].params, "recipe": recipe}, config), skip_if_exists=True
                )


def best_of(trials: Sequence[FrozenTrial], config: SearchConfig) -> list[FrozenTrial]:
    """Complete trials of a study, in the order of :func:`ranked`."""
    complete = [(trial, trial.user_attrs[RECORD]) for trial in trials if RECORD in trial.user_attrs]
    complete.sort(key=lambda one: rank(one[0].number, one[1]["value"], one[1]["measures"], config.goal))
    return [trial for trial, _ in complete]


def _best_of_earlier(directory: Path, config: SearchConfig) -> list[dict[str, Any]]:
    earlier = project_of(directory).searches / config.start_from
    if not (earlier / "config.json").exists():
        raise NotFoundError(
            N_("There is no earlier search called “{name}” in this project."), name=config.start_from
        )
    best = ranked(read_trials(earlier), config.goal)
    return [_fitting(trial.params, config) for trial in best if trial.params][:_FROM_EARLIER]


def _fitting(params: Mapping[str, Any], config: SearchConfig) -> dict[str, Any]:
    """Those that this search's space has, and that exist together; the sampler chooses the others."""
    domains = config.space.domains
    known = {name: value for name, value in params.items() if name in domains and value in domains[name]}
    values = {**values_of(config.base), **known}
    return {name: value for name, value in known.items() if exists(name, values)}
