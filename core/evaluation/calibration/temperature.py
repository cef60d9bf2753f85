"""Temperature scaling: logits divided by one number, so that probabilities are honest (Guo et al. 2017).

The temperature changes no answer of a softmax. It is chosen on the validation pictures, and
becomes part of the delivered head.

Temperatures near 1 are likelier from the start: their logarithm has a normal prior. Validation
pictures that are all right would otherwise make every probability 0 or 1, and few ones would
change it by chance.

One picture in a hundred is taken to be unlike the others: the likelihood is mixed with a uniform
one. Otherwise a few mistakes with extreme logits would choose the temperature of all pictures.
On the digits, the calibration error then rises from 0.11 to 0.13 instead of falling to 0.03.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.data.labels.task import Task
from core.models.head import FloatArray, sigmoid, softmax

# Pictures with which a temperature is more than chance.
LEAST_PICTURES = 30
# Of a multi-label class: pictures that show it, and that do not.
_LEAST_OF_CLASS = 10
_LOWEST, _HIGHEST = 0.05, 20.0
# Standard deviation of the prior: 95% of the temperatures lie between 0.37 and 2.7.
_SPREAD_OF_LOG = 0.5
# Fraction of pictures whose logits say nothing about their label.
_UNLIKE_OTHERS = 0.01
# First, temperatures in equal steps are compared: the loss can have several minima.
_STEPS = 12
# Least probability whose logarithm is taken. One class by itself also has that of “no”, which float32 rounds more.
LEAST_PROBABILITY = {Task.MULTI_CLASS: 1e-12, Task.MULTI_LABEL: 1e-5}


def fit_temperatures(task: Task, targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Choose the most probable temperature: by the log loss on the pictures, and the prior.

    Args:
        targets: bool (n, classes).
        logits: float32 (n, classes).
    Returns:
        float64 (classes,): the same for all classes of a softmax, for each its own of a multi-label
        task; 1 where there are too few pictures.
    """
    classes, is_number = targets.shape[1], np.isfinite(logits).all(axis=1)
    # A picture for which the network computes no numbers says nothing about those of others.
    targets, logits = targets[is_number], logits[is_number]
    if len(targets) < LEAST_PICTURES:
        return np.ones(classes)
    if task is Task.MULTI_CLASS:
        return np.full(classes, _best_temperature(lambda scaled: _softmax_loss(targets, scaled), logits))
    return np.array([_class_temperature(targets[:, index], logits[:, index]) for index in range(classes)])


def logits_of(task: Task, probabilities: np.ndarray) -> np.ndarray:
    """Logits of probabilities that no head gives, such as a mean of several: float64 (n, classes)."""
    least = LEAST_PROBABILITY[task]
    exact = np.clip(probabilities.astype(np.float64), least, 1.0 if task is Task.MULTI_CLASS else 1 - least)
    return np.log(exact) if task is Task.MULTI_CLASS else np.log(exact) - np.log1p(-exact)


def with_temperatures(task: Task, probabilities: np.ndarray, temperatures: np.ndarray) -> FloatArray:
    """Probabilities, float32 (n, classes), whose logits are divided by temperatures, float (classes,)."""
    if (temperatures == 1).all():
        return probabilities.astype(np.float32)
    logits = logits_of(task, probabilities) / temperatures
    return softmax(logits) if task is Task.MULTI_CLASS else sigmoid(logits)


def _class_temperature(shows: np.ndarray, logits: np.ndarray) -> float:
    if min(shows.sum(), (~shows).sum()) < _LEAST_OF_CLASS:
        return 1.0
    from scipy.special import expit

    signs = np.where(shows, 1.0, -1.0)
    return _best_temperature(lambda scaled: _robust_loss(expit(signs * scaled), classes=2), logits)


def _softmax_loss(targets: np.ndarray, logits: np.ndarray) -> float:
    top = logits.max(axis=1, keepdims=True)
    powers = np.exp(logits - top)
    return _robust_loss((powers * targets).sum(axis=1) / powers.sum(axis=1), classes=targets.shape[1])


def _robust_loss(of_truth: np.ndarray, *, classes: int) -> float:
    """Sum the log losses of probabilities of true answers, float64 (n,), mixed with a uniform distribution."""
    mixed = (1 - _UNLIKE_OTHERS) * of_truth + _UNLIKE_OTHERS / classes
    return float(-np.log(mixed).sum())


def _best_temperature(loss: Callable[[np.ndarray], float], logits: np.ndarray) -> float:
    """Minimise the log loss, summed over the pictures, and the prior's part of it."""
    # Every page imports this module to read reports, and SciPy would delay the first one.
    from scipy.optimize import minimize_scalar

    exact = logits.astype(np.float64)

    def penalised(log: float) -> float:
        return loss(exact / np.exp(log)) + (log / _SPREAD_OF_LOG) ** 2 / 2

    steps = np.linspace(np.log(_LOWEST), np.log(_HIGHEST), _STEPS)
    best = int(np.argmin([penalised(log) for log in steps]))
    around = steps[max(best - 1, 0)], steps[min(best + 1, _STEPS - 1)]
    return float(np.exp(minimize_scalar(penalised, bounds=around, method="bounded").x))
