"""The EfficientNet-Lites are the published networks: they know what is in real photographs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from core.models.architectures.efficientnet_lite import LITE_VARIANTS, build_lite, scaled_stages
from core.models.backbones import get_backbone
from core.models.head import softmax
from core.models.weights.store import weights_path
from core.models.weights.torch_file import read_torch_file

EGYPTIAN_CAT, ESPRESSO, PALACE, DAISY = 285, 967, 698, 985


EXPECTED_BLOCKS = {"lite0": 16, "lite1": 21, "lite2": 21}


def read_tensors(variant: str) -> dict[str, np.ndarray]:
    backbone = get_backbone(f"efficientnet_{variant}")
    return read_torch_file(weights_path(backbone), backbone.weights_hash.removeprefix("sha256:"))


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    return read_tensors("lite0")


@pytest.fixture(scope="module")
def network_of() -> Callable[[str], Any]:
    """The network of a variant with its ImageNet top; every tensor of its file found a layer."""

    @cache
    def build(variant: str) -> Any:
        return build_lite(LITE_VARIANTS[variant], read_tensors(variant), include_top=True)

    return build


def probabilities(network: Any, picture: np.ndarray) -> np.ndarray:
    return softmax(np.asarray(network((picture[np.newaxis].astype(np.float32) - 127) / 128)))[0]


@pytest.mark.parametrize("variant", LITE_VARIANTS)
@pytest.mark.parametrize(
    ("name", "label", "at_least"),
    [("chelsea", EGYPTIAN_CAT, 0.5), ("coffee", ESPRESSO, 0.6)],
)
def test_real_photographs_are_recognised(
    network_of: Callable[[str], Any],
    photographs: Callable[..., np.ndarray],
    variant: str,
    name: str,
    label: int,
    at_least: float,
) -> None:
    """A weight in the wrong layer, or a wrong preprocessing, would not survive this."""
    network = network_of(variant)
    found = probabilities(network, photographs(name, LITE_VARIANTS[variant].input_size))
    assert found.argmax() == label
    assert found[label] > at_least


@pytest.mark.parametrize(("name", "label"), [("china", PALACE), ("flower", DAISY)])
def test_harder_photographs_are_among_the_five_best(
    network_of: Callable[[str], Any], photographs: Callable[..., np.ndarray], name: str, label: int
) -> None:
    assert label in np.argsort(-probabilities(network_of("lite0"), photographs(name)))[:5]


@pytest.mark.parametrize("variant", LITE_VARIANTS)
def test_stages_grow_but_for_the_first_and_last(variant: str) -> None:
    """EfficientNet-Lite's rule; the published tensors would not fit any other."""
    stages = scaled_stages(LITE_VARIANTS[variant])
    assert (stages[0].blocks, stages[-1].blocks) == (1, 1)
    assert sum(stage.blocks for stage in stages) == EXPECTED_BLOCKS[variant]


def test_widths_are_rounded_to_eights() -> None:
    """1.1 times 16, 24, 40, 80, 112, 192, 320 is 17.6, 26.4, 44, 88, 123.2, 211.2, 352."""
    filters = [stage.filters for stage in scaled_stages(LITE_VARIANTS["lite2"])]
    assert filters == [16, 24, 48, 88, 120, 208, 352]


def test_a_tensor_that_nothing_takes_is_a_bug(tensors: dict[str, np.ndarray]) -> None:
    with pytest.raises(AssertionError, match="surplus"):
        build_lite(LITE_VARIANTS["lite0"], tensors | {"surplus.weight": np.zeros(1)})


def test_a_missing_tensor_is_a_bug(tensors: dict[str, np.ndarray]) -> None:
    lacking = {name: tensor for name, tensor in tensors.items() if name != "_conv_head.weight"}
    with pytest.raises(KeyError, match="_conv_head"):
        build_lite(LITE_VARIANTS["lite0"], lacking)


def test_layer_names_suit_every_export_format(network_of: Callable[[str], Any]) -> None:
    """LiteRT and torch refuse names that begin with an underscore or hold a dot."""
    names = [layer.name for layer in network_of("lite0").layers]
    assert not [name for name in names if name.startswith("_") or "." in name]
