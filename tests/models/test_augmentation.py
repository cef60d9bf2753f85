"""Augmentation changes what its settings say, by as much, and the same for a seed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError
from core.models.augmentation import LIMITS, MIXING, AugmentationConfig, augment

MANY = 64
CHANGES = ["flip", *(name for name in LIMITS if name not in MIXING)]


def alike(picture: np.ndarray, count: int = MANY) -> np.ndarray:
    return np.repeat(picture[np.newaxis], count, axis=0)


@pytest.fixture(scope="module")
def cat(photographs: Callable[[str], np.ndarray]) -> np.ndarray:
    """A photograph, uint8 RGB (56, 56, 3)."""
    return np.ascontiguousarray(photographs("chelsea")[::4, ::4])


def test_nothing_chosen_changes_nothing(cat: np.ndarray) -> None:
    config = AugmentationConfig()
    pictures = alike(cat, 2)
    changed = augment(pictures, config, seed=1)
    assert not config.is_active
    np.testing.assert_array_equal(changed, pictures)
    assert not np.shares_memory(changed, pictures)


def only(name: str, share: float = 1.0) -> AugmentationConfig:
    """One change, at this share of its largest strength."""
    return AugmentationConfig.from_json({name: "both" if name == "flip" else share * LIMITS[name]})


@pytest.mark.parametrize("name", CHANGES)
def test_every_setting_changes_pictures_repeatably(name: str, cat: np.ndarray) -> None:
    config = only(name, 0.5)
    pictures = alike(cat, 8)
    before = pictures.copy()
    changed = augment(pictures, config, seed=5)
    assert config.is_active
    assert changed.dtype == np.uint8
    assert changed.shape == pictures.shape
    assert (changed != pictures).any()
    assert any((picture != changed[0]).any() for picture in changed), "each picture draws its own change"
    np.testing.assert_array_equal(changed, augment(pictures, config, seed=5))
    assert (changed != augment(pictures, config, seed=6)).any()
    np.testing.assert_array_equal(pictures, before)


@pytest.mark.parametrize(
    ("flip", "axes"),
    [
        ("horizontal", [(), (1,)]),
        ("vertical", [(), (0,)]),
        ("both", [(), (0,), (1,), (0, 1)]),
    ],
)
def test_flips_are_exact_and_all_appear(flip: Any, axes: list[tuple[int, ...]], cat: np.ndarray) -> None:
    """Keras's own mode for both directions only ever turns pictures upside down."""
    expected = {np.flip(cat, axis).tobytes() for axis in axes}
    changed = augment(alike(cat), AugmentationConfig(flip=flip), seed=2)
    assert {picture.tobytes() for picture in changed} == expected


def test_brightness_moves_both_ways_within_its_range() -> None:
    """A uint8 picture would wrap around: 250 made brighter would be 45."""
    grey = np.full((4, 4, 3), 100, np.uint8)
    levels = augment(alike(grey), AugmentationConfig(brightness=0.2), seed=3)[:, 0, 0, 0]
    assert 49 <= levels.min() < 70  # 100 - 0.2 * 255 = 49
    assert 130 < levels.max() <= 151
    white = np.full((4, 4, 3), 250, np.uint8)
    assert augment(alike(white), AugmentationConfig(brightness=0.2), seed=3).min() >= 199


def test_contrast_moves_both_ways_within_its_range() -> None:
    """Given one number, Keras would only ever raise the contrast."""
    picture = np.full((4, 4, 3), 100, np.uint8)
    picture[:2] = 140  # mean 120, distance 20
    changed = augment(alike(picture), AugmentationConfig(contrast=0.5), seed=4)
    np.testing.assert_allclose(changed.mean(axis=(1, 2, 3)), 120, atol=0.6)
    distances = changed[:, 0, 0, 0] - 120.0
    assert 10 <= distances.min() < 15
    assert 25 < distances.max() <= 30


def test_shift_moves_at_most_so_far() -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[20, 20] = 255
    changed = augment(alike(picture), AugmentationConfig(shift=0.25), seed=5)[..., 0].astype(float)
    rows = (changed.sum(axis=2) * np.arange(40)).sum(axis=1) / changed.sum(axis=(1, 2))
    assert 10 <= rows.min() < 15
    assert 25 < rows.max() <= 30


