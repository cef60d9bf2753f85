"""Table of the runtimes of foreign models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.evaluation.foreign.facts import Interface, Runtime, TensorFacts
from core.evaluation.foreign.sandbox import runtimes
from core.evaluation.foreign.sandbox.opened_model import OpenedModel
from core.evaluation.foreign.sandbox.runtimes import open_model

TENSOR = TensorFacts(name="x", shape=(1, 2), dtype="float32")


def test_every_runtime_has_an_opener() -> None:
    assert runtimes._OPENERS.keys() == set(Runtime)


def test_a_new_runtime_opens_a_model_by_its_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It doubles what it is asked."""

    def doubling(path: Path, threads: int) -> OpenedModel:
        interface = Interface(inputs=(TENSOR,), outputs=(TENSOR,))
        return OpenedModel(interface=interface, answer=lambda batch: [2 * batch])

    monkeypatch.setitem(runtimes._OPENERS, Runtime.ONNX, doubling)
    opened = open_model(Runtime.ONNX, Path("any"), threads=1)
    assert opened.answer(np.ones((1, 2)))[0].tolist() == [[2.0, 2.0]]
