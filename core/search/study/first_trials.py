"""First trials of a search, queued without the sampler: the baseline, and warm starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import optuna
from optuna.trial import TrialState

from core.errors import NotFoundError
from core.messages import N_
from core.search.config import SearchConfig
from core.search.records import ranked, read_trials
from core.search.space import Speed, Value, canonical_value, exists, values_of
from core.search.study.trials import RECORD, SETTINGS, best_of
from core.training.config import Recipe
from core.workspace import project_of

_FROM_EARLIER = 5  # best trials of an earlier search, tried first
_WARM = "warm_started"  # attribute of the study


def queue_first_trials(study: optuna.Study, directory: Path, config: SearchConfig) -> None:
    """Queue the baseline and the best trials of the earlier search to start from.

    A study that already has trials stays as it is.

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
    """Queue the best head's settings with each kind of network, once heads have been searched."""
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
                    _compatible({**heads[0].params, "recipe": recipe}, config), skip_if_exists=True
                )


def _best_of_earlier(directory: Path, config: SearchConfig) -> list[dict[str, Value]]:
    earlier = project_of(directory).searches / config.start_from
    if not (earlier / "config.json").exists():
        raise NotFoundError(
            N_("There is no earlier search called “{name}” in this project."), name=config.start_from
        )
    best = ranked(read_trials(earlier), config.goal)
    return [_compatible(trial.params, config) for trial in best if trial.params][:_FROM_EARLIER]


def _compatible(params: Mapping[str, Value], config: SearchConfig) -> dict[str, Value]:
    """The values inside this search's space that exist together; the sampler chooses the others."""
    domains = config.space.domains
    candidates = [
        (name, code)
        for name, value in params.items()
        if name in domains
        for code in (canonical_value(name, value), value)
    ]
    known = {name: value for name, value in candidates if value in domains[name]}
    values = {**values_of(config.base), **known}
    return {name: value for name, value in known.items() if exists(name, values)}
