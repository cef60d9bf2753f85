"""Pretrained transformers of full size give the features of timm's with the same random weights.

``make test-exports KERAS=all`` installs torch and timm.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from core.models.architectures.vit import build_transformer
from core.models.transformers import TRANSFORMERS
from core.models.weights.safetensors_file import read_tensors, tensor_shapes
from tests.exports.keras_environments import ALL

TORCH = next(environment for environment in ALL if environment.backend == "torch")
SCRIPT = Path(__file__).with_name("timm_reference.py")
pytestmark = pytest.mark.skipif(not TORCH.python.exists(), reason="make test-exports KERAS=all installs timm")


@pytest.mark.parametrize("key", TRANSFORMERS)
def test_the_features_are_those_of_timm(key: str, tmp_path: Path) -> None:
    subprocess.run([TORCH.python, SCRIPT, tmp_path, key], check=True, capture_output=True)
    transformer = TRANSFORMERS[key]
    file = tmp_path / f"{key}.safetensors"
    assert tensor_shapes(file) == transformer.tensors()
    answers = np.load(tmp_path / f"{key}.npz")
    network = build_transformer(
        transformer, read_tensors(file, transformer.tensors()), size=answers["pictures"].shape[1], name="backbone"
    )  # fmt: skip
    feature_map = np.asarray(network(answers["pictures"].astype(np.float32)))
    patch_tokens = feature_map[..., : transformer.width].reshape(answers["patch_tokens"].shape)
    for own, expected in (
        (patch_tokens, answers["patch_tokens"]),
        (feature_map[:, 0, 0, transformer.width :], answers["picture_token"]),
    ):
        np.testing.assert_allclose(own, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
