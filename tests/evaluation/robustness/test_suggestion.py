"""Augmentation that a robustness test suggests."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.robustness.suggestion import suggested_strengths, with_strengths
from core.models.augmentation import AugmentationConfig
from tests.support.robustness import simulated_report

TARGETS = np.eye(2, dtype=bool)[np.arange(60) % 2]


def suggested(breaks: dict[str, int], current: AugmentationConfig) -> dict[str, float]:
    _answers, report = simulated_report(TARGETS, TARGETS, breaks, ("a", "b"))
    return suggested_strengths(report, current)


def test_what_breaks_is_trained_one_step_further() -> None:
    """Rotation breaks at 15°: augmentation has to turn by up to 20°."""
    assert suggested({"rotation": 2}, AugmentationConfig()) == {"rotation": pytest.approx(20 / 360)}
    assert suggested({"shift": 4}, AugmentationConfig()) == {"shift": 0.2}
    assert suggested({"occlusion": 1}, AugmentationConfig()) == {"erasing": 0.5}


def test_kinds_with_one_remedy_take_the_stronger() -> None:
    assert suggested({"blur": 0, "jpeg": 3}, AugmentationConfig()) == {"blur": 0.01}
    assert suggested({"blur": 3, "jpeg": 3}, AugmentationConfig()) == {"blur": 0.027}


def test_only_the_three_weakest_are_trained_at_once() -> None:
    breaks = {"rotation": 0, "shift": 1, "crop": 2, "contrast": 3, "blur": 4}
    assert suggested(breaks, AugmentationConfig()).keys() == {"rotation", "shift", "crop"}


def test_augmentation_that_the_run_had_is_not_suggested_again() -> None:
    assert suggested({"rotation": 2}, AugmentationConfig(rotation=0.2)) == {}
    assert suggested({}, AugmentationConfig()) == {}


def test_other_augmentation_stays() -> None:
    current = AugmentationConfig(flip="horizontal", zoom=0.2, rotation=0.3)
    assert with_strengths(current, {"rotation": 0.1, "blur": 0.01}) == AugmentationConfig(
        flip="horizontal", zoom=0.2, rotation=0.3, blur=0.01
    )
