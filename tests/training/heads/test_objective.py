"""The linear head's objective is the one written down, to the last row, and so is its gradient."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import log_expit, log_softmax

from core.data.labels.task import Task
from core.training.heads import objective as objective_module
from core.training.heads.linear import FeatureSet
from core.training.heads.objective import LinearObjective, standardisation


def points(count: int) -> np.ndarray:
    """float32 (count, 6), on scales from 0.1 to 10, far from zero."""
    drawn = np.random.default_rng(1).normal(size=(count, 6))
    return (drawn * np.logspace(-1, 1, 6) + 5).astype(np.float32)


def random_targets(count: int, task: Task) -> np.ndarray:
    """float32 (count, 3): shares that sum to 1, or any number of labels."""
    draw = np.random.default_rng(4)
    if task is Task.MULTI_LABEL:
        return (draw.random((count, 3)) < 0.4).astype(np.float32)
    return draw.dirichlet((0.3, 0.3, 0.3), count).astype(np.float32)


def objective(data: FeatureSet, **options: Any) -> LinearObjective:
    mean, scale = standardisation(data.features)
    pool = ThreadPoolExecutor(2)
    return LinearObjective(
        data.features, data.targets, data.weights, mean=mean, scale=scale, pool=pool, **options
    )


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_gradient_is_that_of_the_loss(task: Task, smoothing: float, is_weighted: bool) -> None:
    """Checked by finite differences of a loss that is written down once more in float64, bias included."""
    features = points(40)
    weights = np.random.default_rng(5).uniform(0.2, 3, 40).astype(np.float32)
    targets = random_targets(40, task)
    data = FeatureSet(features=features, targets=targets, weights=weights if is_weighted else None)
    point = np.random.default_rng(3).normal(scale=0.5, size=21)
    exact = features.astype(np.float64)
    variance = exact.var(axis=0)
    x = (exact - exact.mean(axis=0)) / np.sqrt(variance + 0.09 * np.median(variance))
    share = weights / weights.sum() if is_weighted else np.full(40, 1 / 40)
    ways = 2 if task is Task.MULTI_LABEL else 3
    truth = targets * (1 - smoothing) + smoothing / ways

    def loss_at(parameters: np.ndarray) -> float:
        kernel = parameters[:18].reshape(6, 3)
        logits = x @ kernel + parameters[18:]
        if task is Task.MULTI_LABEL:
            each = -(truth * log_expit(logits) + (1 - truth) * log_expit(-logits)).sum(axis=1)
        else:
            each = -(truth * log_softmax(logits, axis=1)).sum(axis=1)
        return float(share @ each + 0.5 * 0.3 * (kernel**2).sum())

    loss, gradient = objective(data, task=task, label_smoothing=smoothing).loss_and_gradient(point, 0.3)
    assert loss == pytest.approx(loss_at(point), abs=2e-6)
    assert gradient.shape == (21,)
    np.testing.assert_allclose(gradient, approx_fprime(point, loss_at, 1e-7), atol=2e-6)


def test_two_pictures_by_hand() -> None:
    """Of no use yet, a head gives every class a third: that is what is left to learn, and ln 3 the loss."""
    data = FeatureSet(
        features=np.array([[1.0], [3.0]], np.float32),  # standardised: -1 and 1, over the root of 1.09
        targets=np.array([[1, 0, 0], [0, 1, 0]], np.float32),
        weights=np.array([3, 1], np.float32),
    )
    loss, gradient = objective(data).loss_and_gradient(np.zeros(6), 1.0)
    assert loss == pytest.approx(np.log(3))
    #                        (3 * -1 * (1/3 - 1) + 1/3) / 4, and so on: weight, feature, residual
    expected_kernel = np.array([3 * 2 / 3 + 1 / 3, -3 / 3 - 2 / 3, -3 / 3 + 1 / 3]) / 4 / np.sqrt(1.09)
    expected_bias = np.array([-3 * 2 / 3 + 1 / 3, 3 / 3 - 2 / 3, 3 / 3 + 1 / 3]) / 4
    np.testing.assert_allclose(gradient, [*expected_kernel, *expected_bias], atol=1e-6)


def test_blocks_and_shares_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row counts once, however many rows fit into a block and threads share them."""
    data = FeatureSet(
        features=points(211),
        targets=random_targets(211, Task.MULTI_CLASS),
        weights=np.random.default_rng(5).uniform(0.2, 3, 211).astype(np.float32),
    )
    point = np.random.default_rng(3).normal(scale=0.5, size=21)
    whole = objective(data)
    loss, gradient = whole.loss_and_gradient(point, 0.3)
    logits = whole.logits(data.features, point)
    monkeypatch.setattr(objective_module, "_block_rows", lambda width: 17)
    monkeypatch.setattr(objective_module, "_LEAST_SHARE_BYTES", 24 * 50)
    parts = objective(data)
    again, gradient_again = parts.loss_and_gradient(point, 0.3)
    assert again == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(gradient_again, gradient, atol=1e-6)
    np.testing.assert_allclose(parts.logits(data.features, point), logits, atol=1e-5)
    assert parts.plain_scores(point) == pytest.approx(whole.plain_scores(point), rel=1e-6)


def test_scores_are_those_of_the_parameters_asked_for() -> None:
    """They are mostly those of the last pass, which then is not made again."""
    data = FeatureSet.of_labels(points(60), np.arange(60) % 3, 3)
    point, other = np.random.default_rng(3).normal(size=(2, 21))
    fresh = objective(data).plain_scores(point)
    used = objective(data)
    used.loss_and_gradient(other, 0.1)
    assert used.plain_scores(point) == fresh
    assert used.plain_scores(other) != fresh


def test_constant_and_far_away_features_are_standardised_exactly() -> None:
    """Squares minus squared means would lose everything here."""
    values = np.array([[10_000.0, 7.0], [10_001.0, 7.0], [10_002.0, 7.0]], np.float32)
    mean, scale = standardisation(values)
    np.testing.assert_allclose(mean, [10_001, 7])
    np.testing.assert_allclose(scale, [np.sqrt(2 / 3 * 1.09), 1.0], rtol=1e-6)


def test_a_nearly_dead_feature_stays_small_in_other_pictures() -> None:
    """Deviations 1, 1 and 0.001: a value of 1 would otherwise be 1,000 deviations away."""
    signs = np.array([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]], np.float32)
    _, scale = standardisation(signs * np.array([1.0, 1.0, 0.001], np.float32))
    np.testing.assert_allclose(scale, [np.sqrt(1.09), np.sqrt(1.09), np.sqrt(1e-6 + 0.09)], rtol=1e-6)
