"""Parameter importances of a search, by PED-ANOVA.

This module imports Optuna, so only workers use it. Pages read the result from ``live.json``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

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
from core.search.space import Categorical, Domain, Numbers, SearchSpace, Value

FEWEST_TRIALS = 10  # with fewer, any ranking is chance
# Number of trials that count as good, and its limits as shares of all trials. Optuna's default is a tenth:
# of 40 trials that leaves four, and a dimension without influence seems to have a third. With half of
# many trials, a single categorical dimension hides all others.
_GOOD_TRIALS = 20
_GOOD_SHARES = (0.3, 0.5)
_SHUFFLES = 10  # of the scores, to measure the importances that chance gives
_SHUFFLED_TRIALS = 900  # in all shuffles: with many trials chance gives almost nothing


def importances(trials: Sequence[TrialRecord], space: SearchSpace, goal: Goal) -> dict[str, float]:
    """Importance of each dimension for being among the good trials, the largest first.

    PED-ANOVA (Watanabe, Bansal & Hutter 2023) in its form for conditional spaces: a
    dimension is judged among the trials that have it, and weighted by their share of the
    good ones. The importance under shuffled scores is subtracted.

    Returns:
        Shares with sum 1; empty with fewer than ten complete trials, or without an effect
        above chance. The baseline does not count.
    """
    scored = [trial for trial in trials if _is_scored(trial, space)]
    if len(scored) < FEWEST_TRIALS:
        return {}
    losses = np.array([trial.value for trial in scored], float) * (1 if goal.is_better_low else -1)
    if losses.min() == losses.max():
        return {}
    study = _study(scored, losses, space)
    divergences = _divergences(study, losses)
    chance = _chance(study, losses, divergences)
    above = {name: max(0.0, value - chance[name]) for name, value in divergences.items()}
    total = sum(above.values())
    ordered = sorted(above.items(), key=lambda pair: -pair[1])
    return {name: value / total for name, value in ordered} if total > 0 else {}


def _is_scored(trial: TrialRecord, space: SearchSpace) -> bool:
    """True if it has a score and params of the space; the baseline has no params."""
    has_score = trial.state is TrialState.COMPLETE and trial.value is not None and math.isfinite(trial.value)
    return has_score and any(name in space.domains for name in trial.params)


def _study(trials: Sequence[TrialRecord], losses: np.ndarray, space: SearchSpace) -> optuna.Study:
    """An Optuna study of the trials, in memory, with the loss minimised."""
    points = [_params(trial, space) for trial in trials]
    kinds = {
        name: _distribution(domain, [point[name] for point in points if name in point])
        for name, domain in space.domains.items()
    }
    with _quiet():
        study = optuna.create_study(direction="minimize", study_name="importances")
    study.add_trials(
        optuna.trial.create_trial(
            params=point, distributions={name: kinds[name] for name in point}, value=float(loss)
        )
        for point, loss in zip(points, losses, strict=True)
    )
    return study


def _params(trial: TrialRecord, space: SearchSpace) -> dict[str, Value]:
    """Params in the space; a 0 on a logarithmic scale (no weight decay) is left out."""
    params = {}
    for name, value in trial.params.items():
        domain = space.domains.get(name)
        if domain is not None and not (isinstance(domain, Numbers) and domain.log and float(value) <= 0):
            params[name] = value
    return params


def _distribution(domain: Domain, seen: Iterable[Value]) -> BaseDistribution:
    """The domain for Optuna, extended to values from an earlier search."""
    if isinstance(domain, Categorical):
        return CategoricalDistribution(list(dict.fromkeys([*domain.choices, *seen])))
    numbers = [domain.low, domain.high, *map(float, seen)]
    low, high = min(numbers), max(numbers)
    if domain.whole:
        return IntDistribution(round(low), round(high), log=domain.log)
    return FloatDistribution(low, high, log=domain.log)


def _divergences(study: optuna.Study, losses: np.ndarray) -> dict[str, float]:
    """Divergence of the good trials from all trials in each dimension, under losses float (n,)."""
    good = float(np.clip(_GOOD_TRIALS / len(losses), *_GOOD_SHARES))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=good)
    target: Callable[[optuna.trial.FrozenTrial], float] = lambda trial: float(losses[trial.number])  # noqa: E731 - typed for Optuna
    with warnings.catch_warnings():
        # Optuna warns that a custom target is minimised, which is meant here.
        warnings.simplefilter("ignore", UserWarning)
        return evaluator.evaluate(study, target=target)


def _chance(study: optuna.Study, losses: np.ndarray, divergences: dict[str, float]) -> dict[str, float]:
    """Divergence of each dimension under shuffled scores: the mean plus one standard deviation."""
    rng = np.random.default_rng(0)
    rounds = min(_SHUFFLES, _SHUFFLED_TRIALS // len(losses))
    if not rounds:
        return dict.fromkeys(divergences, 0.0)
    shuffled = [_divergences(study, rng.permutation(losses)) for _ in range(rounds)]
    by_name = {name: [one[name] for one in shuffled] for name in divergences}
    return {name: float(np.mean(values) + np.std(values)) for name, values in by_name.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Optuna's log line for each temporary study."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
