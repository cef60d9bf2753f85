"""The network of a committee gives the joined features of its members, and can be looked into as others."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from core.evaluation.explanations.class_activation import pool
from core.models.architectures.classifier import build_feature_extractor
from core.models.backbones import at_size, get_backbone
from core.models.head import MapPooling, join_features
from core.models.litert.conversion import convert_to_tflite
from core.models.litert.engine import Engine
from core.models.litert.rewriting import feature_map_side, with_feature_map, with_pooled_features


def enliven(extractor: keras.Model, pictures: np.ndarray) -> None:
    """Set BatchNorm statistics to those of the pictures: with Keras's initial ones the signal dies."""
    norms = [
        layer for layer in extractor._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)
    ]
    extractor.trainable = True
    for norm in norms:
        norm.momentum = 0.0
    extractor(pictures, training=True)
    extractor.trainable = False


@pytest.mark.parametrize(
    ("key", "size", "side", "pooling"),
    [
        ("efficientnet_lite0+mobilenet_v3_small", 64, 2, "max"),
        # At 72 pixels the maps have 3 rows and 2: they are pooled before they are joined.
        ("efficientnet_lite0+vgg16", 72, 2, "grid"),
        ("efficientnet_lite0+vgg16", 72, 2, "max"),
        ("efficientnet_lite0+efficientnet_lite1", 96, 3, "grid"),
    ],
)
def test_a_committee_gives_the_joined_features_of_its_members(
    key: str, size: int, side: int, pooling: MapPooling, random_pictures: Callable[[int], np.ndarray]
) -> None:
    """One network, one file, from which the last feature map and the pooled features can be read."""
    committee = at_size(get_backbone(key), size)
    joint = build_feature_extractor(committee, pretrained=False, pooling=pooling)
    pictures = random_pictures(size)
    enliven(joint, pictures)
    parts = []
    for member in committee.members:
        alone = build_feature_extractor(member, pretrained=False, pooling=pooling)
        alone.set_weights(joint.get_layer(member.key).get_weights())
        parts.append(alone.predict(pictures, verbose=0))
    expected = join_features(parts, is_grid=pooling == "grid")
    assert all(part.std() > 1e-3 for part in parts), "a dead network would make this test empty"
    np.testing.assert_allclose(joint.predict(pictures, verbose=0), expected, rtol=1e-4, atol=1e-4)

    content = convert_to_tflite(joint)
    features = Engine(content).run(pictures)
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-3)
    maps = Engine(with_feature_map(content, pooling)).run(pictures)
    np.testing.assert_allclose(pool(maps, pooling), features, rtol=1e-4, atol=1e-4)
    assert maps.shape[3] == committee.feature_size
    if pooling == "grid":
        assert feature_map_side(content, pooling) == maps.shape[1] == side
    pooled = Engine(with_pooled_features(content, pooling)).run_all(pictures)[-1]
    np.testing.assert_array_equal(pooled.reshape(len(pictures), -1), features)
