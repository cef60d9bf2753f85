"""Mean heatmaps: where a classifier looks in many pictures of a class, or of a confusion.

Each picture counts with its support scaled to a sum of 1, so a mean is the share of the evidence
that lies in a cell. File: ``evaluation/mean_heatmaps.json``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.network import Method
from core.evaluation.explanations.shortcuts import Shortcut
from core.records import Record

FILE = "mean_heatmaps.json"
# Of each pair of true class and answer. A mean changes little beyond; occlusion takes 65 times as long.
MOST_PICTURES = {Method.CAM: 40, Method.OCCLUSION: 12}


@dataclass(frozen=True, kw_only=True)
class MeanHeatmap(Record):
    """Mean of the heatmaps that explain one answer for pictures of one true class."""

    true_class: str  # "" where a multi-label classifier added the answer wrongly
    answer: str
    pictures: int
    values: tuple[tuple[float, ...], ...]  # share of the evidence in each cell; they sum to 1

    @property
    def is_right(self) -> bool:
        return self.true_class == self.answer


@dataclass(frozen=True, kw_only=True)
class MeanHeatmaps(Record):
    """Mean heatmaps of a run's answers, and the shortcuts that they show."""

    method: Method
    pictures: int
    means: tuple[
        MeanHeatmap, ...
    ]  # right answers in the order of the classes, then confusions, the largest first
    shortcuts: tuple[Shortcut, ...] = ()


def read_mean_heatmaps(evaluated: EvaluatedRun) -> MeanHeatmaps | None:
    """Read the stored result; None if there is none, another version wrote it, or the run was continued since."""
    return evaluated.read_result(FILE, MeanHeatmaps)


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Heatmap of one answer to one picture."""

    row: int  # of the dataset's pictures
    true_class: str
    answer: str
    support: np.ndarray  # float (H, W), not below 0


def mean_heatmaps(explained: list[Explained], class_names: tuple[str, ...]) -> tuple[MeanHeatmap, ...]:
    """Average the heatmaps of each pair of true class and answer; those without support are left out."""
    maps: dict[tuple[str, str], list[np.ndarray]] = {}
    for one in explained:
        total = one.support.sum()
        if total > 0:
            maps.setdefault((one.true_class, one.answer), []).append(one.support / total)
    means = [
        MeanHeatmap(
            true_class=true_class,
            answer=answer,
            pictures=len(own),
            values=tuple(tuple(row) for row in np.mean(own, axis=0).round(5).tolist()),
        )
        for (true_class, answer), own in maps.items()
    ]
    order = {name: number for number, name in enumerate(class_names)}

    def rank(mean: MeanHeatmap) -> tuple[bool, int, int]:
        return not mean.is_right, 0 if mean.is_right else -mean.pictures, order[mean.answer]

    return tuple(sorted(means, key=rank))
