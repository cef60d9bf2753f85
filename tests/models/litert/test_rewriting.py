"""Files changed in memory compute what the unchanged ones compute, up to the last feature map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.evaluation.explanations.class_activation import pool
from core.models.litert.conversion import convert_to_tflite
from core.models.litert.engine import Engine
from core.models.litert.rewriting import (
    with_feature_map,
    with_pooled_features,
    with_shuffled_heads,
    with_shuffled_weights,
)
from tests.support.tiny_classifier import TinyModel
from tests.support.trained import Trained


@pytest.fixture
def content(lively_engine: Callable[[str], Path]) -> bytes:
    return lively_engine("small_cnn").read_bytes()


def test_pooling_the_last_feature_map_gives_the_features(
    content: bytes, random_pictures: Callable[..., np.ndarray]
) -> None:
    pictures = random_pictures(96, 3)
    engine = Engine(with_feature_map(content, "grid"))
    assert engine.output_shape == (6, 6, 256)
    np.testing.assert_allclose(
        pool(engine.run(pictures), "grid"), Engine(content).run(pictures), rtol=1e-4, atol=1e-5
    )


def test_features_stand_beside_the_outputs_of_the_same_pass(
    content: bytes, random_pictures: Callable[..., np.ndarray]
) -> None:
    """The first outputs are unchanged; the last is the pooled feature map."""
    pictures = random_pictures(96, 3)
    engine = Engine(with_pooled_features(content, "grid"))
    unchanged = Engine(content).run_all(pictures)
    *first, features = engine.run_all(pictures)
    for values, expected in zip(first, unchanged, strict=True):
        np.testing.assert_array_equal(values, expected)
    feature_map = Engine(with_feature_map(content, "grid")).run(pictures)
    np.testing.assert_allclose(features.reshape(3, -1), pool(feature_map, "grid"), rtol=1e-4, atol=1e-5)


def test_the_maximum_of_a_stranger_score_is_no_pooling(tmp_path: Path) -> None:
    """It comes after that of the feature map, in a file whose head reads maxima."""
    model = TinyModel(tmp_path)
    content = convert_to_tflite(model.scored_model)
    maps = Engine(with_feature_map(content, "max")).run(model.pictures)
    features = np.asarray(model.extractor(model.pictures))
    np.testing.assert_allclose(pool(maps, "max"), features, rtol=1e-4, atol=1e-5)
    pooled = Engine(with_pooled_features(content, "max")).run_all(model.pictures)[-1]
    np.testing.assert_allclose(pooled.reshape(len(features), -1), features, rtol=1e-4, atol=1e-5)


def test_a_network_that_pools_otherwise_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="max"):
        with_feature_map(content, "max")


def test_shuffled_weights_are_the_same_numbers_with_another_result(
    content: bytes, random_pictures: Callable[..., np.ndarray]
) -> None:
    """Each kernel keeps its values: as a whole, the file consists of the same bytes."""
    shuffled, pictures = with_shuffled_weights(content, seed=1), random_pictures(96, 2)
    assert shuffled != content
    np.testing.assert_array_equal(_sorted_numbers(shuffled), _sorted_numbers(content))
    assert shuffled == with_shuffled_weights(content, seed=1)
    difference = Engine(shuffled).run(pictures) - Engine(content).run(pictures)
    assert np.abs(difference).max() > 0.01


def test_shuffled_heads_leave_the_features_as_they_are(
    trained: Trained, random_pictures: Callable[..., np.ndarray]
) -> None:
    content, pictures = (trained.run / "model.tflite").read_bytes(), random_pictures(224, 1)
    shuffled = with_shuffled_heads(content, seed=1)
    np.testing.assert_array_equal(_sorted_numbers(shuffled), _sorted_numbers(content))
    features, same = (Engine(with_feature_map(each, "grid")).run(pictures) for each in (content, shuffled))
    np.testing.assert_array_equal(same, features)
    assert np.abs(Engine(shuffled).run(pictures) - Engine(content).run(pictures)).max() > 0.01


def _sorted_numbers(content: bytes) -> np.ndarray:
    return np.sort(np.frombuffer(content[: len(content) // 4 * 4], np.uint32))
