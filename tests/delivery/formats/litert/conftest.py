"""Files of the small network, as the converter makes them and as a run delivers them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.delivery.files import tflite_file
from core.delivery.formats.litert.network import Network
from core.delivery.prediction import Classifier
from core.workspace import project_of


@pytest.fixture
def content(small_run: Path) -> bytes:
    """The run's LiteRT file, with any batch size."""
    return tflite_file(small_run).read_bytes()


@pytest.fixture
def unsigned(content: bytes) -> bytes:
    """The same as an older run has it: without signature and metadata."""
    network = Network(content)
    network.model.signatureDefs = None
    network.model.metadata = [entry for entry in network.model.metadata if entry.name != b"TFLITE_METADATA"]
    return network.to_bytes()


@pytest.fixture
def pictures(small_run: Path) -> np.ndarray:
    """Twelve pictures of the run's dataset, uint8 (12, S, S, 3)."""
    dataset, classifier = open_dataset(project_of(small_run)), Classifier(small_run)
    return np.stack([classifier.prepare(dataset.picture_bytes(row)) for row in range(0, 60, 5)])
