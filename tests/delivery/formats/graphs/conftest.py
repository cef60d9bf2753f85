from __future__ import annotations

import pytest

from core.delivery.files import tflite_file
from core.models.litert.conversion import convert_to_tflite
from tests.support.tiny_classifier import TinyModel


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    """Formats are made once in a session, beside its LiteRT file."""
    model = TinyModel(tmp_path_factory.mktemp("tiny"))
    tflite_file(model.run).write_bytes(convert_to_tflite(model.scored_model))
    return model
