"""What the registry says of each backbone is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import ConfigError
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, WeightsSource, get_backbone
from core.models.head import QUARTERS


def test_the_default_needs_no_download() -> None:
    """The first training must work without a network."""
    assert get_backbone(DEFAULT_BACKBONE).weights is WeightsSource.BUNDLED
    assert next(iter(BACKBONES)) == DEFAULT_BACKBONE


def test_an_unknown_backbone_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"“resnet99”.*efficientnet_lite0, efficientnet_b0, resnet50"):
        get_backbone("resnet99")


@pytest.mark.parametrize("key", BACKBONES)
def test_sizes_equal_those_of_the_built_network(key: str, lively_extractor: Callable[[str], Any]) -> None:
    """The pages show these numbers without building anything."""
    backbone, extractor = get_backbone(key), lively_extractor(key)
    assert extractor.count_params() == backbone.parameters
    assert extractor.input_shape == (None, backbone.input_size, backbone.input_size, 3)
    assert extractor.output_shape == (None, QUARTERS * backbone.feature_size)


def test_downloads_are_those_of_keras() -> None:
    """A file under another name or sum than Keras's own would be another network."""
    from keras.src.applications import efficientnet, inception_v3, resnet, vgg16

    assert get_backbone("vgg16").weights_url == vgg16.WEIGHTS_PATH_NO_TOP
    assert get_backbone("inception_v3").weights_url == inception_v3.WEIGHTS_PATH_NO_TOP
    assert get_backbone("resnet50").weights_url.startswith(resnet.BASE_WEIGHTS_PATH)
    assert get_backbone("resnet50").weights_hash == f"md5:{resnet.WEIGHTS_HASHES['resnet50'][1]}"
    assert get_backbone("efficientnet_b0").weights_url.startswith(efficientnet.BASE_WEIGHTS_PATH)
    assert get_backbone("efficientnet_b0").weights_hash == f"md5:{efficientnet.WEIGHTS_HASHES['b0'][1]}"


@pytest.mark.parametrize("backbone", [b for b in BACKBONES.values() if b.weights is WeightsSource.DOWNLOAD])
def test_a_download_is_named_by_its_address(backbone: Any) -> None:
    assert backbone.weights_url.startswith("https://")
    assert backbone.weights_url.endswith("/" + backbone.weights_file)
    # An .h5 file is its float32 numbers and a little more.
    assert backbone.parameters * 4 < backbone.download_bytes < backbone.parameters * 4.2
