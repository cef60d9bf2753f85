"""Slices and learning curves: alarms by chance, speed, and forecasts held against what came.

Random answers are simulated with 40 slices that have nothing to do with them. A forecast is made
from half of the digits' training pictures, and compared with the head on all of them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from benchmarks.figures import Figure, Target
from benchmarks.options import Options
from core.data.labels.task import Task
from core.evaluation.learning_curve.forecast import Share, Trials, forecast
from core.evaluation.learning_curve.job import REPEATS, SHARES
from core.evaluation.learning_curve.records import Forecast
from core.evaluation.learning_curve.subsets import nested_subsets
from core.evaluation.slices.difference import adjusted_for_many, p_values_of_lower_accuracy
from core.evaluation.slices.measuring import RATE, measure_slices
from core.evaluation.slices.slicing import SliceSource
from core.models.head import HeadWeights
from core.training.heads.linear import EpochScores, FeatureSet, fit_linear_head

MOST_ALARMS, LEAST_COVERAGE, MOST_SECONDS = 5.0, 90.0, 1.0  # percent, percent, seconds
_PROPERTIES, _ACCURACY = 10, 0.9
_EPOCHS, _TRAINING, _VALIDATION = 60, 800, 900


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A kind of test set: answers of a group correlate."""

    name: str
    groups: int
    each: int
    correlation: float


SIMULATIONS = (
    Simulation(name="400 single pictures", groups=400, each=1, correlation=0),
    Simulation(name="100 groups of 5", groups=100, each=5, correlation=0.3),
    Simulation(name="20 groups of 20", groups=20, each=20, correlation=0.3),
)


def run(options: Options) -> list[Figure]:
    runs, size, splits = (20, 1000, 1) if options.quick else (1000, 10_000, 20)
    return [
        *(_alarm_figure(simulation, runs) for simulation in SIMULATIONS),
        _speed_figure(size),
        _forecast_figure(splits),
    ]


def _alarm_figure(simulation: Simulation, runs: int) -> Figure:
    """Percentage of simulated test sets on which any of 40 slices is marked."""
    alarms = 0
    for seed in range(runs):
        random = np.random.default_rng(seed)
        group = np.arange(simulation.groups).repeat(simulation.each)
        is_right = random.random(len(group)) < _rates(random, simulation)[group]
        p_values = p_values_of_lower_accuracy(is_right, _quarters(random, group), group)
        alarms += bool((adjusted_for_many(p_values) <= RATE).any())
    return Figure(
        name=f"random answers that mark any of {4 * _PROPERTIES} slices, {simulation.name}",
        measured=100 * alarms / runs,
        unit="%",
        less_is_better=True,
        target=Target(at_most=MOST_ALARMS),
    )


def _rates(random: np.random.Generator, simulation: Simulation) -> np.ndarray:
    if not simulation.correlation:
        return np.full(simulation.groups, _ACCURACY)
    size = (1 - simulation.correlation) / simulation.correlation
    return random.beta(_ACCURACY * size, (1 - _ACCURACY) * size, simulation.groups)


def _quarters(random: np.random.Generator, group: np.ndarray) -> np.ndarray:
    """Quarters by random properties; those of every second one cut through groups: bool (slices, n)."""
    rows: list[np.ndarray] = []
    for number in range(_PROPERTIES):
        values = random.random(len(group))
        values = values[group] if number % 2 else values
        bins = np.searchsorted(np.quantile(values, [0.25, 0.5, 0.75]), values, side="right")
        rows += [bins == index for index in range(4)]
    return np.array(rows)


