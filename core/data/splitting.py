"""Which pictures train, which validate, which test. Drawn once, then frozen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.layout import Split
from core.errors import ConfigError
from core.messages import N_

MIN_PICTURES_PER_CLASS = 3  # one for each part


@dataclass(frozen=True, kw_only=True)
class SplitConfig:
    """How the pictures are divided. What is left after both fractions trains."""

    validation_fraction: float = 0.15
    test_fraction: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        for fraction in (self.validation_fraction, self.test_fraction):
            if not 0.0 < fraction <= 0.4:
                raise ConfigError(
                    N_("A split fraction of {fraction} is not possible; choose one between 0.01 and 0.4."),
                    fraction=fraction,
                )


def draw_split(pictures: pd.DataFrame, config: SplitConfig) -> pd.Series:
    """A split for every picture: stratified, and no group on two sides.

    Args:
        pictures: columns ``label``, ``group`` and ``supplied_split`` (a ``Split``
            or "" where the source did not say). What the source says is kept;
            a part that it lacks is taken out of its training pictures.
    Returns:
        ``Split`` values, indexed like ``pictures``.
    """
    split = _supplied_by_group(pictures)
    supplied = set(pictures["supplied_split"].unique()) - {""}
    wanted = {
        part: fraction
        for part, fraction in (
            (Split.TEST, config.test_fraction),
            (Split.VALIDATION, config.validation_fraction),
        )
        if part.value not in supplied
    }
    drawable = pictures[split == Split.TRAIN.value]
    group_label = drawable.groupby("group", sort=True)["label"].first()
    for label in sorted(group_label.unique()):
        groups = group_label.index[group_label == label].to_numpy()
        for part, chosen in _deal(groups, wanted, seed=_class_seed(config.seed, str(label))).items():
            split[drawable.index[drawable["group"].isin(chosen)]] = part.value
    return split


def _supplied_by_group(pictures: pd.DataFrame) -> pd.Series:
    """What the source says, "train" where it says nothing; a group supplied to several parts measures."""
    by_rank = dict(enumerate((Split.TEST.value, Split.VALIDATION.value, Split.TRAIN.value)))
    ranks = pictures["supplied_split"].replace("", Split.TRAIN.value).map({v: k for k, v in by_rank.items()})
    return ranks.groupby(pictures["group"]).transform("min").map(by_rank)


def _deal(groups: np.ndarray, wanted: dict[Split, float], seed: Iterable[int]) -> dict[Split, np.ndarray]:
    """Deal one class's groups: at least one to each part, and at least one left to train."""
    shuffled = np.random.default_rng(list(seed)).permutation(groups)
    dealt: dict[Split, np.ndarray] = {}
    start = 0
    for part, fraction in wanted.items():
        left_for_others = len(shuffled) - start - 1
        count = min(max(1, round(fraction * len(shuffled))), max(0, left_for_others))
        dealt[part] = shuffled[start : start + count]
        start += count
    return dealt


def _class_seed(seed: int, label: str) -> list[int]:
    return [seed, *label.encode()]
