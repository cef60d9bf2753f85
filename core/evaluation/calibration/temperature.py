"""Temperature scaling: logits divided by one number, so that probabilities are honest (Guo et al. 2017).

The temperature changes no answer of a softmax. It is chosen on the validation pictures, and
becomes part of the delivered head.

One imaginary picture that shows every class equally joins them, as in Platt scaling (1999).
Without it, validation pictures that are all right would make every probability 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

from core.data.labels.task import Task

# Pictures with which a temperature is more than chance.
LEAST_PICTURES = 30
# Of a multi-label class: pictures that show it, and that do not.
_LEAST_OF_CLASS = 10
_LOWEST, _HIGHEST = 0.05, 20.0


def fit_temperatures(task: Task, targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Choose the temperature with the lowest log loss on the pictures and the imaginary one.

    Args:
        targets: bool (n, classes).
        logits: float32 (n, classes).
    Returns:
        float64 (classes,): the same for all classes of a softmax, for each its own of a multi-label
        task; 1 where there are too few pictures.
    """
    classes = targets.shape[1]
    if len(targets) < LEAST_PICTURES:
        return np.ones(classes)
    if task is Task.MULTI_CLASS:
        likely = _with_imaginary(targets, 1 / classes)
        return np.full(classes, _best_temperature(lambda scaled: _softmax_loss(likely, scaled), logits))
    return np.array([_class_temperature(targets[:, index], logits[:, index]) for index in range(classes)])


def _class_temperature(shows: np.ndarray, logits: np.ndarray) -> float:
    if min(shows.sum(), (~shows).sum()) < _LEAST_OF_CLASS:
        return 1.0
    likely = _with_imaginary(shows, 0.5)
    return _best_temperature(lambda scaled: float((np.logaddexp(0, scaled) - likely * scaled).mean()), logits)


def _with_imaginary(targets: np.ndarray, share: float) -> np.ndarray:
    """Spread one more picture, which shows each class with the probability ``share``, over all others."""
    count = len(targets)
    likely: np.ndarray = (count * targets + share) / (count + 1)
    return likely


def _softmax_loss(targets: np.ndarray, logits: np.ndarray) -> float:
    top = logits.max(axis=1, keepdims=True)
    # each row of ``targets`` sums to 1
    normalizer = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    return float((normalizer - (logits * targets).sum(axis=1)).mean())


def _best_temperature(loss: Callable[[np.ndarray], float], logits: np.ndarray) -> float:
    exact = logits.astype(np.float64)
    found = minimize_scalar(
        lambda log: loss(exact / np.exp(log)), bounds=np.log([_LOWEST, _HIGHEST]), method="bounded"
    )
    return float(np.exp(found.x))
