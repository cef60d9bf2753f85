"""Networks of the backbones, with their preprocessing.

Imported by workers only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from core.errors import WeightsError
from core.messages import N_
from core.models.architectures.efficientnet_lite import LITE_VARIANTS, build_lite
from core.models.architectures.published import build_published
from core.models.architectures.vit import build_vit
from core.models.backbones import Backbone, Preprocessing, WeightsSource
from core.models.published.table import PUBLISHED_NETWORKS
from core.models.weights.array_file import read_arrays
from core.models.weights.safetensors_file import read_tensors
from core.models.weights.store import present_weights
from core.models.weights.torch_file import read_torch_file

# Name of a network whose output is the feature map (B, height, width, feature_size).
BACKBONE_LAYER = "backbone"

_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
_IMAGENET_MEAN_RGB = (0.485, 0.456, 0.406)
_IMAGENET_STDDEV_RGB = (0.229, 0.224, 0.225)
_SCALE_AND_OFFSET: dict[Preprocessing, tuple[float | list[float], float | list[float]]] = {
    Preprocessing.MINUS_ONE_TO_ONE: (1 / 127.5, -1.0),
    Preprocessing.TORCH: (
        [1 / (255 * deviation) for deviation in _IMAGENET_STDDEV_RGB],
        [-mean / deviation for mean, deviation in zip(_IMAGENET_MEAN_RGB, _IMAGENET_STDDEV_RGB, strict=True)],
    ),
    Preprocessing.LITE: (1 / 128, -127 / 128),
    Preprocessing.BUILT_IN: (1.0, 0.0),
    Preprocessing.BUILT_IN_UNSCALED: (1.0, 0.0),
    Preprocessing.UNIT: (1 / 255, 0.0),
}
_SMALL_CNN_FILTERS = (32, 64, 128, 256)


def preprocess(picture: keras.KerasTensor, kind: Preprocessing) -> keras.KerasTensor:
    """Preprocess pixels 0 to 255 for the backbone, always in float32."""
    if kind is Preprocessing.CAFFE:
        # Rescaling first: it turns uint8 into float32, which every engine can reverse.
        pixels = layers.Rescaling(1.0, dtype="float32", name="as_float")(picture)
        blue_first = keras.ops.flip(pixels, axis=-1)
        minus_mean = [-mean for mean in _CAFFE_MEAN_BGR]
        return layers.Rescaling(1.0, minus_mean, dtype="float32", name="preprocessing")(blue_first)
    scale, offset = _SCALE_AND_OFFSET[kind]
    return layers.Rescaling(scale, offset, dtype="float32", name="preprocessing")(picture)


def build_network(backbone: Backbone, *, pretrained: bool) -> keras.Model:
    """Build a backbone: preprocessed pictures in, feature map (B, height, width, feature_size) out.

    Raises:
        WeightsError: the weights are not on this computer, or are damaged.
    """
    path = present_weights(backbone) if pretrained and backbone.weights is not WeightsSource.NONE else None
    if path and backbone.weights is WeightsSource.ADAPTED:
        network = build_network(backbone, pretrained=False)
        set_arrays(network, path)
        return network
    if backbone.builder in LITE_VARIANTS:
        tensors = read_torch_file(path, backbone.weights_hash.removeprefix("sha256:")) if path else None
        variant = LITE_VARIANTS[backbone.builder]._replace(input_size=backbone.input_size)
        return build_lite(variant, tensors, name=BACKBONE_LAYER)
    if backbone.builder in PUBLISHED_NETWORKS:
        published = PUBLISHED_NETWORKS[backbone.builder]
        tensors = read_tensors(path, published.tensors()) if path else None
        return build_published(published, tensors, size=backbone.input_size, name=BACKBONE_LAYER)
    if backbone.builder in _FROM_SCRATCH:
        return _FROM_SCRATCH[backbone.builder](backbone.input_size, BACKBONE_LAYER)
    network = _build_keras_network(backbone)
    if path:
        load_keras_weights(network, backbone, path)
    return network


def arrays_of(network: keras.Model) -> dict[str, np.ndarray]:
    """Weights of a backbone's network by layer, as ``set_arrays`` reads them from a file."""
    return {name: np.asarray(variable) for name, variable in _named(network).items()}


def set_arrays(network: keras.Model, path: Path) -> None:
    """Set the weights of a backbone's network from a file of ``arrays_of``.

    Raises:
        WeightsError: the file is damaged, or holds those of another network.
    """
    variables = _named(network)
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    for name, array in read_arrays(path, shapes).items():
        variables[name].assign(array)
    for layer in network.layers:
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()


def _named(network: keras.Model) -> dict[str, Any]:
    """Variables of a network by the name of their layer and their number in it."""
    return {
        f"{layer.name}-{number}": variable
        for layer in network.layers
        for number, variable in enumerate(layer.weights)
    }


def load_keras_weights(network: keras.Model, backbone: Backbone, path: Path) -> None:
    """Load the published weights into a network of ``keras.applications``.

    Raises:
        WeightsError: the file does not fit.
    """
    # weights="imagenet" would download a missing file, and delete one whose checksum differs.
    try:
        network.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(
            N_("{file} does not fit {name}: it is another file, or it is damaged."),
            file=str(path),
            name=backbone.name,
        ) from error
    if backbone.preprocessing is Preprocessing.BUILT_IN_UNSCALED:
        _restore_efficientnet_scaling(network)


def weights_fit(backbone: Backbone, path: Path) -> bool:
    """Load a file to see if its weights fit the network of ``keras.applications``."""
    try:
        load_keras_weights(_build_keras_network(backbone), backbone, path)
    except WeightsError:
        return False
    return True


def _build_keras_network(backbone: Backbone) -> keras.Model:
    size = backbone.input_size
    build = getattr(keras.applications, backbone.builder)
    network = build(include_top=False, weights=None, input_shape=(size, size, 3))
    # Set after building: EfficientNetV2 chooses its preprocessing by its name, and takes a
    # name that begins with "b" for one of B0 to B3.
    network.name = BACKBONE_LAYER
    return network


def _restore_efficientnet_scaling(network: keras.Model) -> None:
    """Divide the input by the square root of ImageNet's deviation once more.

    The published EfficientNets were trained this way, and Keras adds the step only for
    ``weights="imagenet"`` (tensorflow#49930, tensorflow#62193). The factor is folded into
    the variance of the normalization layer.
    """
    (normalization,) = (layer for layer in network.layers if isinstance(layer, layers.Normalization))
    mean, variance, *count = normalization.get_weights()
    normalization.set_weights([mean, variance * np.array(_IMAGENET_STDDEV_RGB, np.float32), *count])
    normalization.finalize_state()


def _build_small_cnn(size: int, name: str) -> keras.Model:
    """Four blocks of convolution, BatchNorm, ReLU and pooling, for training from scratch."""
    inputs = keras.Input((size, size, 3), name="preprocessed")
    x = inputs
    for number, filters in enumerate(_SMALL_CNN_FILTERS, start=1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"block{number}_conv")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"block{number}_norm")(x)
        x = layers.ReLU(name=f"block{number}_relu")(x)
        x = layers.MaxPooling2D(name=f"block{number}_pool")(x)
    return keras.Model(inputs, x, name=name)  # (B, 6, 6, 256) for pictures of 96 x 96


_FROM_SCRATCH = {"small_cnn": _build_small_cnn, "vit": build_vit}
