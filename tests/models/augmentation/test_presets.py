"""Presets are possible, keep to what they say, and contradictions are found from names and kinds."""

from __future__ import annotations

import re

import pytest

from core.models.augmentation import AugmentationConfig
from core.models.augmentation.presets import DOMAINS, PRESETS, contradictions, preset_of


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_contradicts_nothing_that_it_knows(name: str) -> None:
    preset = PRESETS[name]
    assert contradictions(preset.config, ["cat", "dog"], name) == []
    assert preset_of(preset.config) == name
    assert preset.title
    assert preset.reason
    assert bool(preset.avoid) == bool(preset.why_avoid)


def test_handwriting_is_never_mirrored_or_turned_far() -> None:
    config = DOMAINS["handwriting"].config
    assert config.flip == "none"
    assert 0 < config.rotation <= 0.05
    assert contradictions(config, list("0123456789"), "handwriting") == []


def test_from_above_every_turn_is_as_likely() -> None:
    assert (DOMAINS["aerial"].config.flip, DOMAINS["aerial"].config.rotation) == ("both", 0.5)


def test_the_sides_of_a_body_are_not_swapped() -> None:
    assert DOMAINS["medical"].config.flip == "none"
    assert DOMAINS["medical"].notes


@pytest.mark.parametrize(
    ("changes", "names", "said"),
    [
        ("flip", ["6", "9", "b", "d"], r"digits or letters \(6, 9, b …\).*Turn Flip off"),
        ("flip=vertical", ["A", "B"], r"digits or letters \(A, B\)"),
        ("rotation=0.3", ["6", "9"], "a 6 is a 9.*below 45°"),
        ("flip", ["left_hand", "right hand", "cup"], "left_hand, right hand differ by left and right"),
        ("flip", ["左手", "右手"], "differ by left and right"),
        ("flip=vertical", ["arrow up", "arrow down"], "differ by up and down"),
        ("rotation=0.5", ["thumb-up", "cup"], "such as thumb-up differ by up"),
        ("hue=0.1", ["ripe tomato", "green tomato"], "differ by their colour"),
        ("grayscale=0.1", ["红灯", "绿灯"], "differ by their colour"),
    ],
)
def test_class_names_warn_of_unsuitable_changes(changes: str, names: list[str], said: str) -> None:
    (message,) = contradictions(AugmentationConfig.parse(changes), names)
    assert re.search(said, str(message))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ("flip", ["cat", "dog"]),
        ("flip", ["猫", "狗"]),  # one character, and a whole word
        ("flip", ["bright", "leftover"]),
        ("flip=vertical", ["cup", "downy mildew"]),
        ("hue=0.1", ["credit card", "redwood", "bored"]),
        ("rotation=0.1,contrast=0.2,brightness=0.3", ["6", "9", "left", "red"]),
    ],
)
def test_other_names_and_changes_raise_no_alarm(changes: str, names: list[str]) -> None:
    assert contradictions(AugmentationConfig.parse(changes), names) == []


def test_the_preset_warns_where_class_names_do_not() -> None:
    config = AugmentationConfig(flip="horizontal")
    (message,) = contradictions(config, ["healthy", "sick"], "medical")
    assert message.template == DOMAINS["medical"].why_avoid
    assert contradictions(config, ["healthy", "sick"], "photographs") == []
    assert len(contradictions(config, ["1", "2"], "handwriting")) == 1, "once is enough"
