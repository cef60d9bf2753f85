"""After the answers: what the order of the labelling queue is worth, and how often drift alarms by chance.

The queue: scikit-learn's digits, a logistic regression on few labels, and a pool in which every
scan comes five times with a little noise, as shots of one scene do. The first 40 of each order are
labelled; the accuracy on digits that nobody labelled is the mean of several draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from core.prediction.drift.comparing import Measure, Sample, compare
from core.prediction.queue.order import cosines, most_informative_first

FIRST_LABELS, LABELLED, SHOTS, NOISE = 30, 40, 5, 0.5
POOL, TESTED = 80, 900
MOST_ALARMS, LEAST_POWER = 6.4, 80.0  # percent; 5% and two standard errors of 1,000 comparisons
_SHARES = (0.3, 0.3, 0.2, 0.1, 0.1)

# Probabilities and features of the pool to its rows, the first to label first.
Order = Callable[[np.ndarray, np.ndarray], np.ndarray]


def run(options: Options) -> list[Figure]:
    draws, comparisons = (3, 100) if options.quick else (20, 1000)
    # Matrices are small: threads would wait for each other.
    with threadpool_limits(1, user_api="blas"):
        return [*_order_figures(draws), *_drift_figures(comparisons)]


def queue_order(probabilities: np.ndarray, features: np.ndarray) -> np.ndarray:
    """The queue's."""
    given = np.eye(probabilities.shape[1])[probabilities.argmax(axis=1)]
    similarities = cosines(features.astype(np.float32), np.zeros(len(features)))
    return most_informative_first(probabilities - given, similarities)


def least_margin_first(probabilities: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Uncertainty alone (Scheffer et al. 2001)."""
    two = np.sort(probabilities, axis=1)[:, -2:]
    return np.argsort(two[:, 1] - two[:, 0], kind="stable")


def any_first(probabilities: np.ndarray, features: np.ndarray) -> np.ndarray:
    """No order: the pool is shuffled."""
    return np.arange(len(probabilities))


@dataclass(frozen=True, kw_only=True)
class _Draw:
    """Labelled digits, a pool of shots, and digits to test on."""

    labelled: tuple[np.ndarray, np.ndarray]
    pool: tuple[np.ndarray, np.ndarray]
    tested: tuple[np.ndarray, np.ndarray]


def _draw(seed: int) -> _Draw:
    random, digits = np.random.default_rng(seed), load_digits()
    rows = random.permutation(len(digits.target))
    pixels, labels = digits.data / 16, digits.target
    first, pool, tested = np.split(rows[: FIRST_LABELS + POOL + TESTED], [FIRST_LABELS, FIRST_LABELS + POOL])
    shots = random.permutation(np.repeat(pool, SHOTS))
    noisy = pixels[shots] + random.normal(0, NOISE / 16, (len(shots), pixels.shape[1]))
    return _Draw(
        labelled=(pixels[first], labels[first]),
        pool=(noisy, labels[shots]),
        tested=(pixels[tested], labels[tested]),
    )


def _accuracy(draw: _Draw, order: Order) -> float:
    """Accuracy in percent after the first of an order are labelled."""
    model = LogisticRegression(max_iter=1000).fit(*draw.labelled)
    pixels, labels = draw.pool
    chosen = order(model.predict_proba(pixels), pixels)[:LABELLED]
    more = (
        np.concatenate(pair) for pair in zip(draw.labelled, (pixels[chosen], labels[chosen]), strict=True)
    )
    return 100 * float(LogisticRegression(max_iter=1000).fit(*more).score(*draw.tested))


def _order_figures(draws: int) -> list[Figure]:
    seeds = [_draw(seed) for seed in range(draws)]
    means = {
        order: float(np.mean([_accuracy(draw, order) for draw in seeds]))
        for order in (queue_order, least_margin_first, any_first)
    }
    return [
        Figure(
            name=f"accuracy after {LABELLED} labels in the queue's order",
            measured=means[queue_order],
            unit="%",
            reference=Reference(name=name, value=means[order]),
            target=Target(of="difference", at_least=0.0),
        )
        for name, order in (("in any order", any_first), ("the least margin first", least_margin_first))
    ]


def _sample(random: np.random.Generator, count: int, *, shift: float = 0.0) -> Sample:
    predicted = np.eye(len(_SHARES), dtype=bool)[random.choice(len(_SHARES), count, p=_SHARES)]
    values = {measure: random.normal(shift, 1, count) for measure in Measure}
    return Sample(predicted=predicted, values=values, groups=np.arange(count))


def _drift_figures(comparisons: int) -> list[Figure]:
    """Percentage of comparisons with an alarm, without and with a change of half a standard deviation."""
    random, names = np.random.default_rng(0), [str(index) for index in range(len(_SHARES))]
    alarms = {
        shift: 100
        * float(
            np.mean(
                [
                    compare(_sample(random, 300), _sample(random, 300, shift=shift), names).is_proven
                    for _ in range(comparisons)
                ]
            )
        )
        for shift in (0.0, 0.5)
    }
    return [
        Figure(
            name="drift: alarms where nothing changed",
            measured=alarms[0.0],
            unit="%",
            less_is_better=True,
            target=Target(at_most=MOST_ALARMS),
        ),
        Figure(
            name="drift: alarms at a change of 0.5 standard deviations, 300 answers",
            measured=alarms[0.5],
            unit="%",
            target=Target(at_least=LEAST_POWER),
        ),
    ]
