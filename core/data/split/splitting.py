"""Train, validation and test split, drawn once and then frozen.

Pictures of one group (copies, near duplicates, one patient) stay in one part. Pictures that are
added later train or validate: the test set does not change, so results stay comparable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.split.stratification import MOST_DRAWS, deal_label_sets, stratified_names, unfairness
from core.errors import ConfigError
from core.messages import N_
from core.records import Record

Fractions = Mapping[Split, float]
# One for each part.
MIN_PICTURES_PER_CLASS = 3
_MIN_FRACTION, _MAX_FRACTION = 0.01, 0.4
# Test before validation before training; "" (not drawn yet) comes last.
_PRECEDENCE = (Split.TEST.value, Split.VALIDATION.value, Split.TRAIN.value, "")


@dataclass(frozen=True, kw_only=True)
class SplitConfig(Record):
    """Settings of the split. The rest of the pictures train."""

    validation_fraction: float = 0.15
    test_fraction: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        for fraction in (self.validation_fraction, self.test_fraction):
            if not _MIN_FRACTION <= fraction <= _MAX_FRACTION:
                raise ConfigError(
                    N_("A split fraction of {fraction} is not possible; choose one between 0.01 and 0.4."),
                    fraction=fraction,
                )


def draw_split(pictures: pd.DataFrame, config: SplitConfig, task: Task = Task.MULTI_CLASS) -> pd.Series:
    """Draw a stratified split in which each group stays in one part.

    Args:
        pictures: columns ``label``, ``group`` and ``supplied_split`` (a ``Split``, or "" if the
            source gives none). Supplied parts stay; a part that the source lacks is drawn from
            its training pictures.
    Returns:
        ``Split`` values, indexed like ``pictures``.
    """
    parts = without_lone_part(pictures["supplied_split"])
    split = first_of_group(parts.replace("", Split.TRAIN.value), pictures["group"])
    supplied = set(parts.unique()) - {""}
    wanted = {part: fraction for part, fraction in _fractions(config).items() if part.value not in supplied}
    drawable = pictures[split == Split.TRAIN.value]
    if task is Task.MULTI_LABEL:
        split.update(drawable["group"].map(deal_label_sets(drawable, wanted, config.seed)))
        return split
    split.update(_deal_by_class(drawable, dict.fromkeys(drawable["label"].unique(), wanted), config.seed))
    return split


def without_lone_part(parts: pd.Series) -> pd.Series:
    """Blank a part that all pictures are in, unless they are for training: it divides nothing."""
    is_lone = parts.nunique() == 1 and parts.iloc[0] != Split.TRAIN.value
    return pd.Series("", parts.index, dtype=parts.dtype) if is_lone else parts


def redrawn_split(pictures: pd.DataFrame, config: SplitConfig, task: Task = Task.MULTI_CLASS) -> pd.Series:
    """Draw the split of labelled pictures anew, whatever the source supplied.

    Excluded pictures do not count, so that they take no part from those that are used. They
    follow their groups, or are divided like additions, for the case that they are included again.

    Args:
        pictures: columns ``label``, ``group`` and ``excluded``.
    Returns:
        ``Split`` values, indexed like ``pictures``; "" for pictures without a label.
    """
    bare = pictures.assign(supplied_split="", split="")
    labelled = bare["label"] != ""
    used = labelled & ~bare["excluded"]
    bare.loc[used, "split"] = draw_split(bare[used], config, task)
    return deal_additions(bare, labelled & ~used, config, task)


def deal_additions(
    pictures: pd.DataFrame, added: pd.Series, config: SplitConfig, task: Task = Task.MULTI_CLASS
) -> pd.Series:
    """Draw the split of added pictures; the others stay in their part.

    An added picture joins the part of its group, if the group has one. A class that already
    has test pictures gets no further ones, unless the source supplies them.

    Args:
        pictures: columns ``label``, ``group``, ``supplied_split`` and ``split``.
        added: the pictures to draw for; bool, indexed alike.
    Returns:
        ``Split`` values, indexed like ``pictures``; "" for pictures that are not drawn.
    """
    split = pictures["split"].where(~added, pictures["supplied_split"])
    known = split[split != ""]
    of_group = known.map(measuring_rank).groupby(pictures.loc[known.index, "group"]).min()
    follows = pictures["group"].map(of_group)
    joining = added & follows.notna()
    split[joining] = follows[joining].astype(int).map(dict(enumerate(_PRECEDENCE)))
    drawable = pictures[added & (split == "")]
    there = pictures.assign(split=split)[split != ""]
    tested = set(there.loc[there["split"] == Split.TEST.value, "label"])
    fractions = _fractions(config)
    if task is Task.MULTI_LABEL:
        names = {name for label in tested for name in stratified_names(label)}
        parts = deal_label_sets(drawable, fractions, config.seed, there=there, tested=names)
        split.update(drawable["group"].map(parts))
        return split
    later: Fractions = {part: share for part, share in fractions.items() if part is not Split.TEST}
    wanted = {str(label): later if label in tested else fractions for label in drawable["label"].unique()}
    split[drawable.index] = Split.TRAIN.value
    split.update(_deal_by_class(drawable, wanted, config.seed, there))
    return split


def measuring_rank(split: str) -> int:
    """Rank a part: 0 for test, then validation, training, and not drawn yet ("")."""
    return _PRECEDENCE.index(split)


def first_of_group(split: pd.Series, group: pd.Series) -> pd.Series:
    """Choose one part for every group: test if one of its pictures tests, else validation, else training."""
    ranks = split.map(measuring_rank)
    return ranks.groupby(group).transform("min").map(dict(enumerate(_PRECEDENCE)))


def joined_groups(*groupings: pd.Series) -> pd.Series:
    """Merge groupings: pictures that share a group in any of them share one in the result.

    Args:
        groupings: the key of each picture's group, all indexed alike.
    Returns:
        Keys of the merged groups, str: the first picture's key in the first grouping.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(groupings[0])
    edges: list[tuple[np.ndarray, np.ndarray]] = []
    for grouping in groupings:
        codes = pd.factorize(grouping)[0]
        first = np.full(codes.max(initial=-1) + 1, count)
        np.minimum.at(first, codes, np.arange(count))
        edges.append((np.arange(count), first[codes]))
    ends = np.concatenate([end for end, _ in edges]), np.concatenate([start for _, start in edges])
    graph = coo_array((np.ones(len(ends[0]), np.bool_), ends), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    keys = groupings[0].to_numpy()
    first_row = pd.Series(np.arange(count)).groupby(component).transform("min").to_numpy()
    return pd.Series(keys[first_row], index=groupings[0].index)


def _fractions(config: SplitConfig) -> Fractions:
    return {Split.TEST: config.test_fraction, Split.VALIDATION: config.validation_fraction}


def _deal_by_class(
    drawable: pd.DataFrame,
    wanted: Mapping[str, Fractions],
    seed: int,
    there: pd.DataFrame | None = None,
) -> pd.Series:
    """Draw validation and test pictures, each class by itself.

    Args:
        there: pictures that already have a part; they count towards the fractions.
    Returns:
        The parts of the drawn pictures only, indexed like ``drawable``.
    """
    group_label = _rarest_labels(drawable)
    sizes = drawable["group"].value_counts()
    part_of_group: dict[str, str] = {}
    for label in sorted(group_label.unique()):
        groups = group_label.index[group_label == label].to_numpy()
        taken = _groups_in_parts(there[there["label"] == label]) if there is not None else {}
        dealt = _deal(sizes[groups], wanted[label], taken, seed=_class_seed(seed, str(label)))
        for part, chosen in dealt.items():
            part_of_group.update(dict.fromkeys(chosen, part.value))
    return drawable["group"].map(part_of_group).dropna()


def _rarest_labels(pictures: pd.DataFrame) -> pd.Series:
    """Choose a label for each group: of several, the one that fewest groups have, so that every part gets some."""
    pairs = pictures[["group", "label"]].drop_duplicates()
    frequency = pairs["label"].map(pairs["label"].value_counts())
    rarest = pairs.assign(frequency=frequency).sort_values(["frequency", "label"], kind="stable")
    return rarest.drop_duplicates("group").set_index("group")["label"].sort_index()


def _groups_in_parts(pictures: pd.DataFrame) -> dict[str, int]:
    counts = pictures.drop_duplicates("group")["split"].value_counts()
    return {str(part): int(count) for part, count in counts.items()}


def _deal(
    sizes: pd.Series, wanted: Fractions, taken: Mapping[str, int], seed: Iterable[int]
) -> dict[Split, np.ndarray]:
    """Draw the groups of one class for each part: at least one each, and at least one for training.

    Where the class trains already, a single new group may validate: pictures that are added one by one
    would otherwise all train.

    Args:
        sizes: pictures of each group, indexed by its name.
        taken: groups that each part has already.
    """
    total = len(sizes) + sum(taken.values())
    trains_already = taken.get(Split.TRAIN.value, 0) > 0
    edges = {}
    start = 0
    for part, fraction in wanted.items():
        lacking = max(1, round(fraction * total)) - taken.get(part.value, 0)
        reserved = 0 if trains_already and part is Split.VALIDATION else 1
        count = max(0, min(lacking, len(sizes) - start - reserved))
        edges[part] = slice(start, start + count)
        start += count
    order = _fair_order(sizes.to_numpy(), list(edges.values()), seed)
    return {part: sizes.index.to_numpy()[order[edge]] for part, edge in edges.items()}


def _fair_order(sizes: np.ndarray, edges: Sequence[slice], seed: Iterable[int]) -> np.ndarray:
    """Shuffle groups, int64 (groups,), such that each part gets about its share of the pictures.

    Of several shuffles, the one is taken whose parts come nearest to it. Otherwise a patient with
    half of all pictures would often be a part by himself. Of groups of one size, the first is taken.

    Args:
        sizes: int64 (groups,), pictures of each.
        edges: positions of each part in the shuffled groups.
    """
    random = np.random.default_rng(list(seed))
    draws = 1 if np.ptp(sizes) == 0 else MOST_DRAWS
    part = np.zeros(len(sizes), np.int64)
    for number, edge in enumerate(edges, start=1):
        part[edge] = number
    orders = [random.permutation(len(sizes)) for _ in range(draws)]
    return min(orders, key=lambda order: unfairness(sizes[order], part))


def _class_seed(seed: int, label: str) -> list[int]:
    return [seed, *label.encode()]
