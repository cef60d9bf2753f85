"""EfficientNet-Lite0 is the published network: it knows what is in real photographs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.models.backbones import get_backbone
from core.models.head import softmax
from core.models.lite import build_lite0
from core.models.torch_file import read_torch_file
from core.models.weights import weights_path

EGYPTIAN_CAT, ESPRESSO, PALACE, DAISY = 285, 967, 698, 985


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    backbone = get_backbone("efficientnet_lite0")
    return read_torch_file(weights_path(backbone), backbone.weights_hash.removeprefix("sha256:"))


@pytest.fixture(scope="module")
def network(tensors: dict[str, np.ndarray]) -> Any:
    return build_lite0(tensors, include_top=True)


def probabilities(network: Any, picture: np.ndarray) -> np.ndarray:
    return softmax(np.asarray(network((picture[np.newaxis].astype(np.float32) - 127) / 128)))[0]


@pytest.mark.parametrize(
    ("name", "label", "at_least"),
    [("chelsea", EGYPTIAN_CAT, 0.5), ("coffee", ESPRESSO, 0.8)],
)
def test_real_photographs_are_recognised(
    network: Any, photographs: Callable[[str], np.ndarray], name: str, label: int, at_least: float
) -> None:
    """A weight in the wrong layer, or a wrong preprocessing, would not survive this."""
    found = probabilities(network, photographs(name))
    assert found.argmax() == label
    assert found[label] > at_least


@pytest.mark.parametrize(("name", "label"), [("china", PALACE), ("flower", DAISY)])
def test_harder_photographs_are_among_the_five_best(
    network: Any, photographs: Callable[[str], np.ndarray], name: str, label: int
) -> None:
    assert label in np.argsort(-probabilities(network, photographs(name)))[:5]


def test_a_tensor_that_nothing_takes_is_a_bug(tensors: dict[str, np.ndarray]) -> None:
    with pytest.raises(AssertionError, match="surplus"):
        build_lite0(tensors | {"surplus.weight": np.zeros(1)})


def test_a_missing_tensor_is_a_bug(tensors: dict[str, np.ndarray]) -> None:
    with pytest.raises(KeyError, match="_conv_head"):
        build_lite0({name: tensor for name, tensor in tensors.items() if name != "_conv_head.weight"})


def test_layer_names_suit_every_export_format(network: Any) -> None:
    """LiteRT and torch refuse names that begin with an underscore or hold a dot."""
    assert not [layer.name for layer in network.layers if layer.name.startswith("_") or "." in layer.name]