def test_zoom_goes_nearer_and_farther() -> None:
    """The area of a centred square tells the scale."""
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[15:25, 15:25] = 255
    changed = augment(alike(picture), AugmentationConfig(zoom=0.2), seed=6)[..., 0]
    areas = changed.sum(axis=(1, 2)) / 255
    assert 100 / 1.25**2 < areas.min() < 90
    assert 115 < areas.max() < 100 / 0.79**2


def test_rotation_turns_at_most_so_far() -> None:
    """A quarter of a turn either way: a dot above the middle stays in the upper half."""
    picture = np.zeros((41, 41, 3), np.uint8)
    picture[4:7, 19:22] = 255
    changed = augment(alike(picture), AugmentationConfig(rotation=0.2), seed=7)[..., 0].astype(float)
    mass = changed.sum(axis=(1, 2))
    x = (changed.sum(axis=1) * np.arange(-20, 21)).sum(axis=1) / mass
    y = (changed.sum(axis=2) * np.arange(-20, 21)).sum(axis=1) / mass
    angles = np.degrees(np.arctan2(x, -y))
    assert -72.5 < angles.min() < -50
    assert 50 < angles.max() < 72.5


def test_moved_pictures_show_no_empty_corners(cat: np.ndarray) -> None:
    """Black corners would be a mark that training pictures bear and others do not."""
    bright = np.maximum(cat, 40)
    config = AugmentationConfig(rotation=0.5, shift=0.5, zoom=0.5)
    assert augment(alike(bright), config, seed=8).min() >= 39


def test_one_picture_or_none_can_be_changed(cat: np.ndarray) -> None:
    config = AugmentationConfig.parse("flip,rotation=0.1,zoom=0.1,shift=0.1,brightness=0.1,contrast=0.1")
    assert augment(alike(cat, 1), config, seed=1).shape == (1, 56, 56, 3)
    assert augment(alike(cat, 0), config, seed=1).shape == (0, 56, 56, 3)


def test_settings_come_back_from_json() -> None:
    config = AugmentationConfig(flip="both", rotation=0.1, contrast=0.3)
    assert AugmentationConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", AugmentationConfig()),
        ("flip", AugmentationConfig(flip="horizontal")),
        ("flip=both, rotation = 0.1", AugmentationConfig(flip="both", rotation=0.1)),
        ("zoom=.2,shift=0.1,contrast=0", AugmentationConfig(zoom=0.2, shift=0.1)),
    ],
)
def test_the_command_line_form_is_understood(text: str, expected: AugmentationConfig) -> None:
    assert AugmentationConfig.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("glitter=1", r"no augmentation called “glitter”.*flip, rotation, zoom, shift, brightness, contrast"),
        ("rotation", r"rotation is ''; choose a number from 0 to 0\.5"),
        ("rotation=much", r"rotation is 'much'; choose a number from 0 to 0\.5"),
        ("zoom=0.6", r"zoom is 0\.6; choose a number from 0 to 0\.5"),
        ("shift=-0.1", r"shift is -0\.1"),
        ("brightness=nan", r"brightness is nan"),
        ("contrast=0.9", r"contrast is 0\.9; choose a number from 0 to 0\.8"),
        ("flip=sideways", r"Flip cannot be 'sideways'.*none, horizontal, vertical, both"),
    ],
)
def test_impossible_settings_are_answered_with_what_is_possible(text: str, answer: str) -> None:
    with pytest.raises(ConfigError, match=answer):
        AugmentationConfig.parse(text)


@pytest.mark.parametrize("value", [True, None, "0.1"])
def test_a_number_must_be_a_number(value: Any) -> None:
    with pytest.raises(ConfigError, match="rotation"):
        AugmentationConfig.from_json({"rotation": value})


def test_the_preview_needs_no_tensorflow() -> None:
    """The web process changes pictures with the very same layers, on NumPy."""
    program = (
        "import sys, numpy as np\n"
        "from core.models.augmentation import AugmentationConfig, augment\n"
        "config = AugmentationConfig.parse('flip=both,rotation=.1,zoom=.1,shift=.1,brightness=.1')\n"
        "pictures = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)\n"
        "changed = augment(pictures, config, 1)\n"
        "assert changed.dtype == np.uint8 and changed.shape == pictures.shape\n"
        "assert (changed != pictures).any()\n"
        "assert (changed == augment(pictures, config, 1)).all()\n"
        "print('tensorflow' in sys.modules)"
    )
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}
    outcome = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    assert outcome.stdout.split() == ["False"], outcome.stderr
