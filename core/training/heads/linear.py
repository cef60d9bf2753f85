"""Linear head on frozen features, fitted along a path of falling L2 penalties.

Softmax regression (Böhning 1992), or one logistic regression per label for multi-label
tasks, minimised by L-BFGS. Each fit starts from the one before, so the learning curve is
one path from strong to weak regularisation; the caller keeps the best point on
validation. An epoch is one iteration: one pass over all pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from threadpoolctl import threadpool_limits

from core.data.labels.task import Task
from core.devices import cpu_cores
from core.models.head import HeadWeights
from core.training.heads.held_out import HeldOut
from core.training.heads.objective import LinearObjective, standardisation
from core.training.leading_metric import LeadingMetric
from core.training.scores import score_logits

# Strength of the L2 penalty, for standardised features and the mean cross-entropy.
L2_STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
_PATIENCE = 2  # strengths without a lower validation loss
_MOST_CORRECTIONS, _CORRECTIONS_BYTES = 10, 256 << 20  # memory of L-BFGS: steps and bytes


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """Features of n pictures and their targets."""

    features: np.ndarray  # float32 (n, F)
    targets: np.ndarray  # float32 (n, C), 0 to 1; rows sum to 1 unless multi-label
    weights: np.ndarray | None = None  # float32 (n,), above 0; None: all equal
    groups: np.ndarray | None = (
        None  # int64 (n,), equal for pictures that belong together; None: each is its own
    )

    @classmethod
    def of_labels(
        cls, features: np.ndarray, labels: np.ndarray, num_classes: int, weights: np.ndarray | None = None
    ) -> Self:
        """Make a set of pictures with one class each: ``labels`` int (n,), 0 to ``num_classes`` - 1."""
        return cls(features=features, targets=np.eye(num_classes, dtype=np.float32)[labels], weights=weights)

    def at(self, rows: np.ndarray | slice) -> Self:
        """Return the set of some rows: int64 indices, bool (n,) or a slice."""
        weights, groups = (None if one is None else one[rows] for one in (self.weights, self.groups))
        return replace(
            self, features=self.features[rows], targets=self.targets[rows], weights=weights, groups=groups
        )

    @property
    def labels(self) -> np.ndarray:
        """int64 (n,): each picture's strongest class."""
        return self.targets.argmax(axis=1)

    @property
    def num_classes(self) -> int:
        return self.targets.shape[1]


@dataclass(frozen=True, kw_only=True)
class EpochScores:
    """Scores of one epoch of a linear head.

    Losses are mean cross-entropies in nats without penalty, weights or label smoothing, so
    that training and validation can be compared; multi-label losses are means over labels.
    """

    loss: float
    accuracy: float  # 0 to 1; multi-label: fraction of pictures with every label right
    validation_loss: float
    validation_accuracy: float
    validation_macro_f1: float  # 0 to 1, mean over the classes that appear
    # float (n,): of each validation picture
    validation_losses: np.ndarray = field(compare=False, repr=False)
    validation_leading: float | None = None  # the metric that matters, 0 to 1
    validation_logits: np.ndarray = field(compare=False, repr=False)  # float32 (v, C)
    # With cross-validation: the validation scores are those of all these pictures.
    held_out: HeldOut | None = field(default=None, compare=False, repr=False)


# Scores, the head as it stands, and its L2 penalty.
OnEpoch = Callable[[EpochScores, HeadWeights, float], None]


class _OutOfEpochsError(Exception):
    """Leaves L-BFGS once all epochs are done."""


# One BLAS thread per product; rows are shared among our threads instead. BLAS threads wait for each
# other in L-BFGS's many short operations (16 s became 4 s on two busy cores).
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
    leading: LeadingMetric | None = None,
) -> None:
    """Fit the head and call ``on_epoch`` after each pass; the caller keeps the best.

    Args:
        train: its ``weights`` are those of each picture; validation's are not used.
        epochs: the maximum number of passes over the pictures.
        on_epoch: an exception that it raises ends the fit.
        task: one class per picture (softmax), or any number of labels (sigmoids).
        l2: a single penalty, for standardised features; None: the path.
        label_smoothing: share of the target given to the other classes, 0 to below 1.
        leading: the metric that matters, to score the epochs by as well.
    """
    with ThreadPoolExecutor(cpu_cores()) as pool:
        fit = _Fit(train, validation, task, label_smoothing, leading, pool)
        _follow_path(fit, L2_STRENGTHS if l2 is None else (l2,), epochs, on_epoch)


def _follow_path(fit: _Fit, strengths: tuple[float, ...], epochs: int, on_epoch: OnEpoch) -> None:
    from scipy.optimize import minimize

    parameters = np.zeros(fit.objective.size)
    best_loss, strength_best, without_gain, spent = np.inf, np.inf, 0, 0

    def after_iteration(current: np.ndarray) -> None:
        nonlocal spent, strength_best
        spent += 1
        scores = fit.scores(current)
        strength_best = min(strength_best, scores.validation_loss)
        on_epoch(scores, fit.head(current), strength)
        if spent >= epochs:
            raise _OutOfEpochsError

    for index, strength in enumerate(strengths):
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
                    "maxiter": max(1, (epochs - spent) // (len(strengths) - index)),
                    "maxcor": _corrections(fit.objective.size),
                    "ftol": 1e-6,
                    "gtol": 1e-5,
                },
            )
        except _OutOfEpochsError:
            return
        if not spent:  # the start is the optimum: the features carry no information
            on_epoch(fit.scores(parameters), fit.head(parameters), strength)
            return
        parameters = solution.x
        without_gain = 0 if strength_best < best_loss else without_gain + 1
        best_loss = min(best_loss, strength_best)
        if without_gain >= _PATIENCE:
            return


def _corrections(parameters: int) -> int:
    """Return the number of steps in L-BFGS's memory; each is two float64 vectors of all parameters."""
    return max(3, min(_MOST_CORRECTIONS, _CORRECTIONS_BYTES // (2 * 8 * parameters)))


class _Fit:
    """Objective on training pictures, and scores on training and validation pictures."""

    def __init__(
        self,
        train: FeatureSet,
        validation: FeatureSet,
        task: Task,
        label_smoothing: float,
        leading: LeadingMetric | None,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._task, self._validation, self._leading = task, validation, leading
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
        validation = score_logits(logits, self._validation.targets, self._task, self._leading)
        return EpochScores(
            loss=loss,
            accuracy=accuracy,
            validation_loss=validation.loss,
            validation_accuracy=validation.accuracy,
            validation_macro_f1=validation.macro_f1,
            validation_leading=validation.leading,
            validation_losses=validation.losses,
            validation_logits=logits,
        )

    def head(self, parameters: np.ndarray) -> HeadWeights:
        return HeadWeights(
            feature_mean=self._mean,
            feature_scale=self._scale,
            layers=(self.objective.unpack(parameters),),
            activation="sigmoid" if self._task is Task.MULTI_LABEL else "softmax",
        )
