"""The network for TensorFlow Lite Micro answers as the int8 file that it is made from."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from core.delivery.certificate.verify import make_pictures
from core.delivery.export import make_file
from core.delivery.exporter import FinishedModel
from core.delivery.files import tflite_file
from core.delivery.formats.litert.int8_format import TFLITE_INT8
from core.delivery.formats.litert.network import Network
from core.delivery.starters.microcontroller.measuring import run_in_micro
from core.delivery.starters.microcontroller.network import for_micro, resolver_methods
from core.delivery.starters.microcontroller.starter import MICROCONTROLLER
from core.errors import DeliveryError
from core.models.litert.engine import Engine
from core.reporting.model_card import run_card
from tests.support.starters import unpack_starter

needs_quantiser = pytest.mark.skipif(
    find_spec("ai_edge_quantizer") is None, reason="ai-edge-quantizer is not installed"
)
needs_micro = pytest.mark.skipif(find_spec("tflite_micro") is None, reason="tflite-micro is not installed")


@pytest.fixture
def quantised_run(small_run: Path) -> Path:
    """A run with its int8 file."""
    make_file(FinishedModel(small_run), TFLITE_INT8, TFLITE_INT8.file(small_run), run_card)
    return small_run


@needs_quantiser
def test_it_answers_alike_without_what_micro_lacks(quantised_run: Path) -> None:
    content = TFLITE_INT8.file(quantised_run).read_bytes()
    micro = for_micro(content)
    codes = {Network(micro).code(operator) for operator in Network(micro).graph.operators}
    assert not codes & {schema.BuiltinOperator.CAST}
    assert "AddConv2D" in resolver_methods(micro)
    before, after = Engine(content), Engine(micro)
    for picture in make_pictures(before.input_size)[:, np.newaxis]:
        for expected, given in zip(before.run_all(picture), after.run_all(picture), strict=True):
            np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-5)


def test_an_operator_that_micro_lacks_is_named(small_run: Path) -> None:
    """A float network converts bytes to float."""
    with pytest.raises(
        DeliveryError, match=r"TensorFlow Lite Micro cannot compute .*CAST.*EfficientNet-Lite0"
    ):
        for_micro(tflite_file(small_run).read_bytes())


@needs_quantiser
@needs_micro
def test_micro_answers_as_litert_in_the_memory_that_is_stated(quantised_run: Path) -> None:
    content = for_micro(TFLITE_INT8.file(quantised_run).read_bytes())
    engine = Engine(content)
    pictures = make_pictures(engine.input_size)[:3]
    measured = run_in_micro(content, pictures)
    expected = np.concatenate([engine.run(picture[np.newaxis]) for picture in pictures])
    np.testing.assert_allclose(measured.probabilities, expected, atol=0.05)
    # At least the picture, and less than the weights of a large network.
    assert pictures[0].nbytes < measured.arena_bytes < 100e6


@needs_quantiser
@needs_micro
def test_a_project_states_its_memory_and_verifies_itself(quantised_run: Path, tmp_path: Path) -> None:
    folder = unpack_starter(quantised_run, MICROCONTROLLER, tmp_path)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "$" not in readme
    assert "| ESP32-S3-EYE | 8 MB | 8 MB | yes |" in readme
    outcome = subprocess.run(
        [sys.executable, "verify.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (outcome.returncode, "answers: all right" in outcome.stdout) == (0, True), outcome.stdout
    assert "resolver.AddConv2D();" in (folder / "main" / "operators.h").read_text(encoding="utf-8")


@needs_micro
def test_a_network_that_micro_cannot_run_is_a_failure() -> None:
    with pytest.raises(RuntimeError, match="TensorFlow Lite Micro could not run the network"):
        run_in_micro(b"no network", make_pictures(16)[:1])
