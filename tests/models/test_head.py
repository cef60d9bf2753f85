"""The NumPy head computes what its arrays mean, and comes back from disk unchanged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import WeightsError
from core.models.head import GRID_CELLS, HeadWeights, pool_globally, softmax


def random_head(features: int, hidden: int, classes: int) -> HeadWeights:
    draw = np.random.default_rng(3)
    return HeadWeights(
        feature_mean=draw.normal(size=features),
        feature_scale=draw.uniform(0.5, 2, features),
        layers=(
            (draw.normal(size=(features, hidden)), draw.normal(size=hidden)),
            (draw.normal(size=(hidden, classes)), draw.normal(size=classes)),
        ),
    )


def test_logits_are_computed_by_hand() -> None:
    head = HeadWeights(
        feature_mean=np.array([1.0, 2.0]),
        feature_scale=np.array([2.0, 1.0]),
        layers=(
            (np.array([[1.0, -1.0], [0.0, 2.0]]), np.array([0.5, 0.0])),
            (np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([0.0, 1.0])),
        ),
    )
    # standardised (1, 1); first layer (1.5, 1); second (1.5, 4)
    np.testing.assert_allclose(head.logits(np.array([[3.0, 3.0]])), [[1.5, 4.0]])
    # standardised (-1, 0); first layer (-0.5, 1), ReLU (0, 1); second (0, 4)
    np.testing.assert_allclose(head.logits(np.array([[-1.0, 2.0]])), [[0.0, 4.0]])
    expected = np.exp(1.5) / (np.exp(1.5) + np.exp(4.0))
    np.testing.assert_allclose(head.probabilities(np.array([[3.0, 3.0]]))[0, 0], expected, rtol=1e-6)


def test_the_last_layer_has_no_relu() -> None:
    """Negative logits must stay negative, also where the last layer is the only one."""
    head = HeadWeights(
        feature_mean=np.zeros(1), feature_scale=np.ones(1), layers=((np.array([[-1.0, 1.0]]), np.zeros(2)),)
    )
    np.testing.assert_allclose(head.logits(np.array([[2.0]])), [[-2.0, 2.0]])


def test_softmax_survives_huge_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0, -1000.0]])), [[0.5, 0.5, 0.0]])


def test_folding_the_standardisation_changes_no_logit() -> None:
    head = random_head(64, 16, 5)
    features = np.random.default_rng(4).normal(size=(8, 64)).astype(np.float32)
    (kernel, bias), (last_kernel, last_bias) = head.folded_layers()
    folded = np.maximum(features @ kernel + bias, 0) @ last_kernel + last_bias
    np.testing.assert_allclose(folded, head.logits(features), atol=2e-5)


def test_a_head_for_grid_features_gives_what_the_global_head_gives_for_their_mean() -> None:
    """A head trained on globally pooled features is delivered in a network with 2 × 2 pooling."""
    head = random_head(16, 8, 5)
    grid = np.random.default_rng(4).normal(size=(9, GRID_CELLS * 16)).astype(np.float32)
    pooled = pool_globally(grid)
    np.testing.assert_allclose(pooled, grid.reshape(9, GRID_CELLS, 16).sum(axis=1) / GRID_CELLS, atol=1e-6)
    spread = head.for_grid_features()
    assert spread.feature_size == GRID_CELLS * 16
    np.testing.assert_allclose(spread.logits(grid), head.logits(pooled), rtol=1e-5, atol=1e-5)
    (kernel, bias), _ = spread.folded_layers()
    (folded, folded_bias), _ = head.folded_layers()
    np.testing.assert_allclose(kernel, np.tile(folded / GRID_CELLS, (GRID_CELLS, 1)), rtol=1e-5)
    np.testing.assert_allclose(bias, folded_bias, rtol=1e-4, atol=1e-5)


def test_a_head_for_grid_features_is_exact_for_exact_numbers() -> None:
    """Computed by hand: a mean of 1, 3, 5, 7 is 4; (4 - 2) / 0.5 = 4; 4 * 3 - 1 = 11."""
    head = HeadWeights(
        feature_mean=np.array([2.0]),
        feature_scale=np.array([0.5]),
        layers=((np.array([[3.0]]), np.array([-1.0])),),
    )
    assert head.for_grid_features().logits(np.array([[1.0, 3.0, 5.0, 7.0]])).tolist() == [[11.0]]


def test_a_saved_head_comes_back_exactly(tmp_path: Path) -> None:
    head = random_head(6, 4, 3)
    path = tmp_path / "folder" / "head.npz"
    head.save(path)
    loaded = HeadWeights.load(path)
    features = np.random.default_rng(5).normal(size=(7, 6))
    np.testing.assert_array_equal(loaded.probabilities(features), head.probabilities(features))
    assert loaded.probabilities(features).dtype == np.float32
    assert list(path.parent.iterdir()) == [path], "a temporary file stayed"


def test_a_head_of_another_format_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "head.npz", schema_version=np.array(99))
    with pytest.raises(WeightsError, match="format 99"):
        HeadWeights.load(tmp_path / "head.npz")


def test_a_pickle_inside_a_head_is_not_opened(tmp_path: Path) -> None:
    """Opening an array of objects can run any code."""
    np.savez(tmp_path / "head.npz", schema_version=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        HeadWeights.load(tmp_path / "head.npz")


@pytest.mark.parametrize(
    ("mean", "scale", "layers"),
    [
        (np.zeros(2), np.array([1.0, 0.0]), ((np.zeros((2, 3)), np.zeros(3)),)),
        (np.zeros(2), np.ones(3), ((np.zeros((2, 3)), np.zeros(3)),)),
        (np.zeros(2), np.ones(2), ((np.zeros((4, 3)), np.zeros(3)),)),
        (np.zeros(2), np.ones(2), ((np.zeros((2, 3)), np.zeros(2)),)),
        (np.zeros(2), np.ones(2), ()),
    ],
    ids=["scale 0", "sizes differ", "kernel too tall", "bias too short", "no layer"],
)
def test_arrays_that_do_not_fit_are_refused(mean: np.ndarray, scale: np.ndarray, layers: tuple) -> None:
    with pytest.raises(ValueError, match=r"head|scale|kernel"):
        HeadWeights(feature_mean=mean, feature_scale=scale, layers=layers)
