"""Grid search over a conditional space: every setting once, in random order.

Optuna's own grid varies dimensions that do not exist with the others' values, so it repeats
settings: of 32,768 combinations of the usual space of heads, 4,160 differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from core.search.space import Value

_Setting = Mapping[str, Value]


class GridSampler(optuna.samplers.BaseSampler):
    """Sampler of settings that no other trial of the study has."""

    def __init__(self, settings: Sequence[_Setting], seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(settings))
        self._settings = [settings[index] for index in order]
        self._tried: set[frozenset[tuple[str, Value]]] = set()
        # That of the trial at work.
        self._setting: _Setting = {}

    def is_exhausted(self, study: optuna.Study) -> bool:
        """True once trials have every setting."""
        tried = _tried(study)
        if len(tried) < len(self._settings):
            return False
        return all(frozenset(setting.items()) in tried for setting in self._settings)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._tried, self._setting = _tried(study), {}

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        if param_name not in self._setting or not _agrees(self._setting, trial):
            self._setting = self._next(trial, param_name)
        return self._setting[param_name]

    def _next(self, trial: FrozenTrial, name: str) -> _Setting:
        """Choose an untried setting with what the trial has already, where there is one."""
        possible = [setting for setting in self._settings if name in setting]
        # A queued trial may have values beside the grid.
        fitting = [setting for setting in possible if _agrees(setting, trial)] or possible
        untried = (setting for setting in fitting if frozenset(setting.items()) not in self._tried)
        return next(untried, fitting[0])


def _tried(study: optuna.Study) -> set[frozenset[tuple[str, Value]]]:
    return {frozenset(trial.params.items()) for trial in study.get_trials(deepcopy=False)}


def _agrees(setting: _Setting, trial: FrozenTrial) -> bool:
    return trial.params.items() <= setting.items()
