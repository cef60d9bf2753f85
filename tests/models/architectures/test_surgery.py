"""A network is cut where everything flows through one tensor, and only what is after the cut is trained."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from core.models.architectures.published import build_published
from core.models.architectures.surgery import (
    cut_at,
    cuts_of,
    frozen_stem_of,
    make_trainable,
    trainable_blocks_of,
)
from core.models.architectures.vit import build_transformer
from core.models.backbones import get_backbone
from tests.support.published_networks import narrow, narrow_transformer


def branching() -> Any:
    """a → b → (c, and b again) → add → d: no cut between b and add."""
    import keras
    from keras import layers

    picture = keras.Input((8, 8, 3))
    a = layers.Conv2D(4, 3, padding="same", name="a")(picture)
    b = layers.BatchNormalization(name="b")(a)
    c = layers.Conv2D(4, 3, padding="same", name="c")(b)
    both = layers.Add(name="both")([b, c])
    d = layers.Conv2D(5, 1, name="d")(both)
    return keras.Model(picture, d)


def test_there_is_no_cut_beside_a_branch() -> None:
    found = [(cut.layer, cut.depth) for cut in cuts_of(branching())]
    assert found == [("a", 0.25), ("b", 0.5), ("both", 0.75), ("d", 1.0)]


@pytest.mark.parametrize(
    ("unfreeze", "layer"), [(0.25, "both"), (0.5, "b"), (0.77, "a"), (1.0, None), (0.1, None)]
)
def test_the_cut_leaves_about_what_was_asked_for(unfreeze: float, layer: str | None) -> None:
    """The whole network has no cut; nor has one where none is near."""
    cut = cut_at(branching(), unfreeze)
    assert (cut.layer if cut else None) == layer


def test_stem_and_trainable_blocks_together_are_the_network() -> None:
    network = branching()
    cut = cut_at(network, 0.5)
    assert cut is not None
    picture = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    backbone = get_backbone("small_cnn")  # its preprocessing divides by 255
    middle = frozen_stem_of(backbone, network, cut)(picture)
    assert middle.shape == (2, 8, 8, 4)
    np.testing.assert_allclose(
        np.asarray(trainable_blocks_of(network, cut)(middle)),
        np.asarray(network(picture.astype(np.float32) / 255)),
        atol=1e-5,
    )


def test_only_the_trainable_blocks_are_trained_and_no_batch_norm() -> None:
    network = branching()
    cut = cut_at(network, 0.77)
    make_trainable(network, trainable_blocks_of(network, cut), with_batch_norm=False)
    assert {weight.path for weight in network.trainable_weights} == {
        "c/kernel",
        "c/bias",
        "d/kernel",
        "d/bias",
    }
    make_trainable(network, trainable_blocks_of(network, None), with_batch_norm=True)
    assert len(network.trainable_weights) == 2 * 4  # kernel and bias of three, gamma and beta


def test_the_statistics_of_batch_norm_do_not_move() -> None:
    """``training=False`` alone does not hold them in ``fit`` (keras#20285)."""
    import keras

    network = branching()
    make_trainable(network, trainable_blocks_of(network, cut_at(network, 0.77)), with_batch_norm=False)
    norm, last = network.get_layer("b"), network.get_layer("d")
    before, kernel = norm.get_weights(), last.get_weights()[0]
    model = keras.Model(network.input, keras.layers.GlobalAveragePooling2D()(network.output))
    model.compile("sgd", "mse")
    pictures = np.random.default_rng(0).normal(5, 3, (16, 8, 8, 3)).astype(np.float32)
    model.fit(pictures, np.ones((16, 5)), epochs=2, verbose=0)
    for old, new in zip(before, norm.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert np.abs(last.get_weights()[0] - kernel).max() > 0


def test_the_bundled_backbone_is_cut_at_the_end_of_a_block() -> None:
    """Blocks end in narrow tensors: what is kept of every picture stays small."""
    from core.models.architectures.networks import build_network

    network = build_network(get_backbone("efficientnet_lite0"), pretrained=False)
    cut = cut_at(network, 0.3)
    assert cut is not None
    assert tuple(cut.tensor.shape[1:]) == (7, 7, 192)
    assert cut.numbers == 7 * 7 * 192
    assert cut.layer.startswith("block11_")


@pytest.mark.parametrize("key", ["convnext_v2_tiny", "mobileclip2_s0"])
def test_networks_that_look_at_the_whole_map_are_cut_between_blocks(key: str) -> None:
    """Global responses, squeezing and attention stand beside a branch, so no cut is inside of them."""
    size = 72
    network = build_published(narrow(key), None, size=size, name="backbone")
    cuts = {cut.layer for cut in cuts_of(network)}
    assert {"stage1_block0_add", "stage2_block0_add", "stage2_block1_add"} <= cuts
    assert not [cut for cut in cuts if cut.endswith(("_wide", "_narrow", "_mean", "_squeeze", "_tokens"))]
    cut = cut_at(network, 0.4)
    assert cut is not None
    preprocessed = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype(np.float32)
    before = keras.Model(network.input, cut.tensor)(preprocessed)
    after = trainable_blocks_of(network, cut)(before)
    np.testing.assert_allclose(np.asarray(after), np.asarray(network(preprocessed)), atol=1e-5)


def test_a_transformer_is_cut_between_its_blocks() -> None:
    """Everything flows through the tokens, so they can be cached like feature maps."""
    transformer = narrow_transformer("dinov2_vits14")
    network = build_transformer(transformer, None, size=4 * transformer.patch_size, name="backbone")
    cut = cut_at(network, 0.5)
    assert cut is not None
    assert cut.layer == "block1_mlp_add"
    assert cut.tensor.shape == (None, 1 + 16, transformer.width)
    preprocessed = np.random.default_rng(0).normal(size=(2, *network.input_shape[1:])).astype(np.float32)
    before = keras.Model(network.input, cut.tensor)(preprocessed)
    np.testing.assert_allclose(
        np.asarray(trainable_blocks_of(network, cut)(before)),
        np.asarray(network(preprocessed)),
        atol=1e-5,
    )
