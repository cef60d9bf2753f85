"""Calibration: ECE of an overconfident head before and after, and coverage of prediction sets.

Heads are made overconfident on purpose: fitted without penalty until nothing is wrong, to
pictures of which a tenth have a wrong label. Coverage is measured over random splits of digits and of
photographs into pictures to train, to validate and to test.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "tensorflow"  # converts the backbone
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.picture_features import digits_and_photographs, fitted_head, report
from benchmarks.wrong_labels import flip_labels
from core.data.labels.task import Task
from core.evaluation.calibration.calibrating import prediction_sets
from core.evaluation.calibration.conformal import PROMISES
from core.evaluation.calibration.reliability import reliability
from core.evaluation.calibration.temperature import fit_temperatures
from core.evaluation.metrics.predictions import TestPredictions
from core.models.head import HeadWeights, pool_globally
from core.training.heads.linear import FeatureSet

PHOTOGRAPHS, QUICK_PICTURES = 1600, 320
SPLITS, QUICK_SPLITS = 20, 2
MOST_ECE_RATIO, MOST_POINTS_OFF = 0.4, 1.5
# Fractions of the pictures; the rest are test pictures.
_TRAIN_SHARE, _VALIDATION_SHARE = 0.4, 0.3
_WRONG_SHARE, _NO_PENALTY, _MANY_EPOCHS = 0.1, 1e-7, 100


def run(options: Options) -> list[Figure]:
    photographs, most = (QUICK_PICTURES, QUICK_PICTURES) if options.quick else (PHOTOGRAPHS, None)
    kinds = {
        data.name: (pool_globally(data.features), data.labels)
        for data in digits_and_photographs(photographs, most)
    }
    splits = QUICK_SPLITS if options.quick else SPLITS
    figures = [_ece_figure(name, *kind) for name, kind in kinds.items()]
    for name, (features, labels) in kinds.items():
        figures += _coverage_figures(name, features, labels, splits)
    return figures


def _ece_figure(name: str, features: np.ndarray, labels: np.ndarray) -> Figure:
    rows, validation, test = _split(len(labels), seed=0)
    memorised, _ = flip_labels(labels[rows], _WRONG_SHARE, seed=0)
    train = FeatureSet.of_labels(features[rows], memorised, int(labels.max()) + 1)
    head = fitted_head(train, train, epochs=_MANY_EPOCHS, l2=_NO_PENALTY)
    targets = _targets(labels)
    temperatures = fit_temperatures(Task.MULTI_CLASS, targets[validation], head.logits(features[validation]))
    before, after = (
        reliability(_predictions(some, features[test], targets[test])).ece
        for some in (head, head.with_temperatures(temperatures))
    )
    return Figure(
        name=f"ECE of an overconfident head, {name}, after temperature scaling",
        measured=after,
        unit="",
        reference=Reference(name="before", value=before),
        less_is_better=True,
        target=Target(of="ratio", at_least=1 / MOST_ECE_RATIO),
        details={"temperature": float(temperatures[0])},
    )


def _coverage_figures(name: str, features: np.ndarray, labels: np.ndarray, splits: int) -> list[Figure]:
    """Distance of the mean coverage over all splits from the promise, in points."""
    coverages = []
    for seed in range(splits):
        report(f"{name}, split {seed + 1} of {splits}")
        coverages.append(_coverages(features, labels, seed))
    return [
        Figure(
            name=f"coverage of sets that promise {100 * promise:g}%, {name}, mean of {splits} splits",
            measured=100 * float(np.mean(measured)),
            unit="%",
            target=Target(at_least=100 * promise - MOST_POINTS_OFF, at_most=100 * promise + MOST_POINTS_OFF),
            details={"by_split": list(measured)},
        )
        for promise, measured in zip(PROMISES, zip(*coverages, strict=True), strict=True)
    ]


def _coverages(features: np.ndarray, labels: np.ndarray, seed: int) -> list[float]:
    train, validation, test = _split(len(labels), seed)
    classes = int(labels.max()) + 1
    # Chosen on its own training pictures, the last epoch of all: a split's sets must not depend on validation.
    head = fitted_head(
        FeatureSet.of_labels(features[train], labels[train], classes),
        FeatureSet.of_labels(features[train], labels[train], classes),
        epochs=40,
        l2=0.01,
    )
    targets = _targets(labels)
    chosen, measured = (_predictions(head, features[part], targets[part]) for part in (validation, test))
    return [prediction_sets(chosen, measured, promise).coverage for promise in PROMISES]


def _split(pictures: int, seed: int) -> list[np.ndarray]:
    """Rows to train, to validate and to test."""
    ends = np.cumsum([round(share * pictures) for share in (_TRAIN_SHARE, _VALIDATION_SHARE)])
    return np.split(np.random.default_rng(seed).permutation(pictures), ends)


def _predictions(head: HeadWeights, features: np.ndarray, targets: np.ndarray) -> TestPredictions:
    probabilities = head.probabilities(features)
    return TestPredictions(
        task=Task.MULTI_CLASS,
        targets=targets,
        predicted=np.eye(targets.shape[1], dtype=bool)[probabilities.argmax(axis=1)],
        probabilities=probabilities,
    )


def _targets(labels: np.ndarray) -> np.ndarray:
    targets: np.ndarray = np.eye(int(labels.max()) + 1, dtype=bool)[labels]
    return targets
