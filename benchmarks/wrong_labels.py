"""Wrong labels: how many that were planted are found, and how many right ones are suspected.

Labels of real pictures are changed at random to another class; the finder looks at
the features of the backbone that comes with Darkroom, as the doctor does. The
pictures' own labels count as right, although a few of the digits are doubtful.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

os.environ["KERAS_BACKEND"] = "tensorflow"  # converts the backbone
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np

from benchmarks.figures import Figure, Target
from benchmarks.options import Options
from benchmarks.picture_features import LabelledFeatures, digits_and_photographs
from core.doctor.checks.wrong_labels import suspected_labels
from core.doctor.features.reduction import reduced_features
from core.progress import QuietProgress

PHOTOGRAPHS, QUICK_PICTURES = 1600, 160
FLIPPED_SHARES = (0.01, 0.05, 0.1)
TARGET_SHARE = 0.05  # the one that targets are set for
LEAST_RECALL, LEAST_PRECISION = 80.0, 50.0  # percent
MANY_PICTURES, MOST_SECONDS = 10_000, 40.0
_SEEDS, _QUICK_SEEDS = 5, 2
_BATCH = 256  # rows of features changed together
_CHANGED_BY = 0.1  # of a feature's spread, where pictures are multiplied to measure the time


@dataclass(frozen=True, kw_only=True)
class Found:
    """Result of one search for wrong labels; a fraction of nothing is 0."""

    recall: float  # of the changed labels, in percent
    precision: float  # changed labels among the suspects, in percent
    well_suggested: float  # found labels for which the true class was suggested, in percent
    suspects: int


def run(options: Options) -> list[Figure]:
    photographs, most = (QUICK_PICTURES, QUICK_PICTURES) if options.quick else (PHOTOGRAPHS, None)
    sets = digits_and_photographs(photographs, most)
    seeds = range(_QUICK_SEEDS if options.quick else _SEEDS)
    figures = [figure for data in sets for figure in _quality_figures(data, seeds)]
    return [*figures, _speed_figure(sets[1], 1000 if options.quick else MANY_PICTURES)]


def flip_labels(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which a share is changed to any other class, and bool (n,): which ones."""
    random = np.random.default_rng(seed)
    is_changed = np.zeros(len(labels), np.bool_)
    is_changed[random.choice(len(labels), round(share * len(labels)), replace=False)] = True
    classes = int(labels.max()) + 1
    steps = random.integers(1, classes, len(labels))
    return np.where(is_changed, (labels + steps) % classes, labels), is_changed


def judge(
    points: np.ndarray, labels: np.ndarray, true_labels: np.ndarray, is_changed: np.ndarray, seed: int
) -> Found:
    """Search once and compare with what was changed."""
    suspects = suspected_labels(points, labels, np.arange(len(labels)), QuietProgress(), seed=seed)
    rows = np.array([suspect.row for suspect in suspects], np.int64)
    suggested = np.array([suspect.suggested for suspect in suspects], np.int64)
    hits = is_changed[rows]
    return Found(
        recall=_percent(int(hits.sum()), int(is_changed.sum())),
        precision=_percent(int(hits.sum()), len(rows)),
        well_suggested=_percent(int((suggested[hits] == true_labels[rows][hits]).sum()), int(hits.sum())),
        suspects=len(rows),
    )


def _quality_figures(data: LabelledFeatures, seeds: Iterable[int]) -> list[Figure]:
    points, shown = reduced_features(data.features, QuietProgress()), f"{len(data.labels)} {data.name}"
    unchanged = np.zeros(len(data.labels), np.bool_)
    clean = judge(points, data.labels, data.labels, unchanged, seed=0)
    figures = [
        Figure(
            name=f"right labels suspected, {shown}, none changed",
            measured=_percent(clean.suspects, len(data.labels)),
            unit="%",
            less_is_better=True,
            details={"suspects": clean.suspects, "pictures": len(data.labels)},
        )
    ]
    for share in FLIPPED_SHARES:
        searches = []
        for seed in seeds:
            labels, is_changed = flip_labels(data.labels, share, seed)
            searches.append(judge(points, labels, data.labels, is_changed, seed))
        figures += _figures_of(searches, f"{shown}, {100 * share:g}% changed", share == TARGET_SHARE)
    return figures


def _figures_of(searches: list[Found], name: str, is_target: bool) -> list[Figure]:
    recalls = [search.recall for search in searches]
    precisions = [search.precision for search in searches]
    return [
        Figure(
            name=f"changed labels found, {name}",
            measured=float(np.mean(recalls)),
            unit="%",
            target=Target(at_least=LEAST_RECALL) if is_target else None,
            details={
                "by_seed": recalls,
                "true_class_suggested": [search.well_suggested for search in searches],
            },
        ),
        Figure(
            name=f"changed labels among suspects, {name}",
            measured=float(np.mean(precisions)),
            unit="%",
            target=Target(at_least=LEAST_PRECISION) if is_target else None,
            details={"by_seed": precisions, "suspects": [search.suspects for search in searches]},
        ),
    ]


def _speed_figure(data: LabelledFeatures, pictures: int) -> Figure:
    """Pictures are multiplied with small changes: what is computed does not depend on what they show."""
    random = np.random.default_rng(0)
    rows = np.arange(pictures) % len(data.labels)
    features = data.features[rows]
    spread = _CHANGED_BY * data.features.std(axis=0)
    for start in range(0, pictures, _BATCH):
        block = features[start : start + _BATCH]
        block += spread * random.standard_normal(block.shape, np.float32)
    labels, _ = flip_labels(data.labels[rows], TARGET_SHARE, seed=0)
    began = time.perf_counter()
    suspected_labels(reduced_features(features, QuietProgress()), labels, rows, QuietProgress())
    return Figure(
        name=f"search among {pictures} pictures of {features.shape[1]} features",
        measured=time.perf_counter() - began,
        unit="s",
        less_is_better=True,
        target=Target(at_most=MOST_SECONDS),
    )


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
