"""Display names of a run's settings."""

from __future__ import annotations

import pytest

from core.runs.setting_names import AUGMENTATION_LABELS, SETTING_NAMES, flat
from core.training.config import TrainingConfig
from pages.ui.display_names.training import setting_name, setting_value


def test_every_setting_has_a_display_name() -> None:
    paths = flat(TrainingConfig(dataset_version=1).to_json())
    unnamed = [
        path
        for path in paths
        if path not in SETTING_NAMES and path.rpartition(".")[2] not in AUGMENTATION_LABELS
    ]
    assert len(paths) > 30
    assert unnamed == []


@pytest.mark.parametrize(
    ("path", "value", "name", "text"),
    [
        ("augmentation.flip", "none", "Augmentation: Flip", "off"),
        ("augmentation.flip", "horizontal", "Augmentation: Flip", "left to right"),
        ("augmentation.rotation", 0.03, "Augmentation: Rotation", "0.03"),
        ("leading_metric.costs", [[0, 1], [5, 0]], "Costs of mistakes", "[0, 1] · [5, 0]"),
        (
            "backbones",
            ["mobilenet_v2", "efficientnet_lite0"],
            "Backbones",
            "MobileNetV2 · EfficientNet-Lite0",
        ),
        ("head.hidden_units", [256, 64], "Hidden layers", "256 · 64"),
        ("picture_size", 0, "Size of the pictures (pixels)", "the backbone's own"),
    ],
)
def test_a_setting_and_its_value_are_formatted(path: str, value: object, name: str, text: str) -> None:
    assert setting_name(path) == name
    assert setting_value(path, value) == text
