"""Keras models around a backbone: feature extractor and whole classifier.

Every network takes uint8 RGB pictures of its own size and holds its preprocessing
inside, made of standard Keras layers, so that a saved model loads in safe mode
and nobody who uses it can preprocess wrongly. Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import keras
from keras import layers

from core.models.architectures.networks import build_network, preprocess
from core.models.backbones import Backbone
from core.models.head import HeadWeights

MapPooling = Literal["quarters", "max"]
PICTURE_LAYER = "picture"
FEATURES_LAYER = "features"
PROBABILITIES_LAYER = "probabilities"


def build_feature_extractor(
    backbone: Backbone, *, pretrained: bool = True, trainable: bool = False, pooling: MapPooling = "quarters"
) -> keras.Model:
    """Build the feature extractor: from pictures to pooled features.

    The input ``picture`` is uint8 RGB (B, S, S, 3); the output is float32
    (B, QUARTERS * feature_size): the means over the four quarters of the feature map,
    quarter by quarter. Where in the picture something is stays known that way, which
    the usual mean over the whole map forgets; the whole mean is the mean of the four.
    A backbone without pretrained weights starts at random, as all do with
    ``pretrained=False``.

    Args:
        trainable: False freezes every layer, BatchNorm's statistics included.
        pooling: "max" gives (B, feature_size), the largest value of each feature anywhere.
    Raises:
        WeightsError: the weights are not on this computer, or are damaged. Nothing
            is downloaded here: call ``obtain_weights`` before.
    """
    size = backbone.input_size
    picture = keras.Input((size, size, 3), dtype="uint8", name=PICTURE_LAYER)
    network = build_network(backbone, pretrained=pretrained)
    feature_map = network(preprocess(picture, backbone.preprocessing))
    features = pool_map(feature_map, pooling)
    extractor = keras.Model(picture, features, name=backbone.key)
    extractor.trainable = trainable
    return extractor


def build_classifier(extractor: keras.Model, head: HeadWeights, class_names: Sequence[str]) -> keras.Model:
    """Build the classifier: from pictures to probabilities, float32 (B, len(class_names)).

    Shares its layers with ``extractor``. The standardisation of the features is
    folded into the first dense layer, so the head is dense layers alone.
    """
    if len(class_names) != head.num_classes:
        raise ValueError(f"{len(class_names)} class names for a head of {head.num_classes} classes")
    x = extractor.output
    folded = head.folded_layers()
    for number, weights in enumerate(folded, start=1):
        is_last = number == len(folded)
        layer = layers.Dense(
            len(weights[1]),
            activation=head.activation if is_last else "relu",
            dtype="float32",  # also under mixed precision: rounding would show in the probabilities
            name=PROBABILITIES_LAYER if is_last else f"dense_{number}",
        )
        x = layer(x)
        layer.set_weights(list(weights))
    return keras.Model(extractor.input, x, name=f"{extractor.name}_classifier")


def pool_map(feature_map: keras.KerasTensor, pooling: MapPooling) -> keras.KerasTensor:
    """Pool a feature map float32 (B, H, W, F).

    "quarters": (B, QUARTERS * F), the means over its quarters; odd sides share their
    middle. "max": (B, F), the largest value anywhere.
    """
    if pooling == "max":
        return layers.GlobalMaxPooling2D(dtype="float32", name=FEATURES_LAYER)(feature_map)
    side = feature_map.shape[1]
    pool = layers.AveragePooling2D(-(-side // 2), strides=side // 2, dtype="float32", name="quarters")
    return layers.Flatten(dtype="float32", name=FEATURES_LAYER)(pool(feature_map))
