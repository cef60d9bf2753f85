"""A linear head on 50,000 cached feature vectors of 1,280: seconds, and memory of the whole process.

Features are drawn as a network's are: never below zero, uneven, classes overlapping,
so that the penalty matters. The whole path of penalties is timed, as the recipe
*quick* walks it. Beside it, in the same process afterwards, stand scikit-learn's
``LogisticRegression`` at the one penalty that turned out best, and, for a single
pass, the two bare matrix products that it cannot do without.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from core.devices import cpu_cores
from core.models.head import HeadWeights
from core.training.config import DEFAULT_EPOCHS, Recipe
from core.training.heads.linear import EpochScores, FeatureSet, fit_linear_head
from core.training.heads.objective import LinearObjective, standardisation

_TRAINING, _VALIDATION, _FEATURES, _CLASSES = 50_000, 5_000, 1_280, 10
_QUICK_SHARE = 50  # a quick run takes one of so many pictures
_MOST_SECONDS, _MOST_MEGABYTES = 60.0, 1_000.0
_SIGNAL = 0.09  # how far classes lie apart: most pictures can be told, not all
_PASSES = 5
_BLOCK = 1_000


@dataclass
class _Fitted:
    """Record of one fit."""

    epochs: list[tuple[EpochScores, float]] = field(default_factory=list)  # with the penalty's strength

    def add(self, scores: EpochScores, head: HeadWeights, details: dict[str, Any]) -> None:
        self.epochs.append((scores, details["l2"]))

    @property
    def best(self) -> tuple[EpochScores, float]:
        return min(self.epochs, key=lambda epoch: epoch[0].validation_loss)


def run(options: Options) -> list[Figure]:
    divisor = _QUICK_SHARE if options.quick else 1
    validation = draw_features(_VALIDATION // divisor, seed=1)
    train = draw_features(_TRAINING // divisor, seed=0)
    name = f"{len(train.features):,} x {_FEATURES:,} features, {_CLASSES} classes"
    fitted = _Fitted()
    seconds = _seconds(
        lambda: fit_linear_head(train, validation, epochs=DEFAULT_EPOCHS[Recipe.QUICK], on_epoch=fitted.add)
    )
    megabytes = _peak_megabytes()  # before anything else is asked for
    scores, strength = fitted.best
    pass_seconds = _pass_seconds(train)  # of our own first: the reference copies the features
    products = _product_seconds(train)
    reference_seconds, reference_accuracy = _scikit_learn(train, validation, strength)
    return [
        Figure(
            name=f"head on {name}, all penalties",
            measured=seconds,
            unit="s",
            reference=Reference(name="scikit-learn, the best penalty only", value=reference_seconds),
            less_is_better=True,
            target=Target(at_most=_MOST_SECONDS),
            details={"epochs": len(fitted.epochs), "best_penalty": strength},
        ),
        Figure(
            name=f"accuracy on validation, {name}",
            measured=100 * scores.validation_accuracy,
            unit="%",
            reference=Reference(name="scikit-learn, the same penalty", value=100 * reference_accuracy),
        ),
        Figure(
            name=f"peak memory of the process, {name}",
            measured=megabytes,
            unit="MB",
            reference=Reference(name="the features alone", value=_megabytes(train, validation)),
            less_is_better=True,
            target=Target(at_most=_MOST_MEGABYTES),
        ),
        Figure(
            name=f"one pass over {name}",
            measured=1000 * pass_seconds,
            unit="ms",
            reference=Reference(name="its two matrix products, NumPy", value=1000 * products),
            less_is_better=True,
        ),
    ]


def draw_features(count: int, seed: int) -> FeatureSet:
    """Features of overlapping classes, drawn block by block: nothing larger than they are is ever held."""
    centres = _SIGNAL * np.random.default_rng(99).standard_normal((_CLASSES, _FEATURES), np.float32)
    scales = np.random.default_rng(98).lognormal(-1, 0.8, _FEATURES).astype(np.float32)
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, _CLASSES, count)
    features = np.empty((count, _FEATURES), np.float32)
    for start in range(0, count, _BLOCK):
        block = labels[start : start + _BLOCK]
        drawn = centres[block] + draw.standard_normal((len(block), _FEATURES), np.float32)
        features[start : start + _BLOCK] = np.maximum(drawn, 0) * scales
    return FeatureSet.of_labels(features, labels, _CLASSES)


def _pass_seconds(train: FeatureSet) -> float:
    mean, scale = standardisation(train.features)
    with ThreadPoolExecutor(cpu_cores()) as pool, threadpool_limits(1, user_api="blas"):
        objective = LinearObjective(train.features, train.targets, mean=mean, scale=scale, pool=pool)
        parameters = np.zeros(objective.size)
        return min(_seconds(lambda: objective.loss_and_gradient(parameters, 0.1)) for _ in range(_PASSES))


def _product_seconds(train: FeatureSet) -> float:
    kernel = np.zeros((_FEATURES, _CLASSES), np.float32)
    residual = np.zeros_like(train.targets)

    def products() -> None:
        np.matmul(train.features, kernel)
        np.matmul(train.features.T, residual)

    return min(_seconds(products) for _ in range(_PASSES))


def _scikit_learn(train: FeatureSet, validation: FeatureSet, strength: float) -> tuple[float, float]:
    """Seconds and validation accuracy of one fit at the given strength, standardising included."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = LogisticRegression(C=1 / (strength * len(train.features)), max_iter=1000)
    model = make_pipeline(StandardScaler(), regression)
    seconds = _seconds(lambda: model.fit(train.features, train.labels))
    return seconds, float(model.score(validation.features, validation.labels))


def _megabytes(*sets: FeatureSet) -> float:
    return sum(one.features.nbytes for one in sets) / 1e6


def _peak_megabytes() -> float:
    """The most memory that this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3  # bytes there, KiB on Linux


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