def _speed_figure(pictures: int) -> Figure:
    random, classes = np.random.default_rng(0), 100
    numbers = np.arange(pictures)
    table = pd.DataFrame(
        {
            "name": [f"folder {number % 70}/{number}.png" for number in numbers],
            "width": random.integers(100, 999, pictures),
            "height": random.integers(100, 999, pictures),
            "camera": [f"camera {number % 30}" for number in numbers],
            "format": "PNG",
            "group": (numbers // 3).astype(str),
            "fields": [f'{{"age": "{number % 80}", "device": "{number % 30}"}}' for number in numbers],
            **{name: random.random(pictures) for name in ("brightness", "contrast", "sharpness")},
        }
    )
    source = SliceSource(
        pictures=table,
        rows=numbers,
        targets=np.eye(classes, dtype=bool)[random.integers(0, classes, pictures)],
        class_names=[str(number) for number in range(classes)],
        clusters=random.integers(0, 20, pictures),
    )
    is_right = random.random(pictures) < _ACCURACY
    times = []
    for _turn in range(3):
        began = time.perf_counter()
        found = measure_slices(source, is_right, numbers // 3)
        times.append(time.perf_counter() - began)
    return Figure(
        name=f"{len(found)} slices of {pictures:,} pictures",
        measured=min(times),
        unit="s",
        less_is_better=True,
        target=Target(at_most=MOST_SECONDS),
    )


def _forecast_figure(splits: int) -> Figure:
    """Percentage of splits of the digits in which the gain from twice as many pictures lies in its interval."""
    digits = load_digits()
    features, labels = (digits.data / 16).astype(np.float32), digits.target
    gains, held, made = list[tuple[float, float]](), 0, 0
    for seed in range(splits):
        order = np.random.default_rng(seed).permutation(len(labels))
        train, validation = order[:_TRAINING], order[_TRAINING : _TRAINING + _VALIDATION]
        before, after, found = _forecast_of(features, labels, train, validation, seed)
        if not isinstance(found, Forecast):
            continue
        made += 1
        gains.append((found.gain, after - before))
        low, high = found.interval
        held += low - 1e-9 <= after - before <= high + 1e-9
    return Figure(
        name=f"gain of twice as many digits lies in its interval ({made} of {splits} forecast)",
        measured=100 * held / max(1, made),
        unit="%",
        target=Target(at_least=LEAST_COVERAGE),
        details={"gains_foretold_and_measured": gains},
    )


def _forecast_of(
    features: np.ndarray, labels: np.ndarray, train: np.ndarray, validation: np.ndarray, seed: int
) -> tuple[float, float, object]:
    """Accuracy with half of the training pictures, with all of them, and the forecast made from half."""
    half = train[: len(train) // 2]
    targets, shares = np.eye(10, dtype=bool)[labels[validation]], list[Share]()
    drawn = [
        nested_subsets(np.eye(10)[labels[half]], np.arange(len(half)), SHARES, seed=seed + repeat)
        for repeat in range(REPEATS)
    ]
    for number, repeats in enumerate(zip(*drawn, strict=True)):
        once = repeats if number < len(SHARES) - 1 else repeats[:1]
        predicted = np.stack([_predicted(features, labels, half[rows], validation) for rows in once])
        shares.append(
            Share(
                pictures=len(once[0]),
                wrong=predicted != labels[validation],
                missed=targets & (predicted != labels[validation])[:, :, None],
            )
        )
    trials = Trials(
        shares=shares, targets=targets, groups=np.arange(len(validation)), training_groups=len(half)
    )
    everything = _predicted(features, labels, train, validation) == labels[validation]
    found = forecast(trials, [str(number) for number in range(10)], seed=seed)
    return 1 - float(shares[-1].wrong.mean()), float(everything.mean()), found


def _predicted(
    features: np.ndarray, labels: np.ndarray, train: np.ndarray, validation: np.ndarray
) -> np.ndarray:
    """Answers of the head with the lowest validation loss, int64 (v,)."""
    best: list[tuple[float, np.ndarray]] = []

    def keep(scores: EpochScores, head: HeadWeights, l2: float) -> None:
        if not best or scores.validation_loss < best[0][0]:
            best[:] = [(scores.validation_loss, head.logits(features[validation]).argmax(axis=1))]

    fit_linear_head(
        FeatureSet.of_labels(features[train], labels[train], 10),
        FeatureSet.of_labels(features[validation], labels[validation], 10),
        epochs=_EPOCHS,
        on_epoch=keep,
        task=Task.MULTI_CLASS,
    )
    return best[0][1]
