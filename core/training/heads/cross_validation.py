"""Ridge heads of few pictures, chosen by cross-validation and fitted on all of them.

A validation set of one or two pictures a class is too small to choose a penalty by, and too
large to leave out. So heads are fitted without one fold at a time, in the manner of stacking
(Wolpert 1992): predictions on the left-out pictures choose penalty and pooling, and later the
temperatures. The head that is delivered is fitted on training and validation pictures.

Least squares with an L2 penalty (Hoerl and Kennard 1970), the kernel ridge of a linear kernel,
has a closed form, and on few pictures more answers are right than with softmax regression. Its
scores are no log probabilities: one temperature for all classes makes them so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from core.data.labels.task import Task
from core.models.head import HeadWeights
from core.statistics import effective_count, wilson_interval
from core.training.config import CROSS_VALIDATED_PER_CLASS, CROSS_VALIDATED_ROWS, Loss, Recipe, TrainingConfig
from core.training.heads.data import HeadData
from core.training.heads.held_out import HeldOut
from core.training.heads.linear import EpochScores, FeatureSet, OnEpoch
from core.training.heads.objective import standardisation
from core.training.leading_metric import LeadingMetric
from core.training.scores import Scores, score_logits

FOLDS = 5
# Of the mean eigenvalue of the pictures' covariance.
PENALTIES = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
_TINY_SHARE = 1e-9  # of the largest eigenvalue: smaller ones are rounding
_TEMPERATURES = (1e-3, 1e2)


@dataclass(frozen=True, kw_only=True)
class HeldOutAccuracy:
    """Accuracy on pictures that neither chose nor trained the head that classified them."""

    pictures: int
    accuracy: float  # 0 to 1
    interval: tuple[float, float]  # 95%


def is_cross_validated(settings: TrainingConfig, data: HeadData) -> bool:
    """Return True for a run of linear heads alone, on few pictures, of each class two groups at least."""
    head = settings.head
    if settings.recipe is not Recipe.QUICK or not head.cross_validate:
        return False
    if head.hidden_units or head.l2 or settings.loss.kind is Loss.FOCAL:
        return False
    if len(data.train.features) + len(data.validation.features) >= CROSS_VALIDATED_ROWS:
        return False
    pictures = data.pictures
    if len(pictures.features) >= CROSS_VALIDATED_PER_CLASS * pictures.num_classes:
        return False
    groups = _numbered(pictures.groups, len(pictures.features))
    return all(len(np.unique(groups[shown])) >= 2 for shown in pictures.targets.T > 0.5)


class CrossValidation:
    """Folds of training and validation pictures, and the predictions of every head without its fold."""

    def __init__(self, data: HeadData, task: Task, check: Callable[[], None]) -> None:
        """Deal the pictures to folds.

        Args:
            check: called between fits; an exception that it raises ends them.
        """
        pictures = data.pictures
        self.groups = _numbered(pictures.groups, len(pictures.features))
        self._targets, self._task, self._check = pictures.targets, task, check
        self._validation = len(data.validation.features)
        self._folds = stratified_folds(self._targets, self.groups, FOLDS)
        self._tried = list[Scores]()

    # As in ``fit_linear_head``: BLAS threads cost more than they give in short operations.
    @threadpool_limits.wrap(limits=1, user_api="blas")
    def fit(
        self, data: HeadData, *, epochs: int, on_epoch: OnEpoch, leading: LeadingMetric | None = None
    ) -> None:
        """Fit heads along a path of falling penalties; each is an epoch.

        Args:
            data: the same pictures, pooled in one way.
            epochs: the maximum number of penalties.
            on_epoch, leading: as in ``fit_linear_head``. The validation scores are those of all
                pictures, each by the head that was not trained on it.
        """
        everything, of_rows = data.joined(self._task), data.of_rows(self._folds)
        plain, parts = data.pictures.features, list[tuple[np.ndarray, RidgePath]]()
        for fold in np.unique(self._folds):
            self._check()
            parts.append((self._folds == fold, RidgePath(everything.at(of_rows != fold), self._task)))
        whole = RidgePath(everything, self._task)
        for penalty in _some(PENALTIES, epochs):
            held_out = np.empty(self._targets.shape, np.float32)
            for rows, path in parts:
                held_out[rows] = path.head(penalty).logits(plain[rows])
            temperature = common_temperature(held_out, self._targets, self._task)
            held_out /= np.float32(temperature)
            head = whole.head(penalty).with_temperatures(np.full(self._targets.shape[1], temperature))
            scores = score_logits(held_out, self._targets, self._task, leading)
            self._tried.append(scores)
            trained = score_logits(head.logits(plain), self._targets, self._task)
            predictions = HeldOut(logits=held_out, temperature=temperature)
            on_epoch(self._epoch(trained, scores, predictions), head, penalty)
            self._check()

    def accuracy(self) -> HeldOutAccuracy:
        """Measure the choice: on each fold, the head that is best on the pictures of the others."""
        losses = np.stack([one.losses for one in self._tried])
        correct = np.stack([one.correct for one in self._tried])
        chosen = np.zeros(len(self._folds), np.bool_)
        for fold in np.unique(self._folds):
            rows = self._folds == fold
            chosen[rows] = correct[losses[:, ~rows].mean(axis=1).argmin(), rows]
        count = effective_count(chosen, self.groups)
        return HeldOutAccuracy(
            pictures=len(chosen),
            accuracy=float(chosen.mean()),
            interval=wilson_interval(float(chosen.mean()) * count, count),
        )

    def _epoch(self, trained: Scores, scores: Scores, held_out: HeldOut) -> EpochScores:
        return EpochScores(
            loss=trained.loss,
            accuracy=trained.accuracy,
            validation_loss=scores.loss,
            validation_accuracy=scores.accuracy,
            validation_macro_f1=scores.macro_f1,
            validation_leading=scores.leading,
            validation_losses=scores.losses,
            validation_logits=held_out.logits[-self._validation :],
            held_out=held_out,
        )


class RidgePath:
    """Ridge heads on some pictures, one for each penalty.

    Standardised features X (n, F) with weights W, centred targets Y: the kernel is
    ``X' √W (√W X X' √W + n·λ I)⁻¹ √W Y``, so only an n × n matrix is decomposed.
    """

    def __init__(self, train: FeatureSet, task: Task) -> None:
        self._mean, self._scale = standardisation(train.features)
        self._is_multi_label = task is Task.MULTI_LABEL
        features = ((train.features - self._mean) / self._scale).astype(np.float64)
        weights = np.ones(len(features)) if train.weights is None else train.weights.astype(np.float64)
        shares = weights / weights.sum()
        # With unequal weights the weighted mean is another.
        self._feature_mean, self._target_mean = shares @ features, shares @ train.targets
        roots = np.sqrt(shares)[:, None]
        self._rows = roots * (features - self._feature_mean)
        values, self._vectors = np.linalg.eigh(self._rows @ self._rows.T)
        self._values = np.maximum(values, 0.0)
        self._projected = self._vectors.T @ (roots * (train.targets - self._target_mean))

    def head(self, penalty: float) -> HeadWeights:
        """Return the head at a penalty, a multiple of the mean eigenvalue."""
        strength = penalty * self._values.mean() + _TINY_SHARE * max(self._values.max(), 1.0)
        dual = self._vectors @ (self._projected / (self._values + strength)[:, None])
        kernel = self._rows.T @ dual
        # A class is as likely as not where its target is estimated as a half.
        bias = self._target_mean - 0.5 - self._feature_mean @ kernel
        return HeadWeights(
            feature_mean=self._mean,
            feature_scale=self._scale,
            layers=((kernel, bias),),
            activation="sigmoid" if self._is_multi_label else "softmax",
        )


def stratified_folds(targets: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Deal groups to folds, those of each class in turn: int64 (n,), from 0.

    Args:
        targets: (n, C); a picture with several labels counts for the rarest.
        groups: int64 (n,), from 0.
        count: the most folds; there are as many as groups at most.
    """
    _, first = np.unique(groups, return_index=True)
    shown = targets[first] > 0.5
    rarest = np.where(shown, shown.sum(axis=0), len(targets) + 1).argmin(axis=1)
    order = np.lexsort((np.random.default_rng(0).permutation(len(first)), rarest))
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % min(count, len(first))
    folds: np.ndarray = fold[groups]
    return folds


def common_temperature(logits: np.ndarray, targets: np.ndarray, task: Task) -> float:
    """Return the number by which logits are divided for the least mean cross-entropy.

    One picture more, which shows every class alike, counts with the others (as in Platt 1999).
    Otherwise pictures that are all right would make every probability 0 or 1.
    """
    from scipy.optimize import minimize_scalar

    share = 1.0 / (len(targets) + 2)
    smoothed = targets * (1 - share) + share / (2 if task is Task.MULTI_LABEL else targets.shape[1])
    low, high = np.log(_TEMPERATURES)
    found = minimize_scalar(
        lambda log: score_logits(logits / np.float32(np.exp(log)), smoothed, task).loss,
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(np.exp(found.x))


def _some(penalties: Sequence[float], count: int) -> Sequence[float]:
    """Return at most ``count`` penalties, spread evenly."""
    if count >= len(penalties):
        return penalties
    return [penalties[round(index)] for index in np.linspace(0, len(penalties) - 1, count + 2)[1:-1]]


def _numbered(groups: np.ndarray | None, count: int) -> np.ndarray:
    """Number the groups from 0; without any, each picture is its own."""
    return np.arange(count) if groups is None else np.unique(groups, return_inverse=True)[1]
