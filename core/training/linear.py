"""A linear head on frozen features, as strongly regularised as validation asks for.

Softmax regression (Böhning 1992), minimised by L-BFGS. The penalty on the
weights is lowered step by step, each fit starting from the one before, so that
the learning curve is one path from stiff to flexible; the best point on
validation is kept. An epoch is one iteration: one pass over all pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from core.models.head import HeadWeights

# Strength of the L2 penalty, for standardised features and the mean cross-entropy.
L2_STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
_PATIENCE = 2  # strengths without a better validation loss


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """Features with their labels: float32 (n, features) and int64 (n,)."""

    features: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, kw_only=True)
class EpochScores:
    """One point of the learning curve."""

    loss: float  # mean cross-entropy in nats, without the penalty
    accuracy: float  # 0 to 1
    validation_loss: float
    validation_accuracy: float


OnEpoch = Callable[[EpochScores, HeadWeights, dict[str, Any]], None]


class _OutOfEpochsError(Exception):
    """Leaves L-BFGS once the epochs are spent."""


# One thread: the optimiser's many short vector operations wait for each other on several (on two
# cores with other work beside them, 16 s became 4 s), and the products are bound by memory.
@threadpool_limits.wrap(limits=1, user_api="blas")
def fit_linear_head(
    train: FeatureSet, validation: FeatureSet, num_classes: int, *, epochs: int, on_epoch: OnEpoch
) -> None:
    """Fit the head, telling ``on_epoch`` after each pass; the caller keeps the best.

    Args:
        epochs: the most passes over the pictures.
        on_epoch: takes the scores, the head as it stands, and ``{"l2": strength}``.
            What it raises ends the fit.
    """
    problem = _SoftmaxRegression(train, validation, num_classes)
    parameters = np.zeros(problem.size)
    best_loss, strength_best, without_gain, spent = np.inf, np.inf, 0, 0

    def after_iteration(current: np.ndarray) -> None:
        nonlocal spent, strength_best
        spent += 1
        scores = problem.scores(current)
        strength_best = min(strength_best, scores.validation_loss)
        on_epoch(scores, problem.head(current), {"l2": strength})
        if spent >= epochs:
            raise _OutOfEpochsError

    for strength in L2_STRENGTHS:
        strength_best = np.inf
        left = max(1, (epochs - spent) // (len(L2_STRENGTHS) - L2_STRENGTHS.index(strength)))
        try:
            solution = minimize(
                problem.loss_and_gradient,
                parameters,
                args=(strength,),
                jac=True,
                method="L-BFGS-B",
                callback=after_iteration,
                options={"maxiter": left, "ftol": 1e-6, "gtol": 1e-5},
            )
        except _OutOfEpochsError:
            return
        if not spent:  # nothing to descend: the features tell nothing, and the start is the optimum
            on_epoch(problem.scores(parameters), problem.head(parameters), {"l2": strength})
            return
        parameters = solution.x
        without_gain = 0 if strength_best < best_loss else without_gain + 1
        best_loss = min(best_loss, strength_best)
        if without_gain >= _PATIENCE:
            return


class _SoftmaxRegression:
    """The loss of a linear classifier on standardised features, and its gradient."""

    def __init__(self, train: FeatureSet, validation: FeatureSet, num_classes: int) -> None:
        self._mean = train.features.mean(axis=0, dtype=np.float64).astype(np.float32)
        scale = train.features.std(axis=0, dtype=np.float64).astype(np.float32)
        self._scale = np.where(scale > 1e-6, scale, np.float32(1.0))
        self._train = FeatureSet(features=self._standardise(train.features), labels=train.labels)
        self._validation = FeatureSet(
            features=self._standardise(validation.features), labels=validation.labels
        )
        self._shape = (train.features.shape[1], num_classes)
        self.size = (self._shape[0] + 1) * num_classes

    def loss_and_gradient(self, parameters: np.ndarray, strength: float) -> tuple[float, np.ndarray]:
        """Mean cross-entropy plus ``strength / 2 * |kernel|²``; the bias is free."""
        kernel, bias = self._unpack(parameters)
        features, labels = self._train.features, self._train.labels
        log_probabilities = _log_softmax(features @ kernel + bias)  # (n, classes)
        loss = -log_probabilities[np.arange(len(labels)), labels].mean(dtype=np.float64)
        residual = np.exp(log_probabilities)
        residual[np.arange(len(labels)), labels] -= 1.0
        residual /= len(labels)
        gradient = np.empty(self.size)
        gradient[: kernel.size] = (features.T @ residual + np.float32(strength) * kernel).ravel()
        gradient[kernel.size :] = residual.sum(axis=0, dtype=np.float64)
        penalty = 0.5 * strength * float(np.square(kernel, dtype=np.float64).sum())
        return float(loss) + penalty, gradient

    def scores(self, parameters: np.ndarray) -> EpochScores:
        loss, accuracy = self._score(parameters, self._train)
        validation_loss, validation_accuracy = self._score(parameters, self._validation)
        return EpochScores(
            loss=loss,
            accuracy=accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
        )

    def head(self, parameters: np.ndarray) -> HeadWeights:
        kernel, bias = self._unpack(parameters)
        return HeadWeights(feature_mean=self._mean, feature_scale=self._scale, layers=((kernel, bias),))

    def _score(self, parameters: np.ndarray, data: FeatureSet) -> tuple[float, float]:
        kernel, bias = self._unpack(parameters)
        log_probabilities = _log_softmax(data.features @ kernel + bias)
        loss = -log_probabilities[np.arange(len(data.labels)), data.labels].mean(dtype=np.float64)
        return float(loss), float((log_probabilities.argmax(axis=1) == data.labels).mean())

    def _standardise(self, features: np.ndarray) -> np.ndarray:
        standardised: np.ndarray = (features - self._mean) / self._scale
        return standardised

    def _unpack(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        single = parameters.astype(np.float32)
        split = self._shape[0] * self._shape[1]
        return single[:split].reshape(self._shape), single[split:]


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result
