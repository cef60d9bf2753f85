"""Preparation ahead of a training: the chosen backbone is converted, once and without a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.training.ahead import prepare
from core.training.config import TrainingConfig


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the backbones that are converted."""
    keys: list[str] = []
    monkeypatch.setattr(
        "core.training.ahead.feature_engine", lambda backbone, pooling: keys.append(backbone.key)
    )
    monkeypatch.setattr("core.training.ahead.cached_engine", lambda backbone, pooling: None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    return keys


def settings(backbone: str) -> dict:
    return TrainingConfig(dataset_version=1, backbone=backbone).to_json()


def test_the_backbone_of_the_training_is_converted(converted: list[str]) -> None:
    prepare(settings("efficientnet_lite0"))
    assert converted == ["efficientnet_lite0"]


def test_what_was_converted_before_is_left_alone(
    converted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.ahead.cached_engine", lambda backbone, pooling: Path("engine.tflite"))
    prepare(settings("efficientnet_lite0"))
    assert converted == []


def test_weights_that_are_downloaded_are_not_converted_ahead(converted: list[str]) -> None:
    """The network may be large, and the user may look at several."""
    prepare(settings("resnet50"))
    assert converted == []


def test_no_gpu_is_taken_for_a_conversion(converted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another job may hold it."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    prepare(settings("efficientnet_lite0"))
    assert converted == []
