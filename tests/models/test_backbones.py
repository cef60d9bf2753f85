"""The facts of the registry are true for each backbone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, WeightsSource, at_size, get_backbone
from core.models.head import GRID_CELLS
from core.models.keras_backbones import KERAS_BACKBONES, WITH_TOP
from tests.support.backbone_sample import SAMPLE


def test_the_default_needs_no_download() -> None:
    """The first training must work without a network."""
    assert get_backbone(DEFAULT_BACKBONE).weights is WeightsSource.BUNDLED
    assert next(iter(BACKBONES)) == DEFAULT_BACKBONE


def test_an_unknown_backbone_is_answered_with_the_nearest() -> None:
    """A line with all of them would hide the one that was meant."""
    with pytest.raises(ConfigError, match=r"“resnet99”\. Choose one of: resnet") as caught:
        get_backbone("resnet99")
    assert "efficientnet" not in str(caught.value)


def test_a_name_like_no_other_is_answered_with_the_first() -> None:
    with pytest.raises(ConfigError, match=r"Choose one of: efficientnet_lite0, efficientnet_lite1"):
        get_backbone("000")


@pytest.mark.parametrize("key", SAMPLE)
def test_sizes_equal_those_of_the_built_network(key: str, lively_extractor: Callable[[str], Any]) -> None:
    """The pages show these numbers without building anything."""
    backbone, extractor = get_backbone(key), lively_extractor(key)
    assert extractor.count_params() == backbone.parameters
    assert extractor.input_shape == (None, backbone.input_size, backbone.input_size, 3)
    assert extractor.output_shape == (None, GRID_CELLS * backbone.feature_size)


@pytest.mark.parametrize("key", [*SAMPLE, "vgg16"])
def test_the_smallest_size_is_the_smallest_with_two_rows_of_the_map(key: str) -> None:
    """One step below, the feature map has a single row, or Keras builds no network at all."""
    from core.models.architectures.networks import build_network

    backbone = get_backbone(key)
    smallest = build_network(at_size(backbone, backbone.smallest_size), pretrained=False)
    assert smallest.output_shape == (None, 2, 2, backbone.feature_size)
    below = replace(backbone, input_size=backbone.smallest_size - backbone.size_step)
    assert build_network(below, pretrained=False).output_shape[1] < 2


def test_the_steps_of_the_vit_are_its_patches() -> None:
    from core.models.architectures.vit import PATCH_SIZE

    assert get_backbone("vit").size_step == PATCH_SIZE


def keras_checksums() -> dict[str, tuple[str, str]]:
    """With and without top, by the name that Keras gives in the file's name."""
    from keras.src.applications import convnext, efficientnet, efficientnet_v2, mobilenet_v3, resnet

    return {
        **{f"efficientnet{key}": sums for key, sums in efficientnet.WEIGHTS_HASHES.items()},
        **{f"efficientnetv2-{key.strip('-')}": sums for key, sums in efficientnet_v2.WEIGHTS_HASHES.items()},
        **{f"weights_mobilenet_v3_{key}": sums for key, sums in mobilenet_v3.WEIGHTS_HASHES.items()},
        **resnet.WEIGHTS_HASHES,
        **convnext.WEIGHTS_HASHES,
    }


def test_checksums_are_those_of_keras() -> None:
    """A file with another sum than Keras's own would be another network."""
    published, compared = keras_checksums(), 0
    for backbone in KERAS_BACKBONES:
        stem = re.split(r"_notop|_no_top|_weights_tf", backbone.weights_file)[0]
        if stem in published:
            with_top, without = published[stem]
            assert backbone.weights_hash.partition(":")[2] == without
            assert WITH_TOP[with_top] == backbone.key
            compared += 1
    assert compared == 8 + 7 + 2 + 6 + 4


def test_other_checksums_stand_in_the_source_of_keras() -> None:
    """Without a table, Keras names address and checksum in the code that fetches the file."""
    import keras.src.applications as applications

    folder = Path(applications.__file__).parent
    for module, keys in {
        "vgg16": ["vgg16"],
        "vgg19": ["vgg19"],
        "xception": ["xception"],
        "inception_v3": ["inception_v3"],
        "inception_resnet_v2": ["inception_resnet_v2"],
        "nasnet": ["nasnet_mobile"],
        "densenet": ["densenet121", "densenet169", "densenet201"],
    }.items():
        code = (folder / f"{module}.py").read_text(encoding="utf-8")
        for key in keys:
            assert get_backbone(key).weights_hash.removeprefix("md5:") in code
            assert next(checksum for checksum, owner in WITH_TOP.items() if owner == key) in code


def test_only_mobilenet_v2_has_no_checksum() -> None:
    assert [backbone.key for backbone in KERAS_BACKBONES if not backbone.weights_hash] == ["mobilenet_v2"]


@pytest.mark.parametrize("backbone", KERAS_BACKBONES, ids=lambda backbone: backbone.key)
def test_a_download_is_named_by_its_address_and_built_by_keras(backbone: Any) -> None:
    import keras

    assert backbone.weights_url.startswith("https://storage.googleapis.com/")
    assert backbone.weights_url.endswith("/" + backbone.weights_file)
    # An .h5 file is its float32 numbers and a little more; the more, the more and smaller its layers are.
    assert backbone.parameters * 4 < backbone.download_bytes < backbone.parameters * 4.7
    assert hasattr(keras.applications, backbone.builder)


def test_families_stand_together() -> None:
    """Pages show one heading a family, in this order."""
    families = [family for family, _ in itertools.groupby(backbone.family for backbone in BACKBONES.values())]
    assert len(families) == len(set(families))
