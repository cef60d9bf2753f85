"""Networks for tests: every backbone with lively random weights, built and converted once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

PICTURES = 2  # enough to tell pictures apart; VGG16 needs 0.2 s for each


def noise(size: int, count: int = PICTURES) -> np.ndarray:
    """Coloured noise, uint8 (count, size, size, 3), the same at every call."""
    return np.random.default_rng(7).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def enliven(extractor: Any) -> None:
    """Set BatchNorm statistics to those of noise.

    With Keras's initial statistics the signal dies in deep networks (EfficientNetB0
    gives 1e-10), and comparing two zeros proves nothing.
    """
    import keras

    network = extractor.get_layer("backbone")
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    extractor.trainable = True
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    extractor(noise(extractor.input_shape[1], 4), training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    extractor.trainable = False


@pytest.fixture(scope="session", name="enliven")
def enliven_fixture() -> Callable[[Any], None]:
    return enliven


@pytest.fixture(scope="session")
def lively_extractor() -> Callable[[str], Any]:
    """The random feature extractor of a backbone, by its key. Leave it as it is."""
    import keras

    from core.models.architectures.classifier import build_feature_extractor
    from core.models.backbones import get_backbone

    @cache
    def build(key: str) -> Any:
        keras.utils.set_random_seed(1)
        extractor = build_feature_extractor(get_backbone(key), pretrained=False)
        enliven(extractor)
        return extractor

    return build


@pytest.fixture(scope="session")
def lively_engine(
    lively_extractor: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The same extractor as a LiteRT file."""
    from core.models.litert.conversion import convert_to_tflite

    folder = tmp_path_factory.mktemp("engines")

    @cache
    def convert(key: str) -> Path:
        path = folder / f"{key}.tflite"
        path.write_bytes(convert_to_tflite(lively_extractor(key)))
        return path

    return convert


def photograph(name: str, size: int = 224) -> np.ndarray:
    """A real picture that a test package ships, uint8 RGB (size, size, 3)."""
    import skimage.data
    from sklearn.datasets import load_sample_image

    from_sklearn = name in ("china", "flower")
    pixels = load_sample_image(f"{name}.jpg") if from_sklearn else getattr(skimage.data, name)()
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC))


@pytest.fixture(scope="session")
def photographs() -> Callable[..., np.ndarray]:
    return photograph


@pytest.fixture(scope="session")
def random_pictures() -> Callable[..., np.ndarray]:
    return noise
