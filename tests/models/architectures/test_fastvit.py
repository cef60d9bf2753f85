"""MobileCLIP's image tower answers as timm's network does with the same weights; the reference's is narrow."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from core.models.architectures.fastvit import build_fastvit
from core.models.published.fastvit import FASTVITS, FastViT
from core.models.weights.safetensors_file import read_tensors
from tests.support.published_networks import REFERENCE, narrow

KEY = "mobileclip2_s0"


@pytest.fixture(scope="module")
def answers() -> dict[str, np.ndarray]:
    return dict(np.load(REFERENCE / f"{KEY}.npz"))


@pytest.fixture(scope="module")
def network() -> keras.Model:
    fastvit = narrow(KEY)
    assert isinstance(fastvit, FastViT)
    tensors = read_tensors(REFERENCE / f"{KEY}.safetensors", fastvit.tensors())
    return build_fastvit(fastvit, tensors, size=46, name="backbone")


def test_the_feature_map_is_that_of_timm(network: keras.Model, answers: dict[str, np.ndarray]) -> None:
    """Sides of 46, 23, 12, 6, 3 and 2: even and odd ones are padded as PyTorch pads them."""
    feature_map = np.asarray(network(answers["pictures"].astype(np.float32)))
    assert feature_map.shape == (1, 2, 2, 128)
    np.testing.assert_allclose(feature_map.reshape(1, 4, 128), answers["patch_tokens"], rtol=0, atol=5e-6)
    np.testing.assert_allclose(feature_map.mean((1, 2)), answers["picture_token"], rtol=0, atol=5e-6)


def test_nothing_of_the_training_is_left(network: keras.Model) -> None:
    """Branches and BatchNorm are folded, and a folded network has no statistics to freeze."""
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in network.layers)
    assert not network.non_trainable_variables


def test_facts_are_those_of_the_publication() -> None:
    """11.4 million, of which the projection has half a million, and the branches some more."""
    fastvit = FASTVITS[KEY]
    assert fastvit.parameters(256) == 10_823_744
    assert fastvit.multiply_adds(256) / 1e9 == pytest.approx(2.4, abs=0.05)


@pytest.mark.parametrize("side", [33, 46])
def test_parameters_are_counted_without_building(side: int) -> None:
    fastvit = narrow(KEY)
    assert isinstance(fastvit, FastViT)
    assert build_fastvit(fastvit, None, size=side, name="backbone").count_params() == fastvit.parameters(side)


def test_a_saved_network_loads_in_safe_mode(network: keras.Model, tmp_path: Path) -> None:
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    pictures = np.random.default_rng(0).normal(size=(1, 46, 46, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(loaded(pictures)), np.asarray(network(pictures)))
