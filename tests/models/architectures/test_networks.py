"""A network built from a published file equals the one Keras builds."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.errors import WeightsError
from core.models.architectures.networks import BACKBONE_LAYER, build_network, preprocess, weights_fit
from core.models.backbones import Backbone, get_backbone
from core.models.weights.store import weights_path

SMALL = 32  # pixels: the least that every network takes


def colourful_pictures(size: int) -> np.ndarray:
    """Float32 (2, size, size, 3), 0 to 255."""
    return np.random.default_rng(3).integers(0, 256, (2, size, size, 3)).astype(np.float32)


def publish(backbone: Backbone) -> tuple[Backbone, Any]:
    """A small network of Keras's own under the name and in the place of the published file.

    Returns:
        the backbone's record for that file, and the network.
    """
    network = getattr(keras.applications, backbone.builder)(
        include_top=False, weights=None, input_shape=(SMALL, SMALL, 3)
    )
    path = weights_path(backbone)
    path.parent.mkdir(parents=True, exist_ok=True)
    network.save(path)
    size = path.stat().st_size
    return dataclasses.replace(backbone, input_size=SMALL, weights_hash="", download_bytes=size), network


@pytest.mark.parametrize(
    ("module", "keys"),
    [
        ("vgg16", ["vgg16"]),
        ("vgg19", ["vgg19"]),
        ("resnet", ["resnet50", "resnet101", "resnet152"]),
        ("resnet_v2", ["resnet50_v2", "resnet101_v2", "resnet152_v2"]),
        ("inception_v3", ["inception_v3"]),
        ("inception_resnet_v2", ["inception_resnet_v2"]),
        ("xception", ["xception"]),
        ("mobilenet_v2", ["mobilenet_v2"]),
        ("nasnet", ["nasnet_mobile"]),
        ("densenet", ["densenet121", "densenet169", "densenet201"]),
        # These do nothing: the networks preprocess themselves.
        ("efficientnet", ["efficientnet_b0", "efficientnet_b7"]),
        ("efficientnet_v2", ["efficientnet_v2_b0", "efficientnet_v2_s", "efficientnet_v2_l"]),
        ("mobilenet_v3", ["mobilenet_v3_small", "mobilenet_v3_large"]),
        ("convnext", ["convnext_tiny", "convnext_large"]),
    ],
)
def test_pixels_are_prepared_as_keras_prepares_them(module: str, keys: list[str]) -> None:
    pictures = colourful_pictures(8)
    expected = getattr(keras.applications, module).preprocess_input(pictures.copy())
    for key in keys:
        picture = keras.Input((8, 8, 3))
        entry = keras.Model(picture, preprocess(picture, get_backbone(key).preprocessing))
        np.testing.assert_allclose(np.asarray(entry(pictures)), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("key", ["efficientnet_v2_b0", "mobilenet_v3_small", "convnext_tiny"])
def test_a_network_from_a_file_is_the_one_of_keras(key: str) -> None:
    """These preprocess themselves, and Keras reads the file with its own builder."""
    backbone, expected = publish(get_backbone(key))
    network = build_network(backbone, pretrained=True)
    assert network.name == BACKBONE_LAYER
    pictures = colourful_pictures(SMALL)
    answers, wanted = np.asarray(network(pictures)), np.asarray(expected(pictures))
    assert np.abs(wanted).max() > 0
    np.testing.assert_allclose(answers, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())


def test_efficientnet_v2_s_is_not_taken_for_one_of_the_bs() -> None:
    """Keras chooses by the name: one that begins with "b", as "backbone" does, gets the colours of B0 to B3."""
    small = dataclasses.replace(get_backbone("efficientnet_v2_s"), input_size=SMALL)
    network = build_network(small, pretrained=False)
    rescaling = network.layers[1]
    assert (rescaling.scale, rescaling.offset) == (1 / 128, -1)
    assert not [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)]


def test_a_file_of_another_network_is_no_traceback() -> None:
    """MobileNetV2's file has no published checksum, so loading it is the proof."""
    backbone, _ = publish(get_backbone("mobilenet_v3_small"))
    other = dataclasses.replace(
        get_backbone("mobilenet_v2"),
        input_size=SMALL,
        weights_file=backbone.weights_file,
        download_bytes=backbone.download_bytes,
    )
    with pytest.raises(WeightsError, match=r"mobilenet_v3_small.* does not fit MobileNetV2"):
        build_network(other, pretrained=True)
    weights_path(other).write_bytes(b"no weights at all")
    assert not weights_fit(other, weights_path(other))


def test_a_transformer_knows_where_its_patches_are() -> None:
    """Without positions, shuffled patches would give the same features, shuffled."""
    network = build_network(get_backbone("vit"), pretrained=False)
    size = network.input_shape[1]
    picture = np.random.default_rng(0).uniform(-1, 1, (1, size, size, 3)).astype(np.float32)
    turned = np.concatenate([picture[:, size // 2 :], picture[:, : size // 2]], axis=1)
    plain, moved = np.asarray(network(picture)), np.asarray(network(turned))
    side = plain.shape[1]
    restored = np.concatenate([moved[:, side // 2 :], moved[:, : side // 2]], axis=1)
    assert np.abs(restored - plain).max() > 1e-3
    positions = network.get_layer("positions")
    positions.set_weights([np.zeros_like(positions.get_weights()[0])])
    plain, moved = np.asarray(network(picture)), np.asarray(network(turned))
    restored = np.concatenate([moved[:, side // 2 :], moved[:, : side // 2]], axis=1)
    np.testing.assert_allclose(restored, plain, atol=1e-4)


def test_a_transformer_learns_in_every_layer() -> None:
    network = build_network(get_backbone("vit"), pretrained=False)
    outputs = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(network.output))
    model = keras.Model(network.input, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, run_eagerly=True)  # a graph of 20,000 nodes for one step
    # A bias of the keys adds the same to all of a query's scores, which softmax undoes.
    learning = [weight for weight in network.trainable_weights if not weight.path.endswith("key/bias")]
    before = [np.array(weight) for weight in learning]
    pictures = np.random.default_rng(0).uniform(-1, 1, (4, *network.input_shape[1:])).astype(np.float32)
    model.fit(pictures, np.array([0, 1, 0, 1]), verbose=0)
    still = [w.path for w, old in zip(learning, before, strict=True) if (np.array(w) == old).all()]
    assert still == []


def test_layers_of_convnext_load_in_safe_mode(tmp_path: Path) -> None:
    """They are Keras's own but stand outside ``keras.layers``; what runs deliver must load without trust."""
    network = build_network(
        dataclasses.replace(get_backbone("convnext_tiny"), input_size=SMALL), pretrained=False
    )
    network.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    pictures = colourful_pictures(SMALL)
    np.testing.assert_allclose(
        np.asarray(loaded(pictures)), np.asarray(network(pictures)), rtol=1e-5, atol=1e-7
    )
