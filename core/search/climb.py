"""Climb: a search whose only setting is its time, and whose trials are rungs of a ladder."""

from __future__ import annotations

from itertools import combinations

from core.errors import ConfigError
from core.models.backbone import Backbone
from core.models.backbones import BACKBONES, get_backbone
from core.models.committee import JOINT
from core.models.weights.store import is_pretrained_here
from core.search.config import Goal, Pruner, Sampler, SearchConfig
from core.search.space import Categorical, SearchSpace, Speed, Value, config_with
from core.training.config import Recipe, TrainingConfig

# Single backbones of a ladder, the user's own first.
_MOST_BACKBONES = 4


def climb_config(base: TrainingConfig, minutes: float, goal: Goal = Goal.ACCURACY) -> SearchConfig:
    """Settings of a climb.

    Args:
        base: the user's settings; the first rung is a head on the frozen features of their backbone, of a
            committee those of its first member.
    Raises:
        ConfigError: the backbone has no pretrained weights, or the time is out of range.
    """
    # Later rungs fine-tune, which the backbones of a committee are not.
    first, *_ = get_backbone(base.backbone).parts
    base = config_with(base, {"backbone": first.key, "recipe": Recipe.QUICK.value})
    return SearchConfig(
        base=base,
        minutes=minutes,
        speed=Speed.FULL,
        goal=goal,
        space=_space(base),
        sampler=Sampler.LADDER,
        pruner=Pruner.NONE,
    )


def _space(base: TrainingConfig) -> SearchSpace:
    recipes = (Recipe.QUICK, Recipe.BALANCED, Recipe.BEST)
    return SearchSpace(
        domains={
            "backbone": Categorical(choices=_backbones(base)),
            "recipe": Categorical(choices=tuple(recipe.value for recipe in recipes)),
            "augmentation": Categorical(choices=(0.0, 1.0)),
        }
    )


def _backbones(base: TrainingConfig) -> tuple[Value, ...]:
    """Keys of the single backbones, then of all committees of two or three of them."""
    singles = _singles(base)
    together = [members for size in (2, 3) for members in combinations(singles, size)]
    return (*singles, *(JOINT.join(members) for members in together))


def _singles(base: TrainingConfig) -> tuple[str, ...]:
    """Keys of the backbones whose weights are here and that take the picture size: the user's own, then the cheapest."""
    own = get_backbone(base.backbone)
    others = [
        one for one in BACKBONES.values() if one is not own and is_pretrained_here(one) and _fits(base, one)
    ]
    others.sort(key=lambda one: one.billion_multiply_adds)
    return tuple(one.key for one in (own, *others[: _MOST_BACKBONES - 1]))


def _fits(base: TrainingConfig, backbone: Backbone) -> bool:
    try:
        config_with(base, {"backbone": backbone.key})
    except ConfigError:
        return False
    return True
