"""Pretrained transformers answer as timm's networks do with the same weights.

The reference files hold networks of the same kinds, but narrow and of two blocks.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from core.models.architectures.vit import build_transformer
from core.models.published.transformers import TRANSFORMERS
from core.models.weights.safetensors_file import read_tensors
from tests.support.published_networks import KINDS as ALL_KINDS
from tests.support.published_networks import REFERENCE, narrow_transformer

KINDS = [key for key in ALL_KINDS if key in TRANSFORMERS]


def build_with_reference(key: str) -> tuple[keras.Model, dict[str, np.ndarray]]:
    answers = dict(np.load(REFERENCE / f"{key}.npz"))
    transformer = narrow_transformer(key)
    tensors = read_tensors(REFERENCE / f"{key}.safetensors", transformer.tensors())
    size = answers["pictures"].shape[1]
    return build_transformer(transformer, tensors, size=size, name="backbone"), answers


@pytest.mark.parametrize("key", KINDS)
def test_the_feature_map_is_that_of_timm(key: str) -> None:
    """Positions are interpolated: the pictures have four patches a side, and five were learnt."""
    network, answers = build_with_reference(key)
    feature_map = np.asarray(network(answers["pictures"].astype(np.float32)))
    width = narrow_transformer(key).width
    assert feature_map.shape == (2, 4, 4, 2 * width)
    patch_tokens = feature_map[..., :width].reshape(2, 16, width)
    np.testing.assert_allclose(patch_tokens, answers["patch_tokens"], rtol=0, atol=2e-5)
    picture_tokens = np.broadcast_to(answers["picture_token"][:, None, None], (2, 4, 4, width))
    np.testing.assert_allclose(feature_map[..., width:], picture_tokens, rtol=0, atol=2e-5)


@pytest.mark.parametrize("key", TRANSFORMERS)
def test_parameters_are_counted_without_building(key: str) -> None:
    transformer = replace(narrow_transformer(key), grid=TRANSFORMERS[key].grid)
    size = 6 * transformer.patch_size
    network = build_transformer(transformer, None, size=size, name="backbone")
    assert network.count_params() == transformer.parameters(size)


def test_multiply_adds_are_those_of_the_publications() -> None:
    """ViT-B/16 and DeiT-S: 17.6 and 4.6 billion for 224 pixels (Touvron et al. 2021, table 5)."""
    assert TRANSFORMERS["vit_b16_augreg"].multiply_adds(224) / 1e9 == pytest.approx(17.6, abs=0.05)
    assert TRANSFORMERS["deit3_s16"].multiply_adds(224) / 1e9 == pytest.approx(4.6, abs=0.05)


@pytest.mark.parametrize("key", ["dinov2_vits14_reg", "siglip_b16"])
def test_a_saved_network_loads_in_safe_mode(key: str, tmp_path: Path) -> None:
    network, answers = build_with_reference(key)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    pictures = answers["pictures"].astype(np.float32)
    np.testing.assert_array_equal(np.asarray(loaded(pictures)), np.asarray(network(pictures)))
