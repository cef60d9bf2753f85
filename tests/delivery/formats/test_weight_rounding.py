"""Weights rounded against each other lose less than nearest values."""

from __future__ import annotations

import numpy as np
import pytest

from core.delivery.formats import weight_rounding
from core.delivery.formats.weight_rounding import Convolution, InputMoments, rounded


def moments_of(inputs: np.ndarray) -> InputMoments:
    moments = InputMoments()
    for half in np.array_split(inputs, 2, axis=1):
        moments.add(half.astype(np.float32))
    return moments


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def test_moments_are_those_of_all_inputs(random: np.random.Generator) -> None:
    inputs = random.normal(3, 1, (1, 60, 5))
    moments = moments_of(inputs)
    np.testing.assert_allclose(moments.mean[0], inputs[0].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(moments.covariance[0], np.cov(inputs[0].T, bias=True), atol=1e-5)


def test_small_variances_are_measured_beside_large_means(random: np.random.Generator) -> None:
    """In float32, the square of 1,000 leaves no digit for a variance of 0.0001."""
    inputs = random.normal(1000, 0.01, (1, 2000, 3)).astype(np.float32)
    moments = moments_of(inputs)
    np.testing.assert_allclose(moments.mean[0], inputs[0].mean(axis=0, dtype=np.float64), rtol=1e-7)
    np.testing.assert_allclose(moments.covariance[0], np.cov(inputs[0].T.astype(float), bias=True), atol=1e-7)


def test_a_weight_takes_up_the_error_of_its_twin(random: np.random.Generator) -> None:
    """In steps of 0.5, both weights of 0.2 are nearest to 0; their inputs are equal, and 0.5 is nearer to their sum."""
    twin = random.normal(size=50)
    inputs = np.stack([random.normal(size=50), twin, twin], axis=1)[np.newaxis]
    weights, _ = rounded(np.array([[[1.0, 0.2, 0.2]]], np.float32), moments_of(inputs), 2)
    assert weights[0, 0, 0] == 1.0
    assert sorted(weights[0, 0, 1:]) == [0.0, 0.5]


def test_results_change_less_than_by_nearest_values(random: np.random.Generator) -> None:
    inputs = random.normal(1, 1, (1, 400, 8)) @ random.normal(size=(8, 30))
    exact = random.normal(size=(1, 6, 30)).astype(np.float32)
    steps = np.abs(exact).max(axis=2, keepdims=True) / 127
    nearest = np.rint(exact / steps) * steps
    weights, correction = rounded(exact, moments_of(inputs), 127)

    def loss(changed: np.ndarray, bias: np.ndarray | float) -> float:
        return float(np.square(inputs[0] @ (changed - exact)[0].T + bias).mean())

    assert loss(weights, correction[0]) < 0.2 * loss(nearest, 0.0)


def test_blocks_of_columns_round_as_single_columns_do(
    random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block passes on its errors together; one of a single column is the method as published."""
    inputs = random.normal(1, 1, (2, 400, 8)) @ random.normal(size=(8, 150)) + random.normal(
        size=(2, 400, 150)
    )
    exact = random.normal(size=(2, 6, 150)).astype(np.float32)
    together, _ = rounded(exact, moments_of(inputs), 127)
    monkeypatch.setattr(weight_rounding, "_BLOCK", 1)
    singly, _ = rounded(exact, moments_of(inputs), 127)
    np.testing.assert_array_equal(together, singly)


def test_the_mean_result_stays(random: np.random.Generator) -> None:
    inputs = random.normal(2, 1, (3, 80, 9))
    exact = random.normal(size=(3, 2, 9)).astype(np.float32)
    weights, correction = rounded(exact, moments_of(inputs), 7)
    before, after = (np.einsum("gnk,grk->gr", inputs, kernel) / 80 for kernel in (exact, weights))
    assert np.abs(before - after).max() > 0.01
    np.testing.assert_allclose(after + correction, before, atol=1e-4)


def test_weights_are_steps_of_the_largest_of_their_row(random: np.random.Generator) -> None:
    """A quantiser measures the largest, and then finds the same steps."""
    exact = random.normal(size=(2, 4, 9)).astype(np.float32)
    exact[0, 0] = 0
    weights, _ = rounded(exact, moments_of(random.normal(size=(2, 50, 9))), 127)
    largest = np.abs(exact).max(axis=2, keepdims=True)
    np.testing.assert_array_equal(np.abs(weights).max(axis=2, keepdims=True), largest)
    numbers = 127 * weights / np.where(largest, largest, 1)
    np.testing.assert_allclose(numbers, np.rint(numbers), atol=1e-3)


def test_inputs_that_never_vary_do_no_harm() -> None:
    weights, correction = rounded(np.ones((1, 1, 4), np.float32), moments_of(np.zeros((1, 10, 4))), 127)
    np.testing.assert_array_equal(weights, 1)
    np.testing.assert_array_equal(correction, 0)


@pytest.mark.parametrize("groups", [1, 2])
def test_inputs_are_those_that_a_convolution_multiplies(groups: int, random: np.random.Generator) -> None:
    """Stride 2 with one row of zeros around a 5 × 5 map: the result at (1, 2) looks at rows 1 to 3, columns 3 to 5."""
    kernel = random.normal(size=(4, 3, 3, 2 // groups)).astype(np.float32)
    layer = Convolution(kernel=kernel, groups=groups, stride=(2, 2), padding=(1, 1))
    feature_map = random.normal(size=(5, 5, 2)).astype(np.float32)
    inputs = layer.inputs(feature_map, np.array([[1, 2]]))
    padded = np.pad(feature_map, ((1, 1), (1, 1), (0, 0)))[2:5, 4:7]
    parts = np.split(padded, groups, axis=2)
    expected = [(kernel[row] * parts[row * groups // 4]).sum() for row in range(4)]
    np.testing.assert_allclose(np.einsum("gnk,grk->gr", inputs, layer.rows).ravel(), expected, rtol=1e-5)
