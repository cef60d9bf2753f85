"""A linear head on frozen features, as strongly regularised as validation asks for.

Softmax regression (Böhning 1992), or a logistic regression for each label where a
picture may have several, minimised by L-BFGS. The penalty on the weights is lowered
step by step, each fit starting from the one before, so that the learning curve is
one path from stiff to flexible; the best point on validation is kept by the caller.
An epoch is one iteration: one pass over all pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from core.data.labels.task import Task
from core.devices import cpu_cores
from core.models.head import HeadWeights
from core.training.heads.objective import LinearObjective, standardisation
from core.training.scores import score_logits

# Strength of the L2 penalty, for standardised features and the mean cross-entropy.
L2_STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
_PATIENCE = 2  # strengths without a better validation loss
_MOST_CORRECTIONS, _CORRECTIONS_BYTES = 10, 256 << 20  # what L-BFGS remembers of its last steps


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """The features of n pictures, and what the pictures show."""

    features: np.ndarray  # float32 (n, F)
    targets: np.ndarray  # float32 (n, C), 0 to 1; of pictures with one class each row sums to 1
    weights: np.ndarray | None = None  # float32 (n,), above 0: how much each counts; None: all the same

    @classmethod
    def of_labels(
        cls, features: np.ndarray, labels: np.ndarray, num_classes: int, weights: np.ndarray | None = None
    ) -> Self:
        """Of pictures with one class each: ``labels`` int (n,), 0 to ``num_classes`` - 1."""
        return cls(features=features, targets=np.eye(num_classes, dtype=np.float32)[labels], weights=weights)

    @property
    def labels(self) -> np.ndarray:
        """int64 (n,): each picture's strongest class."""
        return self.targets.argmax(axis=1)

    @property
    def num_classes(self) -> int:
        return self.targets.shape[1]


@dataclass(frozen=True, kw_only=True)
class EpochScores:
    """One point of the learning curve.

    Losses are mean cross-entropies in nats, over the labels, too, where pictures have
    several; without penalty. Those of a linear head are also without weights and label
    smoothing, so that both can be compared.
    """

    loss: float
    accuracy: float  # 0 to 1; where pictures have several labels, the share with all of them right
    validation_loss: float
    validation_accuracy: float
    validation_macro_f1: float  # 0 to 1, mean over the classes that appear
    validation_losses: np.ndarray = field(compare=False, repr=False)  # float (n,): of each validation picture


OnEpoch = Callable[[EpochScores, HeadWeights, dict[str, Any]], None]


class _OutOfEpochsError(Exception):
    """Leaves L-BFGS once the epochs are spent."""


# One thread a product, and the rows shared among threads instead: BLAS's own threads wait for each
# other in L-BFGS's many short operations (on two cores with other work beside them, 16 s became 4 s).
@threadpool_limits.wrap(limits=1, user_api="blas")
def fit_linear_head(
    train: FeatureSet,
    validation: FeatureSet,
    *,
    epochs: int,
    on_epoch: OnEpoch,
    task: Task = Task.MULTI_CLASS,
    l2: float | None = None,
    label_smoothing: float = 0.0,
) -> None:
    """Fit the head, telling ``on_epoch`` after each pass; the caller keeps the best.

    Args:
        train: its ``weights`` say how much each picture counts; validation's are not used.
        epochs: the most passes over the pictures.
        on_epoch: takes the scores, the head as it stands, and ``{"l2": strength}``.
            What it raises ends the fit.
        task: one class a picture (softmax), or any number of them (sigmoids).
        l2: the one strength of the penalty, for standardised features; None: the path.
        label_smoothing: the share of the truth given to the other classes, 0 to below 1.
    """
    with ThreadPoolExecutor(cpu_cores()) as pool:
        fit = _Fit(train, validation, task, label_smoothing, pool)
        _follow_path(fit, L2_STRENGTHS if l2 is None else (l2,), epochs, on_epoch)


def _follow_path(fit: _Fit, strengths: tuple[float, ...], epochs: int, on_epoch: OnEpoch) -> None:
    parameters = np.zeros(fit.objective.size)
    best_loss, strength_best, without_gain, spent = np.inf, np.inf, 0, 0

    def after_iteration(current: np.ndarray) -> None:
        nonlocal spent, strength_best
        spent += 1
        scores = fit.scores(current)
        strength_best = min(strength_best, scores.validation_loss)
        on_epoch(scores, fit.head(current), {"l2": strength})
        if spent >= epochs:
            raise _OutOfEpochsError

    for place, strength in enumerate(strengths):
        strength_best = np.inf
        try:
            solution = minimize(
                fit.objective.loss_and_gradient,
                parameters,
                args=(strength,),
                jac=True,
                method="L-BFGS-B",
                callback=after_iteration,
                options={
                    "maxiter": max(1, (epochs - spent) // (len(strengths) - place)),
                    "maxcor": _corrections(fit.objective.size),
                    "ftol": 1e-6,
                    "gtol": 1e-5,
                },
            )
        except _OutOfEpochsError:
            return
        if not spent:  # nothing to descend: the features tell nothing, and the start is the optimum
            on_epoch(fit.scores(parameters), fit.head(parameters), {"l2": strength})
            return
        parameters = solution.x
        without_gain = 0 if strength_best < best_loss else without_gain + 1
        best_loss = min(best_loss, strength_best)
        if without_gain >= _PATIENCE:
            return


def _corrections(parameters: int) -> int:
    """How many steps L-BFGS may remember: each is two float64 vectors of all parameters."""
    return max(3, min(_MOST_CORRECTIONS, _CORRECTIONS_BYTES // (2 * 8 * parameters)))


class _Fit:
    """The objective on training pictures, and the scores on both kinds."""

    def __init__(
        self,
        train: FeatureSet,
        validation: FeatureSet,
        task: Task,
        label_smoothing: float,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._task, self._validation = task, validation
        self._mean, self._scale = standardisation(train.features)
        self.objective = LinearObjective(
            train.features,
            train.targets,
            train.weights,
            mean=self._mean,
            scale=self._scale,
            task=task,
            label_smoothing=label_smoothing,
            pool=pool,
        )

    def scores(self, parameters: np.ndarray) -> EpochScores:
        loss, accuracy = self.objective.plain_scores(parameters)
        logits = self.objective.logits(self._validation.features, parameters)
        validation = score_logits(logits, self._validation.targets, self._task)
        return EpochScores(
            loss=loss,
            accuracy=accuracy,
            validation_loss=validation.loss,
            validation_accuracy=validation.accuracy,
            validation_macro_f1=validation.macro_f1,
            validation_losses=validation.losses,
        )

    def head(self, parameters: np.ndarray) -> HeadWeights:
        return HeadWeights(
            feature_mean=self._mean,
            feature_scale=self._scale,
            layers=(self.objective.unpack(parameters),),
            activation="sigmoid" if self._task is Task.MULTI_LABEL else "softmax",
        )
