"""A run on another backend is delivered like any other: TensorFlow converts, in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import keras
import pytest

from core.delivery.exporter import TOLERANCE
from core.delivery.files import is_delivered, keras_file, tflite_file
from core.files import read_json
from core.models.architectures.classifier import build_feature_extractor
from core.models.backbones import get_backbone
from core.models.litert.conversion import convert_to_tflite
from core.workspace import Project
from tests.support.command_line import run_command


def test_a_worker_on_the_chosen_backend_trains_and_delivers(
    few_digits: Project, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way through real processes; parity is measured against the evaluation."""
    backend = os.environ["KERAS_BACKEND"]
    monkeypatch.setenv("DARKROOM_BACKEND", backend)
    options = ("--recipe", "scratch", "--backbone", "small_cnn", "--epochs", "2", "--batch-size", "8")
    answer = run_command(workspace, "train", "--project", "few", *options)
    run = few_digits.runs / str(answer["run"])
    environment = read_json(run / "environment.json")
    assert environment["backend"] == backend
    assert environment[backend]
    assert is_delivered(run)
    assert keras_file(run).exists()
    assert tflite_file(run).exists()
    parity = read_json(run / "result.json")["parity"]
    assert {part["max_difference"] < TOLERANCE for part in parity.values()} == {True}


def test_a_conversion_that_breaks_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def save(model: Any, path: Path) -> None:
        Path(path).write_bytes(b"no network")

    monkeypatch.setattr(keras.Model, "save", save)
    extractor = build_feature_extractor(get_backbone("small_cnn"), pretrained=False)
    with pytest.raises(RuntimeError, match=r"small_cnn could not be converted for LiteRT \(exit code 1\)"):
        convert_to_tflite(extractor)
