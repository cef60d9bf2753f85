"""Networks with published weights, of full size, give the features of the reference implementations.

timm and transformers compute them with the same random weights; ``make test-exports KERAS=all``
installs both.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest

from core.models.architectures.published import build_published
from core.models.published.convnext import CONVNEXTS
from core.models.published.table import PUBLISHED_NETWORKS
from core.models.published.transformers import TRANSFORMERS
from core.models.weights.safetensors_file import read_tensors, tensor_shapes
from tests.exports.keras_environments import ALL

TORCH = next(environment for environment in ALL if environment.backend == "torch")
TIMM, TRANSFORMERS_SCRIPT = (
    Path(__file__).with_name(name) for name in ("timm_reference.py", "transformers_reference.py")
)
# transformers has no DeiT-III, and takes MobileCLIP's tower from timm.
NOT_IN_TRANSFORMERS = {"deit3_s16", "mobileclip2_s0"}
pytestmark = pytest.mark.skipif(not TORCH.python.exists(), reason="make test-exports KERAS=all installs timm")


@pytest.mark.parametrize("key", PUBLISHED_NETWORKS)
def test_the_features_are_those_of_the_references(key: str, tmp_path: Path) -> None:
    run_in_torch(TIMM, tmp_path, key)
    answers = {"timm": np.load(tmp_path / f"{key}.npz")}
    if key not in NOT_IN_TRANSFORMERS:
        run_in_torch(TRANSFORMERS_SCRIPT, tmp_path, key)
        answers["transformers"] = np.load(tmp_path / f"{key}-transformers.npz")
    patch_tokens, picture_token = features_of(key, tmp_path, answers["timm"]["pictures"].astype(np.float32))
    for reference, given in answers.items():
        for own, expected in ((patch_tokens, given["patch_tokens"]), (picture_token, given["picture_token"])):
            atol = 1e-4 * np.abs(expected).max()
            np.testing.assert_allclose(own.reshape(expected.shape), expected, 0, atol, err_msg=reference)


def run_in_torch(script: Path, folder: Path, key: str) -> None:
    subprocess.run([TORCH.python, script, folder, key], check=True, capture_output=True)


def features_of(key: str, folder: Path, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Map of the last block, and the input of the published head."""
    published, file = PUBLISHED_NETWORKS[key], folder / f"{key}.safetensors"
    assert tensor_shapes(file) == published.tensors()
    tensors = read_tensors(file, published.tensors())
    network = build_published(published, tensors, size=pictures.shape[1], name="backbone")
    feature_map = np.asarray(network(pictures))
    if key in TRANSFORMERS:
        width = TRANSFORMERS[key].width
        return feature_map[..., :width], feature_map[:, 0, 0, width:]
    picture_token = feature_map.mean((1, 2))
    if key in CONVNEXTS:
        feature_map = np.asarray(keras.Model(network.input, last_block(network))(pictures))
    return feature_map, picture_token


def last_block(network: keras.Model) -> keras.KerasTensor:
    """Output before the normalisation, which ConvNeXt's references apply to the mean alone."""
    return [layer.output for layer in network.layers if layer.name.endswith("_add")][-1]
