"""ConvNeXt V2 answers as timm's network does with the same weights; the reference's is narrow."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from core.models.architectures.convnext import build_convnext
from core.models.published.convnext import CONVNEXTS, ConvNeXt
from core.models.weights.safetensors_file import read_tensors
from tests.support.published_networks import REFERENCE, narrow

KEY = "convnext_v2_tiny"


@pytest.fixture(scope="module")
def answers() -> dict[str, np.ndarray]:
    return dict(np.load(REFERENCE / f"{KEY}.npz"))


@pytest.fixture(scope="module")
def network(answers: dict[str, np.ndarray]) -> keras.Model:
    convnext = narrow(KEY)
    assert isinstance(convnext, ConvNeXt)
    tensors = read_tensors(REFERENCE / f"{KEY}.safetensors", convnext.tensors())
    return build_convnext(convnext, tensors, size=72, name="backbone")


def test_the_last_block_gives_what_timm_does(network: keras.Model, answers: dict[str, np.ndarray]) -> None:
    """The sides are halved from 9 to 4: what does not fill a square is left out."""
    body = keras.Model(network.input, network.get_layer("stage3_block0_add").output)
    last = np.asarray(body(answers["pictures"].astype(np.float32)))
    assert last.shape == (1, 2, 2, 16)
    np.testing.assert_allclose(last.reshape(1, 4, 16), answers["patch_tokens"], rtol=0, atol=2e-6)


def test_the_mean_over_the_map_is_the_input_of_the_published_head(
    network: keras.Model, answers: dict[str, np.ndarray]
) -> None:
    """There the mean is normalised; here each cell is, by the same two numbers."""
    feature_map = np.asarray(network(answers["pictures"].astype(np.float32)))
    np.testing.assert_allclose(feature_map.mean((1, 2)), answers["picture_token"], rtol=0, atol=5e-6)


def test_facts_are_those_of_the_publication() -> None:
    """28.6 million with the head, and 4.47 billion for 224 pixels."""
    convnext = CONVNEXTS[KEY]
    assert convnext.parameters(224) / 1e6 == pytest.approx(28.6 - 0.769, abs=0.05)
    assert convnext.multiply_adds(224) / 1e9 == pytest.approx(4.47, abs=0.02)


def test_parameters_are_counted_without_building(network: keras.Model) -> None:
    assert network.count_params() == narrow(KEY).parameters(72)


def test_a_dead_channel_has_a_gradient(network: keras.Model) -> None:
    """A root has none at zero: one channel that is zero everywhere would spoil fine-tuning with NaN."""
    import tensorflow as tf

    layer = network.get_layer("stage3_block0_wide")
    before = layer.get_weights()
    layer.set_weights([before[0], np.where(np.arange(64) == 0, -1e3, before[1])])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(network(np.ones((1, 72, 72, 3), np.float32)) ** 2)
    gradients = tape.gradient(loss, network.trainable_variables)
    layer.set_weights(before)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_a_saved_network_loads_in_safe_mode(network: keras.Model, tmp_path: Path) -> None:
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    pictures = np.random.default_rng(0).normal(size=(1, 72, 72, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(loaded(pictures)), np.asarray(network(pictures)))
