"""A classifier that is asked from outside has the heatmaps that its network has by occlusion."""

from __future__ import annotations

import numpy as np
import pytest

from core.delivery.exporter import delivered_head
from core.evaluation.explanations.joined_network import JoinedNetwork
from core.evaluation.explanations.network import ExplainedNetwork, Method
from core.evaluation.explanations.verdict import rank_correlation
from tests.support.trained import Trained


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.kron(small, np.ones((28, 28, 1), np.uint8))


def test_its_map_and_probability_are_those_of_the_network(trained: Trained, picture: np.ndarray) -> None:
    content = (trained.run / "model.tflite").read_bytes()
    network = ExplainedNetwork(content, delivered_head(trained.run), "grid", has_local_map=False)
    expected, found = network.heatmap(picture), JoinedNetwork(content).heatmap(picture)
    assert (found.method, found.class_index) == (Method.OCCLUSION, expected.class_index)
    assert found.probability == pytest.approx(expected.probability, abs=1e-4)
    np.testing.assert_allclose(found.values, expected.values, atol=0.01)


def test_shuffled_copies_have_other_maps(trained: Trained, picture: np.ndarray) -> None:
    network = JoinedNetwork((trained.run / "model.tflite").read_bytes())
    own = network.heatmap(picture, 1)
    assert own.class_index == 1
    passes: list[int] = []
    counted = network.counted(passes.append)
    (head,) = counted.maps_under_shuffled_heads(picture, 1, [0])
    assert sum(passes) == network.passes_under_shuffled_heads(1) == 65
    # The bar of a verdict moves within a map.
    assert len(passes) > 10
    weights = counted.with_shuffled_weights(0).heatmap(picture, 1).values
    assert sum(passes) == 2 * network.passes
    assert max(rank_correlation(own.values, other) for other in (head, weights)) < 0.9
