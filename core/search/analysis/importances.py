"""Which dimensions of a search decide whether a trial is among the good ones.

It imports Optuna: workers ask here, pages read the answer from ``live.json``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.importance import PedAnovaImportanceEvaluator

from core.search.config import Goal
from core.search.records import TrialRecord, TrialState
from core.search.space import Choices, Domain, Numbers, SearchSpace, Value

FEWEST_TRIALS = 10  # of fewer, any order is chance
# So many trials count as good, within these shares of all. With the tenth that Optuna takes, 40 trials
# leave four, and what has no influence seems to have a third; with the half of many, one name hides all others.
_GOOD_TRIALS = 20
_GOOD_SHARES = (0.3, 0.5)
_SHUFFLES = 10  # of the scores, to learn what chance gives
_SHUFFLED_TRIALS = 900  # altogether: of many trials chance makes next to nothing, and time counts


def importances(trials: Sequence[TrialRecord], space: SearchSpace, goal: Goal) -> dict[str, float]:
    """Each dimension's share in what tells good trials from the rest, the largest first; together 1.

    PED-ANOVA (Watanabe, Bansal & Hutter 2023), in its form for conditional spaces: a
    dimension is judged among the trials that have it, and weighs as much as they do among
    the good ones. What shuffled scores would often give, too, is taken off.

    Returns:
        Empty with fewer than ten complete trials that were searched for, or where nothing rises above chance.
    """
    told = [trial for trial in trials if _tells(trial, space)]
    if len(told) < FEWEST_TRIALS:
        return {}
    losses = np.array([trial.value for trial in told], float) * (1 if goal.is_better_low else -1)
    if losses.min() == losses.max():
        return {}
    study = _study(told, losses, space)
    found = _divergences(study, losses)
    chance = _chance(study, losses, found)
    above = {name: max(0.0, value - chance[name]) for name, value in found.items()}
    total = sum(above.values())
    ordered = sorted(above.items(), key=lambda pair: -pair[1])
    return {name: value / total for name, value in ordered} if total > 0 else {}


def _tells(trial: TrialRecord, space: SearchSpace) -> bool:
    """Whether it has a score, and a place in the space: the settings to be beaten have none."""
    is_scored = trial.state is TrialState.COMPLETE and trial.value is not None and math.isfinite(trial.value)
    return is_scored and any(name in space.domains for name in trial.params)


def _study(trials: Sequence[TrialRecord], losses: np.ndarray, space: SearchSpace) -> optuna.Study:
    """The trials as Optuna wants them, in memory, least loss best."""
    places = [_place(trial, space) for trial in trials]
    kinds = {
        name: _distribution(domain, [place[name] for place in places if name in place])
        for name, domain in space.domains.items()
    }
    with _quiet():
        study = optuna.create_study(direction="minimize", study_name="importances")
    study.add_trials(
        optuna.trial.create_trial(
            params=place, distributions={name: kinds[name] for name in place}, value=float(loss)
        )
        for place, loss in zip(places, losses, strict=True)
    )
    return study


def _place(trial: TrialRecord, space: SearchSpace) -> dict[str, Any]:
    """Its values of the space's dimensions; one that a logarithm cannot take (no weight decay at all) is left out."""
    found = {}
    for name, value in trial.params.items():
        domain = space.domains.get(name)
        if domain is not None and not (isinstance(domain, Numbers) and domain.log and value <= 0):
            found[name] = value
    return found


def _distribution(domain: Domain, seen: Iterable[Value]) -> BaseDistribution:
    """The domain for Optuna, widened by values that another search brought along."""
    if isinstance(domain, Choices):
        return CategoricalDistribution(list(dict.fromkeys([*domain.values, *seen])))
    numbers = [domain.low, domain.high, *map(float, seen)]
    low, high = min(numbers), max(numbers)
    if domain.whole:
        return IntDistribution(round(low), round(high), log=domain.log)
    return FloatDistribution(low, high, log=domain.log)


def _divergences(study: optuna.Study, losses: np.ndarray) -> dict[str, float]:
    """How far the good trials' values differ from all trials', with these losses (n,) in place of the study's."""
    good = float(np.clip(_GOOD_TRIALS / len(losses), *_GOOD_SHARES))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=good)
    target: Callable[[Any], float] = lambda trial: float(losses[trial.number])  # noqa: E731 - typed for Optuna
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that less is better with a target, as it is here
        return evaluator.evaluate(study, target=target)


def _chance(study: optuna.Study, losses: np.ndarray, found: dict[str, float]) -> dict[str, float]:
    """What each dimension gets where scores have nothing to do with values: the mean and one deviation."""
    rng = np.random.default_rng(0)
    rounds = min(_SHUFFLES, _SHUFFLED_TRIALS // len(losses))
    if not rounds:
        return dict.fromkeys(found, 0.0)
    shuffled = [_divergences(study, rng.permutation(losses)) for _ in range(rounds)]
    gathered = {name: [one[name] for one in shuffled] for name in found}
    return {name: float(np.mean(values) + np.std(values)) for name, values in gathered.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without a line in the log for every study that is made only to be asked."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
