"""A backbone's speed is foretold from what was measured here."""

from __future__ import annotations

import pytest

from core.models.backbones import BACKBONES, get_backbone
from core.models.costs import pictures_per_second


def test_a_measured_speed_is_taken_as_it_is() -> None:
    assert pictures_per_second(get_backbone("vgg16"), {"vgg16": 5.4, "resnet50": 17.0}) == 5.4


def test_a_speed_that_was_not_measured_follows_from_one_that_was() -> None:
    """ResNet50 does 3.9 billion at 31 a second; VGG16, with 15.5 billion, is 3.97 times the work."""
    assert pictures_per_second(get_backbone("vgg16"), {"resnet50": 31.0}) == pytest.approx(31 * 3.9 / 15.5)


def test_the_speed_of_a_network_from_scratch_predicts_no_other() -> None:
    """It is so small that its time is not spent on multiplying."""
    assert pictures_per_second(get_backbone("resnet50"), {"small_cnn": 900.0}) == pytest.approx(60 / 3.9)


def test_a_machine_without_measurements_gets_an_ordinary_guess() -> None:
    """Measured in LiteRT on two cores: 17 pictures a second."""
    assert pictures_per_second(get_backbone("resnet50"), {}) == pytest.approx(17, rel=0.2)


def test_the_work_of_every_backbone_is_known_in_billions() -> None:
    """A multiply-add and more for each parameter, but for the smallest rounded ones; below 100 billion."""
    for backbone in BACKBONES.values():
        assert backbone.parameters / 1e9 < backbone.billion_multiply_adds < 100, backbone.key
