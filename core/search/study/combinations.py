"""Combinations of a grid search: each setting of a conditional space once. Imports no Optuna."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from core.errors import ConfigError
from core.messages import N_
from core.search.space import DIMENSIONS, SearchSpace, Value, exists, values_of
from core.training.config import TrainingConfig

# Values of each dimension, and the most combinations of all, which are held in memory.
_POINTS, _MOST_COMBINATIONS = 4, 200_000


def combinations_of(space: SearchSpace, base: TrainingConfig) -> list[dict[str, Value]]:
    """All combinations of a few values of each dimension, each with the dimensions that exist in it.

    Raises:
        ConfigError: there are too many combinations.
    """
    require_small_grid(space, base)
    return list(_combinations(space, space.dimensions, values_of(base)))


def require_small_grid(space: SearchSpace, base: TrainingConfig) -> None:
    """Raise ConfigError if a space has too many combinations for a grid."""
    count = _count(space, space.dimensions, values_of(base))
    if count > _MOST_COMBINATIONS:
        raise ConfigError(
            N_(
                "A grid of this space has {count} combinations; at most {most} are possible. "
                "Search for fewer settings, or choose another sampler."
            ),
            count=count,
            most=_MOST_COMBINATIONS,
        )


def _combinations(
    space: SearchSpace, names: Sequence[str], values: Mapping[str, Value]
) -> Iterator[dict[str, Value]]:
    """Combinations of the dimensions ``names``, where all dimensions before them have ``values``."""
    if not names:
        yield {}
        return
    name, *later = names
    if not exists(name, values):
        yield from _combinations(space, later, values)
        return
    for value in space.domains[name].points(_POINTS):
        for others in _combinations(space, later, {**values, name: value}):
            yield {name: value, **others}


def _count(space: SearchSpace, names: Sequence[str], values: Mapping[str, Value]) -> int:
    """Number of ``_combinations``, without making them."""
    if not names:
        return 1
    name, *later = names
    if not exists(name, values):
        return _count(space, later, values)
    points = space.domains[name].points(_POINTS)
    if not any(name in DIMENSIONS[other].needs for other in later):
        return len(points) * _count(space, later, values)
    return sum(_count(space, later, {**values, name: value}) for value in points)
