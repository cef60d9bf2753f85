"""Accuracy on every slice, with intervals and a test against the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.intervals import Interval, fraction_interval
from core.evaluation.slices.difference import (
    adjusted_for_many,
    is_one_group,
    p_values_of_lower_accuracy,
)
from core.evaluation.slices.kinds import SLICE_KINDS, SliceKind
from core.evaluation.slices.slicing import SliceSource
from core.messages import Message

# Smaller slices are shown, but not ranked: their accuracy is mostly chance. One group needs so many others.
LEAST_PICTURES, LEAST_GROUPS = 10, 5
# False discovery rate of the marked slices.
RATE = 0.05


@dataclass(frozen=True, kw_only=True)
class SliceScore:
    """Accuracy of a classifier on one slice of the test pictures."""

    kind: SliceKind
    name: Message
    members: np.ndarray  # bool (n,)
    pictures: int
    groups: int
    accuracy: float  # fraction with the whole answer right
    interval: Interval  # 95%
    difference: float  # accuracy minus that of the rest
    p_value: float  # one-sided: as bad as this by chance
    adjusted: float | None  # p-value adjusted for all ranked slices; None: too small to be ranked

    @property
    def is_ranked(self) -> bool:
        return self.adjusted is not None

    @property
    def is_proven(self) -> bool:
        """True if the slice is worse than the rest beyond what chance among many slices gives."""
        return self.adjusted is not None and self.adjusted <= RATE


def slice_source(evaluated: EvaluatedRun) -> SliceSource:
    """Collect what the slices of an evaluated run are made of."""
    rows, clusters = evaluated.rows(Split.TEST), None
    if "cluster" in evaluated.predictions:
        of_picture = evaluated.predictions.set_index("id")["cluster"]
        clusters = of_picture.loc[evaluated.dataset.pictures["id"].iloc[rows]].to_numpy(np.int64)
    return SliceSource(
        pictures=evaluated.dataset.pictures,
        rows=rows,
        targets=evaluated.test.targets,
        class_names=evaluated.dataset.class_names,
        clusters=clusters,
    )


def measure_slices(
    source: SliceSource, is_right: np.ndarray, groups: np.ndarray, *, kinds: Sequence[SliceKind] | None = None
) -> list[SliceScore]:
    """Score every slice: the ranked ones first, worst first, then those too small, worst first.

    A slice of the same pictures as an earlier one is left out, as where folders are the classes.

    Args:
        is_right: bool (n,), of the test pictures.
        groups: int64 (n,), equal for pictures that belong together; 0 to the largest, every number occurs.
        kinds: None: all of ``SLICE_KINDS``.
    """
    found = _slices(source, SLICE_KINDS if kinds is None else kinds)
    if not found:
        return []
    members = np.stack([one.members for one in found])
    counts = np.array([len(np.unique(groups[row])) for row in members])
    is_group = np.array([one.is_group and is_one_group(one.members, groups) for one in found])
    witnesses = np.where(is_group, len(np.unique(groups)) - 1, counts)
    is_ranked = (members.sum(axis=1) >= LEAST_PICTURES) & (witnesses >= LEAST_GROUPS)
    p_values = p_values_of_lower_accuracy(is_right, members, groups)
    adjusted = np.full(len(members), np.nan)
    if is_ranked.any():
        adjusted[is_ranked] = adjusted_for_many(p_values[is_ranked])
    scores = [
        SliceScore(
            kind=one.kind,
            name=one.name,
            members=row,
            pictures=int(row.sum()),
            groups=int(counts[index]),
            accuracy=float(is_right[row].mean()),
            # Of one group, its pictures are the observations.
            interval=fraction_interval(
                is_right[row], np.arange(row.sum()) if is_group[index] else groups[row]
            ),
            difference=float(is_right[row].mean() - is_right[~row].mean()),
            p_value=float(p_values[index]),
            adjusted=float(adjusted[index]) if is_ranked[index] else None,
        )
        for index, (one, row) in enumerate(zip(found, members, strict=True))
    ]
    return sorted(scores, key=lambda score: (not score.is_ranked, score.accuracy))


@dataclass(frozen=True, kw_only=True)
class _Slice:
    """One set of test pictures, by the first name that it has."""

    kind: SliceKind
    name: Message
    members: np.ndarray  # bool (n,)
    # It is one of the user's groups, whatever its name.
    is_group: bool


def _slices(source: SliceSource, kinds: Sequence[SliceKind]) -> list[_Slice]:
    """Slices with some, but not all, of the test pictures, each set of pictures once."""
    found: dict[bytes, _Slice] = {}
    for kind in kinds:
        slicing = kind.function(source)
        if slicing is None:
            continue
        for name, row in zip(slicing.names, slicing.members, strict=True):
            key = np.packbits(row).tobytes()
            if key in found:
                found[key] = replace(found[key], is_group=found[key].is_group or kind.is_of_groups)
            elif row.any() and not row.all():
                found[key] = _Slice(kind=kind, name=name, members=row, is_group=kind.is_of_groups)
    return list(found.values())
