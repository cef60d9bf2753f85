"""Iterative stratification: splits of multi-label datasets with every class in every part.

After Sechidis, Tsoumakas and Vlahavas (2011), in the simple form: the rarest class is
assigned first, each of its groups to the part that needs it most. Pictures that show none of
the classes count as a class of their own. Groups are counted, not pictures; where groups differ
in size, several draws are made, and the one is taken whose parts have about their share of pictures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from core.data.labels.label_sets import NONE_OF_THEM, label_names
from core.data.labels.layout import Split

# In order of preference where several parts need a group equally.
_PARTS = (Split.TRAIN, Split.VALIDATION, Split.TEST)
_TRAIN, _VALIDATION, _TEST = range(3)
# Of a group without a part.
_WAITING = -1
# Of groups that differ in size.
MOST_DRAWS = 50
# Groups, and groups times classes, in all draws together: about a second.
_DEALT_GROUPS, _DEALT_CELLS = 100_000, 5_000_000


def deal_label_sets(
    drawable: pd.DataFrame,
    fractions: Mapping[Split, float],
    seed: int,
    *,
    there: pd.DataFrame | None = None,
    tested: Collection[str] = (),
) -> pd.Series:
    """Assign a part to every group of pictures; each class trains if any of its groups is drawable.

    Args:
        drawable: columns ``label`` (of a manifest, none "") and ``group``.
        fractions: of the groups, for the parts other than training.
        there: pictures that already have a part (``split``); they count towards the fractions.
        tested: classes that get no further test pictures.
    Returns:
        A ``Split`` value for each group, indexed by its name.
    """
    shows = _shown_by_group(drawable)
    if shows.empty:
        return pd.Series(dtype="str")
    lacking, has_training = _lacking(shows, fractions, there, tested)
    sizes = drawable["group"].value_counts()[shows.index].to_numpy()
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(_draws(sizes, shows.size)):
        order = random.permutation(len(shows))
        members = _members(shows.to_numpy(), order)
        part = _deal(shows.to_numpy(), lacking.copy(), members)
        _let_every_class_train(part, members, has_training)
        drawn.append(part)
    fairest = min(drawn, key=lambda part: unfairness(sizes, part))
    return pd.Series([_PARTS[index].value for index in fairest], index=shows.index)


def unfairness(sizes: np.ndarray, part: np.ndarray) -> float:
    """Sum of the pictures by which parts differ from groups of the mean size.

    Args:
        sizes: int64 (groups,), pictures of each.
        part: int64 (groups,), number of its part.
    """
    return float(np.abs(np.bincount(part, weights=sizes - sizes.mean())).sum())


def _draws(sizes: np.ndarray, cells: int) -> int:
    """Number of draws of which the fairest is taken: one for groups of one size, fewer for very many."""
    if np.ptp(sizes) == 0:
        return 1
    return max(1, min(MOST_DRAWS, _DEALT_GROUPS // len(sizes), _DEALT_CELLS // cells))


def stratified_names(label: str) -> tuple[str, ...]:
    """List the names that a label counts for in stratification: its classes, or a name for none of them."""
    return label_names(label) or (NONE_OF_THEM,)


def _shown_by_group(pictures: pd.DataFrame) -> pd.DataFrame:
    """Mark the classes that pictures of each group show: bool, rows are groups, columns are classes."""
    named = _named(pictures)
    rows, groups = pd.factorize(named["group"], sort=True)
    columns, labels = pd.factorize(named["label"], sort=True)
    shows = np.zeros((len(groups), len(labels)), np.bool_)
    shows[rows, columns] = True
    return pd.DataFrame(shows, index=groups, columns=labels)


def _named(pictures: pd.DataFrame) -> pd.DataFrame:
    names = pictures["label"].map({label: stratified_names(label) for label in pictures["label"].unique()})
    return pictures.assign(label=names).explode("label")


def _lacking(
    shows: pd.DataFrame,
    fractions: Mapping[Split, float],
    there: pd.DataFrame | None,
    tested: Collection[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Count the groups that each part needs.

    Returns:
        Counts, int64 (3, classes + 1), the last column for all classes together; and the classes
        that already have training pictures, bool (classes,).
    """
    new = np.append(shows.sum(axis=0).to_numpy(), len(shows))
    taken = np.zeros((len(_PARTS), len(new)), np.int64)
    if there is not None:
        for index, part in enumerate(_PARTS):
            standing = there[there["split"] == part.value]
            counts = _named(standing).drop_duplicates(["group", "label"])["label"].value_counts()
            taken[index] = [*counts.reindex(shows.columns, fill_value=0), standing["group"].nunique()]
    total = new + taken.sum(axis=0)
    lacking = np.zeros_like(taken)
    # At least one trains.
    left = new - 1
    for part, fraction in fractions.items():
        index = _PARTS.index(part)
        wanted = np.maximum(1, np.rint(fraction * total)).astype(np.int64) - taken[index]
        if part is Split.TEST:
            wanted[np.append(shows.columns.isin(list(tested)), bool(tested))] = 0
        # Of a class that trains already, a single new group may validate.
        allowed = left + (taken[_TRAIN] > 0) if part is Split.VALIDATION else left
        lacking[index] = np.clip(wanted, 0, np.maximum(allowed, 0))
        left = left - lacking[index]
    lacking[_TRAIN] = new - lacking.sum(axis=0)
    return lacking, taken[_TRAIN, :-1] > 0


def _members(shows: np.ndarray, order: np.ndarray) -> list[np.ndarray]:
    """List the groups that show each class, in this order: int64 (groups of the class,) each."""
    columns, positions = np.nonzero(shows[order].T)
    ends = np.cumsum(np.bincount(columns, minlength=shows.shape[1]))
    return np.split(order[positions], ends[:-1])


def _deal(shows: np.ndarray, lacking: np.ndarray, members: list[np.ndarray]) -> np.ndarray:
    """Assign parts: the index in ``_PARTS`` for every group, int64 (groups,).

    Args:
        members: groups of each class, in the order in which they are dealt.
    """
    part = np.full(len(shows), _WAITING)
    # Groups of each class that wait.
    counts = shows.sum(axis=0)
    while counts.any():
        rarest = int(np.argmin(np.where(counts > 0, counts, len(shows) + 1)))
        dealt = members[rarest][part[members[rarest]] == _WAITING]
        for group in dealt:
            most = max(range(len(_PARTS)), key=lambda index: (lacking[index, rarest], lacking[index, -1]))
            part[group] = most
            lacking[most, :-1] -= shows[group]
            lacking[most, -1] -= 1
        counts -= shows[dealt].sum(axis=0)
    return part


def _let_every_class_train(part: np.ndarray, members: list[np.ndarray], has_training: np.ndarray) -> None:
    """Move a group to the training part for each class that has none there; changes ``part``."""
    for column in np.flatnonzero(~has_training):
        groups = members[column]
        if not (part[groups] == _TRAIN).any():
            validating = groups[part[groups] == _VALIDATION]
            part[(validating if len(validating) else groups)[0]] = _TRAIN
