"""Networks with published weights: their files are recognised, and their features computed by the usual parts."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from core.errors import WeightsError
from core.models.published.table import PUBLISHED_BACKBONES, PUBLISHED_NETWORKS
from core.models.supplied_weights import import_weights_file
from core.models.weights.safetensors_file import holds
from core.models.weights.store import (
    WeightsState,
    obtain_weights,
    present_weights,
    supplied_path,
    weights_state,
)
from tests.support.published_networks import KINDS, REFERENCE, narrow, use_narrow

KEY = "dinov2_vits14"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file as a browser saves it: all are called alike."""
    return Path(shutil.copy(REFERENCE / f"{KEY}.safetensors", tmp_path / "model.safetensors"))


def test_each_has_a_row_and_sizes() -> None:
    assert [backbone.key for backbone in PUBLISHED_BACKBONES] == [
        backbone.builder for backbone in PUBLISHED_BACKBONES
    ]
    assert {backbone.key for backbone in PUBLISHED_BACKBONES} == set(PUBLISHED_NETWORKS)
    for backbone in PUBLISHED_BACKBONES:
        assert backbone.input_size % backbone.size_step == 0
        assert backbone.weights_url.startswith("https://huggingface.co/timm/")


@pytest.mark.parametrize("key", KINDS)
def test_the_published_file_has_the_tensors_of_the_table(key: str) -> None:
    file = REFERENCE / f"{key}.safetensors"
    assert holds(file, narrow(key).tensors())
    assert not any(holds(file, narrow(other).tensors()) for other in KINDS if other != key)


def test_a_file_is_recognised_by_its_tensors(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    backbone = use_narrow(monkeypatch, KEY)
    assert weights_state(backbone) is not WeightsState.DOWNLOADED
    assert import_weights_file(file) == backbone
    assert weights_state(backbone) is WeightsState.DOWNLOADED
    assert present_weights(backbone).read_bytes() == file.read_bytes()
    assert obtain_weights(backbone) == present_weights(backbone)


def test_the_same_file_may_be_brought_again(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    backbone = use_narrow(monkeypatch, KEY)
    import_weights_file(file)
    assert import_weights_file(file) == backbone


def test_other_numbers_do_not_replace_those_in_use(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Cached features and the networks of runs would be those of the first file."""
    backbone = use_narrow(monkeypatch, KEY)
    import_weights_file(file)
    tensors = load_file(file)
    tensors["norm.bias"] += 1
    save_file(tensors, file)
    before = supplied_path(backbone).read_bytes()
    with pytest.raises(WeightsError, match="Other weights of DINOv2 ViT-S/14 are here already"):
        import_weights_file(file)
    assert supplied_path(backbone).read_bytes() == before


def test_a_file_of_another_network_is_refused(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """The published networks are wider."""
    with pytest.raises(WeightsError, match=r"model\.safetensors holds another network than those"):
        import_weights_file(file)
    assert not list(supplied_path(PUBLISHED_BACKBONES[0]).parent.glob("*.safetensors"))


def test_a_broken_file_is_refused_under_its_own_name(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"model\.safetensors is not a readable weight file"):
        import_weights_file(file)


def test_a_damaged_file_in_place_is_not_used(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    backbone = use_narrow(monkeypatch, KEY)
    import_weights_file(file)
    supplied_path(backbone).write_bytes(file.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="is not the file that DINOv2 ViT-S/14 needs"):
        present_weights(backbone)


@pytest.mark.parametrize("key", ["dinov2_vits14_reg", "siglip_b16", "convnext_v2_tiny", "mobileclip2_s0"])
def test_features_of_the_engine_are_those_of_the_network(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """From pictures, through the preprocessing and the pooling, in LiteRT as in Keras."""
    from ai_edge_litert.interpreter import Interpreter

    from core.models.architectures.classifier import build_feature_extractor
    from core.models.litert.conversion import convert_to_tflite

    backbone = use_narrow(monkeypatch, key)
    import_weights_file(REFERENCE / f"{key}.safetensors")
    extractor = build_feature_extractor(backbone)
    shape = (3, backbone.input_size, backbone.input_size, 3)
    pictures = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    expected = np.asarray(extractor(pictures))
    interpreter = Interpreter(model_content=convert_to_tflite(extractor))
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(taken["index"], shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(taken["index"], pictures)
    interpreter.invoke()
    features = interpreter.get_tensor(given["index"])
    assert features.shape == (3, 4 * backbone.feature_size)
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
