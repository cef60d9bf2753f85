"""Keras models around a backbone: feature extractor and classifier.

Every network takes uint8 RGB pictures of its own size. Its preprocessing is inside, made
of standard Keras layers: a saved model loads in safe mode, and a caller cannot
preprocess wrongly. Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from core.models.architectures.networks import build_network, preprocess
from core.models.backbones import Backbone
from core.models.committee import JOINT
from core.models.head import HeadWeights, MapPooling

PICTURE_LAYER = "picture"
FEATURES_LAYER = "features"
PROBABILITIES_LAYER = "probabilities"


def build_feature_extractor(
    backbone: Backbone, *, pretrained: bool = True, trainable: bool = False, pooling: MapPooling = "grid"
) -> keras.Model:
    """Build the feature extractor: from pictures to pooled features.

    The input ``picture`` is uint8 RGB (B, S, S, 3); the output is float32
    (B, GRID_CELLS * feature_size): the feature map averaged over 2 × 2 cells, cell by
    cell. This keeps coarse positions, which global average pooling forgets; the mean of
    the four cells is the global average. A backbone without pretrained weights starts
    from random ones, as all do with ``pretrained=False``. The features of a committee are
    those of its members, joined cell by cell as ``join_features`` does with arrays.

    Args:
        trainable: False freezes every layer, with the statistics of BatchNorm.
        pooling: "max" gives (B, feature_size), the maximum of each feature over the map.
    Raises:
        WeightsError: the weights are not on this computer, or are damaged. Nothing
            is downloaded here: call ``obtain_weights`` before.
    """
    size = backbone.input_size
    picture = keras.Input((size, size, 3), dtype="uint8", name=PICTURE_LAYER)
    if backbone.members:
        feature_map = _joined_map(backbone, picture, pretrained=pretrained, pooling=pooling)
    else:
        network = build_network(backbone, pretrained=pretrained)
        feature_map = network(preprocess(picture, backbone.preprocessing))
    features = pool_map(feature_map, pooling)
    # TensorFlow allows no “+” in names.
    extractor = keras.Model(picture, features, name=backbone.key.replace(JOINT, "-"))
    extractor.trainable = trainable
    return extractor


def _joined_map(
    committee: Backbone, picture: keras.KerasTensor, *, pretrained: bool, pooling: MapPooling
) -> keras.KerasTensor:
    """Join the members' feature maps along the features, float32 (B, H, W, F).

    Maps of unequal sides cannot be joined before they are pooled. They are pooled first, and
    pooling the small joint map once more changes nothing.
    """
    maps = [_member_map(member, picture, pretrained=pretrained) for member in committee.members]
    if len({feature_map.shape[1:3] for feature_map in maps}) > 1:
        maps = [
            _pooled_map(feature_map, pooling, f"{member.key}_pooling")
            for member, feature_map in zip(committee.members, maps, strict=True)
        ]
    return layers.Concatenate(dtype="float32", name="joined_maps")(maps)


def _member_map(member: Backbone, picture: keras.KerasTensor, *, pretrained: bool) -> keras.KerasTensor:
    """Feature map of one member, which is a model of its own with its preprocessing inside."""
    size = member.input_size
    own_picture = keras.Input((size, size, 3), dtype="uint8", name=PICTURE_LAYER)
    network = build_network(member, pretrained=pretrained)
    feature_map = network(preprocess(own_picture, member.preprocessing))
    return keras.Model(own_picture, feature_map, name=member.key)(picture)


def _pooled_map(feature_map: keras.KerasTensor, pooling: MapPooling, name: str) -> keras.KerasTensor:
    """Pool a feature map to 2 × 2 cells, or to one of its maxima: float32 (B, 2, 2, F) or (B, 1, 1, F)."""
    if pooling == "max":
        return layers.GlobalMaxPooling2D(keepdims=True, dtype="float32", name=name)(feature_map)
    return _grid_pooling(feature_map, name)(feature_map)


def _grid_pooling(feature_map: keras.KerasTensor, name: str) -> keras.Layer:
    side = feature_map.shape[1]
    return layers.AveragePooling2D(-(-side // 2), strides=side // 2, dtype="float32", name=name)


def build_classifier(extractor: keras.Model, head: HeadWeights, class_names: Sequence[str]) -> keras.Model:
    """Build the classifier: from pictures to probabilities, float32 (B, len(class_names)).

    It shares its layers with ``extractor``. The standardisation of the features is
    folded into the first dense layer, so the head has dense layers only.
    """
    if len(class_names) != head.num_classes:
        raise ValueError(f"{len(class_names)} class names for a head of {head.num_classes} classes")
    probabilities = attach_head(extractor.output, head)
    return keras.Model(extractor.input, probabilities, name=f"{extractor.name}_classifier")


def attach_head(features: keras.KerasTensor, head: HeadWeights, *, prefix: str = "") -> keras.KerasTensor:
    """Put a head on features, float32 (B, F): probabilities, float32 (B, C).

    Args:
        prefix: of the names of its layers.
    """
    folded, x = head.folded_layers(), features
    for number, weights in enumerate(folded, start=1):
        is_last = number == len(folded)
        layer = layers.Dense(
            len(weights[1]),
            activation=head.activation if is_last else "relu",
            # Also under mixed precision: rounding would show in the probabilities.
            dtype="float32",
            name=prefix + (PROBABILITIES_LAYER if is_last else f"dense_{number}"),
        )
        x = layer(x)
        layer.set_weights(list(weights))
    return x


def pool_map(feature_map: keras.KerasTensor, pooling: MapPooling) -> keras.KerasTensor:
    """Pool a feature map float32 (B, H, W, F).

    Returns:
        "grid": the means of its 2 × 2 cells, (B, GRID_CELLS * F); the cells of an odd side
        share its middle. "max": the maximum over the map, (B, F).
    """
    if pooling == "max":
        return layers.GlobalMaxPooling2D(dtype="float32", name=FEATURES_LAYER)(feature_map)
    pool = _grid_pooling(feature_map, "grid_pooling")
    return layers.Flatten(dtype="float32", name=FEATURES_LAYER)(pool(feature_map))
