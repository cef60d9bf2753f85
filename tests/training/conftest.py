"""A small random network as a converted engine, and a few pictures to run it on."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.importing import import_dataset
from tests.support.pictures import class_folders, write_folder


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network with random weights: features of 96 x 96 pictures in a millisecond."""
    import keras

    from core.models.architectures.classifier import build_feature_extractor
    from core.models.backbones import get_backbone
    from core.models.litert.conversion import convert_to_tflite

    keras.utils.set_random_seed(1)
    path = tmp_path_factory.mktemp("engine") / "random.tflite"
    path.write_bytes(convert_to_tflite(build_feature_extractor(get_backbone("small_cnn"), pretrained=False)))
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Thirteen digits in two classes, nothing cached."""
    source = write_folder(tmp_path / "source", class_folders({"a": 7, "b": 6}))
    return open_dataset(import_dataset(source, "thirteen").project)
