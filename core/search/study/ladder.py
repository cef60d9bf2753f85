"""Ladder of a climb: the next rung is where a point of accuracy is expected to cost least.

What a step brings is not known before it is tried. The expected gains are assumptions, set after a few
measurements of single steps, and only order the steps. What they cost is measured on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import optuna

from core.data.dataset import Dataset
from core.models.backbones import get_backbone
from core.progress import Stage
from core.search.config import SearchConfig
from core.search.records import TrialState
from core.search.space import Value, config_with
from core.search.study.trials import ended, record_of
from core.search.trials.folds import is_cross_validated
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import expected_stages

# Points of accuracy.
_OTHER_FEATURES, _AUGMENTED_HEAD, _LAST_BLOCKS, _ALL_BLOCKS = 1.0, 0.5, 3.0, 1.0
# Of committees of two and of three.
_JOINED = {2: 2.0, 3: 0.5}
# A rung is begun if this many times its expected time is left.
_MARGIN = 1.2
_LEAST_SECONDS = 0.5
_AFTERWARDS = {Stage.EVALUATING, Stage.EXPORTING}
_TRAINS = {Stage.TRAINING, Stage.ACTIVATIONS, Stage.FINE_TUNING}

Rung = Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A rung that was tried; its merit is higher for a better one, None if it was not completed."""

    settings: TrainingConfig
    merit: float | None


def queue_next_rung(study: optuna.Study, config: SearchConfig, dataset: Dataset, seconds_left: float) -> bool:
    """Queue the next rung; False if none is left that can be completed in time."""
    tried = _tried(study, config)
    rung = next_rung(config, dataset, tried, seconds_left)
    if rung is None:
        return False
    study.enqueue_trial(dict(rung))
    return True


def next_rung(
    config: SearchConfig, dataset: Dataset, tried: Sequence[Tried], seconds_left: float
) -> Rung | None:
    """The untried rung with the most expected points of accuracy a second among those that fit in time."""
    known = [one.settings for one in tried]
    best, best_rate = None, 0.0
    for rung, gain in _rungs(config, tried):
        settings = config_with(config.base, rung)
        if settings in known:
            continue
        seconds, afterwards = _seconds(config, dataset, settings)
        if _MARGIN * seconds + afterwards > seconds_left:
            continue
        if gain / seconds > best_rate:
            best, best_rate = rung, gain / seconds
    return best


def _rungs(config: SearchConfig, tried: Sequence[Tried]) -> Iterator[tuple[Rung, float]]:
    """Rungs above those that were tried, each with the points of accuracy that it is expected to bring."""
    own = 1.0 if config.base.augmentation.is_active else 0.0
    keys = [str(key) for key in config.space.domains["backbone"].points(0)]
    for key in keys:
        if not _members(key):
            yield _rung(key, Recipe.QUICK, own), _OTHER_FEATURES
    heads = _best_first(tried, Recipe.QUICK)
    singles = [one for one in heads if not _members(one.settings.backbone)]
    if not singles:
        return
    yield _rung(heads[0].settings.backbone, Recipe.QUICK, 1.0 - own), _AUGMENTED_HEAD
    yield _rung(singles[0].settings.backbone, Recipe.BALANCED, 1.0), _LAST_BLOCKS
    ranked = list(dict.fromkeys(one.settings.backbone for one in singles))
    for size, gain in _JOINED.items():
        yield from (
            (_rung(key, Recipe.QUICK, own), gain) for key in keys if _members(key) == set(ranked[:size])
        )
    for network in _best_first(tried, Recipe.BALANCED)[:1]:
        # Where training the last blocks gained nothing, training all of them rarely does.
        if _merit(network) > _merit(singles[0]):
            yield _rung(network.settings.backbone, Recipe.BEST, 1.0), _ALL_BLOCKS


def _members(key: str) -> set[str]:
    """Keys of a committee's backbones; none for a single one."""
    return {member.key for member in get_backbone(key).members}


def _rung(backbone: str, recipe: Recipe, augmentation: float) -> Rung:
    return {"backbone": backbone, "recipe": recipe.value, "augmentation": augmentation}


def _best_first(tried: Sequence[Tried], recipe: Recipe) -> list[Tried]:
    complete = [one for one in tried if one.settings.recipe is recipe and one.merit is not None]
    return sorted(complete, key=_merit, reverse=True)


def _merit(one: Tried) -> float:
    assert one.merit is not None
    return one.merit


def _seconds(config: SearchConfig, dataset: Dataset, settings: TrainingConfig) -> tuple[float, float]:
    """Expected seconds of a rung, and of the test and the export that follow the climb."""
    times = 1 + config.folds if is_cross_validated(config, dataset) else 1
    stages = dict(expected_stages(dataset, settings, is_cold=False))
    afterwards = sum(stages.pop(stage, 0.0) for stage in _AFTERWARDS)
    seconds = sum(seconds * (times if stage in _TRAINS else 1) for stage, seconds in stages.items())
    return max(_LEAST_SECONDS, seconds), afterwards


def _tried(study: optuna.Study, config: SearchConfig) -> list[Tried]:
    sign = -1.0 if config.goal.is_better_low else 1.0
    records = [record_of(trial) for trial in ended(study.get_trials(deepcopy=False))]
    # What the end of the time cut off is tried again if the climb goes on.
    records = [record for record in records if record.state is not TrialState.PRUNED]
    return [
        Tried(
            settings=TrainingConfig.from_json(dict(record.settings)),
            merit=sign * record.value
            if record.state is TrialState.COMPLETE and record.value is not None
            else None,
        )
        for record in records
    ]
