"""Speeds are remembered for each size of pictures; a size that was never timed follows from the backbone's own."""

from __future__ import annotations

import pytest

from core.models.backbones import at_size, get_backbone
from core.models.costs import times_the_work
from core.models.speeds import (
    expected_seconds,
    measured_speed,
    measured_speeds,
    remember_speed,
    speed_key,
)

LITE0 = get_backbone("efficientnet_lite0")  # 224 pixels
SMALL, LARGE = at_size(LITE0, 112), at_size(LITE0, 448)


def test_another_size_does_not_spoil_the_speed_that_pages_show() -> None:
    remember_speed(speed_key(LITE0), 100.0)
    remember_speed(speed_key(SMALL), 380.0)
    assert measured_speeds() == {"efficientnet_lite0": 100.0}
    assert (measured_speed(LITE0), measured_speed(SMALL), measured_speed(LARGE)) == (100.0, 380.0, None)


def test_the_own_size_given_explicitly_is_no_other_size() -> None:
    assert speed_key(at_size(LITE0, 224)) == speed_key(LITE0) == "efficientnet_lite0"


def test_a_size_that_was_timed_is_taken_as_it_was() -> None:
    remember_speed(speed_key(LITE0), 100.0)
    remember_speed(speed_key(SMALL), 380.0)
    assert expected_seconds(SMALL, 760) == 2.0
    assert expected_seconds(LITE0, 760) == pytest.approx(7.6)


def test_a_size_that_was_not_timed_follows_from_the_own_one() -> None:
    """Twice the side is four times the pixels."""
    remember_speed(speed_key(LITE0), 100.0)
    assert times_the_work(LARGE) == 4.0
    assert expected_seconds(LARGE, 100) == pytest.approx(4.0)
    assert expected_seconds(SMALL, 100) == pytest.approx(0.25)


def test_on_a_new_machine_a_smaller_size_is_faster_too() -> None:
    assert expected_seconds(SMALL, 100) == pytest.approx(expected_seconds(LITE0, 100) / 4)


def test_a_backbone_that_was_never_timed_follows_from_its_work_and_the_speed_of_others() -> None:
    """VGG16 multiplies 15.5 billion times for a picture, Lite0 0.41 billion times."""
    remember_speed("efficientnet_lite0", 100.0)
    assert expected_seconds(get_backbone("vgg16"), 1) == pytest.approx(0.01 * 15.5 / 0.41)
