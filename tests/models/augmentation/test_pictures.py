"""Augmentation changes what its settings say, by as much, and the same for a seed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError
from core.models.augmentation import LIMITS, MIXING, AugmentationConfig, augment
from core.models.augmentation.sampling import sample_transforms

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
    assert any((picture != changed[0]).any() for picture in changed), "each picture params its own change"
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


def test_each_change_keeps_its_draw_when_another_one_joins() -> None:
    """Otherwise every slider would make the preview jump."""
    grey = alike(np.full((8, 8, 3), 100, np.uint8), 16)
    alone = augment(grey, AugmentationConfig(brightness=0.2), seed=3)
    joined = augment(grey, AugmentationConfig(brightness=0.2, rotation=0.5, flip="both", hue=0.5), seed=3)
    np.testing.assert_allclose(joined.astype(int), alone.astype(int), atol=1)


def test_threads_do_not_disturb_one_another(cat: np.ndarray) -> None:
    """Batches are prepared in the background."""
    config = AugmentationConfig(rotation=0.1, elastic=0.03, contrast=0.3, randaugment=0.5)
    seeds = range(12)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: augment(alike(cat, 8), config, seed), seeds))
    for seed, changed in zip(seeds, together, strict=True):
        np.testing.assert_array_equal(changed, augment(alike(cat, 8), config, seed))


def test_old_records_load_with_what_is_new_switched_off() -> None:
    record = {
        "flip": "none",
        "rotation": 0.1,
        "zoom": 0.0,
        "shift": 0.0,
        "brightness": 0.0,
        "contrast": 0.0,
    }
    assert AugmentationConfig.from_json(record) == AugmentationConfig(rotation=0.1)


def test_mixing_is_told_apart_from_changing() -> None:
    assert AugmentationConfig.parse("mixup=0.2").is_mixing
    assert AugmentationConfig.parse("cutmix=1").is_mixing
    assert not AugmentationConfig.parse("mixup=0.2").is_active
    assert AugmentationConfig.parse("posterization=0.2").is_active
    assert not AugmentationConfig.parse("posterization=0.2").is_mixing


@pytest.mark.parametrize(
    "name",
    [
        "grayscale",
        "invert",
        "autocontrast",
        "equalization",
        "solarization",
        "posterization",
        "erasing",
    ],
)
def test_how_often_is_a_share_of_the_pictures(name: str, cat: np.ndarray) -> None:
    """400 pictures, a quarter of them changed: 100, and 4.5 standard deviations of 8.7 either way."""
    picture = np.clip(cat, 20, 220)[::2, ::2]  # something for each of these to change …
    picture[0, 0, 0] = 255  # … solarization too
    pictures = alike(picture, 400)
    changed = augment(pictures, only(name, 0.25), seed=9)
    assert 60 < (changed != pictures).any(axis=(1, 2, 3)).sum() < 140
    everywhere = augment(pictures[:40], only(name), seed=9)
    assert (everywhere != pictures[:40]).any(axis=(1, 2, 3)).all()


ORANGE = (200, 120, 40)  # 0.299 * 200 + 0.587 * 120 + 0.114 * 40 = 134.8 is how bright it looks


def coloured(colour: tuple[int, int, int], count: int = MANY) -> np.ndarray:
    return np.full((count, 4, 4, 3), colour, np.uint8)


def test_grey_pictures_are_as_bright_as_they_look() -> None:
    assert np.unique(augment(coloured(ORANGE), AugmentationConfig(grayscale=1.0), seed=1)).tolist() == [135]


def test_saturation_goes_both_ways_about_that_grey() -> None:
    """Red is 65.2 above it: 32.6 to 97.8 with half the saturation either way."""
    changed = augment(coloured(ORANGE), AugmentationConfig(saturation=0.5), seed=2)[:, 0, 0].astype(float)
    red = changed[:, 0] - 134.8
    assert 32 <= red.min() < 45
    assert 85 < red.max() <= 98.5
    np.testing.assert_allclose(changed @ [0.299, 0.587, 0.114], 134.8, atol=1)


def test_hue_turns_colours_and_leaves_greys_and_brightness() -> None:
    config = AugmentationConfig(hue=0.5)
    muted = (140, 120, 100)  # no turn of it leaves the range
    changed = augment(coloured(muted, 200), config, seed=3)[:, 0, 0].astype(float)
    np.testing.assert_allclose(changed @ [0.299, 0.587, 0.114], 123.7, atol=1)
    assert (changed[:, 2] > changed[:, 0] + 30).any(), "some become blue"
    assert (changed[:, 1] > changed[:, 0] + 15).any(), "some become green"
    assert np.unique(augment(coloured((90, 90, 90)), config, seed=3)).tolist() == [90]


def test_a_small_turn_of_the_hue_is_small() -> None:
    changed = augment(coloured((140, 120, 100)), AugmentationConfig(hue=0.02), seed=3).astype(int)
    assert 1 <= np.abs(changed - [140, 120, 100]).max() <= 5


def test_a_negative_is_exact() -> None:
    changed = augment(coloured(ORANGE), AugmentationConfig(invert=1.0), seed=1)
    assert np.unique(changed.reshape(-1, 3), axis=0).tolist() == [[55, 135, 215]]


def test_automatic_contrast_stretches_each_colour_to_the_whole_range() -> None:
    picture = np.zeros((1, 1, 3, 3), np.uint8)
    picture[0, 0, :, 0], picture[0, 0, :, 1], picture[0, 0, :, 2] = (50, 100, 150), (0, 51, 255), (7, 7, 7)
    changed = augment(picture, AugmentationConfig(autocontrast=1.0), seed=1)[0, 0]
    assert changed[:, 0].tolist() == [0, 127, 255]  # (100 - 50) * 255 / 100 = 127.5
    assert changed[:, 1].tolist() == [0, 51, 255]
    assert changed[:, 2].tolist() == [7, 7, 7]


def test_equalization_makes_levels_equally_frequent() -> None:
    crowded = (100 + np.arange(4096) % 16).reshape(1, 64, 64, 1).repeat(3, axis=3).astype(np.uint8)
    changed = augment(crowded, AugmentationConfig(equalization=1.0), seed=1)
    levels = np.unique(changed)
    assert len(levels) == 16
    np.testing.assert_allclose(levels, np.arange(16) * 17, atol=1)
    assert (levels[0], levels[-1]) == (0, 255)


def test_solarization_turns_only_the_brightest() -> None:
    ramp = alike(np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2))
    changed = augment(ramp, AugmentationConfig(solarization=1.0), seed=4).reshape(MANY, 256, 3)[..., 0]
    assert (changed[:, :128] == np.arange(128)).all()
    turned = changed != np.arange(256)
    assert (changed[turned] == (255 - np.arange(256))[np.nonzero(turned)[1]]).all()
    firsts = turned.argmax(axis=1)
    assert firsts.min() < 150
    assert firsts.max() > 230


def test_posterization_leaves_4_to_16_levels_and_the_mean() -> None:
    ramp = alike(np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2))
    changed = augment(ramp, AugmentationConfig(posterization=1.0), seed=4)
    assert {len(np.unique(picture)) for picture in changed} == set(range(4, 17))
    np.testing.assert_allclose(changed.mean(axis=(1, 2, 3)), 127.5, atol=0.5)


def test_sharpness_goes_both_ways(cat: np.ndarray) -> None:
    """Fine detail is what differs from pixel to pixel."""

    def detail(pictures: np.ndarray) -> np.ndarray:
        return np.abs(np.diff(pictures.astype(float), axis=2)).mean(axis=(1, 2, 3))

    large = alike(cat.repeat(5, axis=0).repeat(5, axis=1), 16)
    changed = detail(augment(large, AugmentationConfig(sharpness=1.0), seed=5)) / detail(large)
    assert changed.min() < 0.95
    assert changed.max() > 1.05


def test_blur_spreads_a_dot_by_at_most_its_strength() -> None:
    """The standard deviation of what a dot becomes: up to 3% of 100 pixels."""
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[46:55, 46:55] = 255  # its own variance is (9² - 1) / 12 = 6.67
    changed = augment(alike(picture, 32), AugmentationConfig(blur=0.03), seed=6)[..., 0].astype(float)
    columns = changed.sum(axis=1)
    away = np.arange(100) - 50
    spread = np.sqrt(np.maximum((columns * away**2).sum(axis=1) / columns.sum(axis=1) - 6.67, 0))
    assert spread.min() < 1
    assert 2.5 < spread.max() < 3.2


def test_an_erased_rectangle_has_the_mean_colour_and_lies_inside() -> None:
    picture = np.zeros((50, 50, 3), np.uint8)
    picture[::2] = 200  # mean 100
    changed = augment(alike(picture), AugmentationConfig(erasing=1.0), seed=7)[..., 0]
    areas = (changed == 100).mean(axis=(1, 2))
    assert 0.01 < areas.min() < 0.08
    assert 0.18 < areas.max() < 0.27


def test_a_crop_shows_a_part_from_anywhere() -> None:
    """Of a ramp from left to right, a crop that keeps 60% or more shows so much of the range."""
    ramp = alike(
        np.linspace(0, 250, 200).astype(np.uint8)[np.newaxis, :, np.newaxis].repeat(200, 0).repeat(3, 2)
    )
    changed = augment(ramp, AugmentationConfig(crop=0.4), seed=8)[:, 0, :, 0].astype(int)
    shown = changed[:, -1] - changed[:, 0]
    assert 147 <= shown.min() < 180
    assert 235 < shown.max() <= 250
    assert changed[:, 0].min() < 10 < 70 < changed[:, 0].max()


def test_shear_leans_upright_lines() -> None:
    """At the top of the picture a line is off by up to the slant times half the height."""
    picture = np.zeros((101, 101, 3), np.uint8)
    picture[:, 50] = 255
    changed = augment(alike(picture), AugmentationConfig(shear=0.2), seed=9)[..., 0].astype(float)
    places = (changed * np.arange(101)).sum(axis=2) / changed.sum(axis=2)
    lean = places[:, 0] - places[:, -1]
    assert -21 <= lean.min() < -12
    assert 12 < lean.max() <= 21


def test_perspective_moves_each_corner_by_itself_and_keeps_lines_straight() -> None:
    picture = np.zeros((101, 101, 3), np.uint8)
    picture[:, 49:52] = 255
    changed = augment(alike(picture), AugmentationConfig(perspective=0.3), seed=10)[..., 0].astype(float)
    places = (changed * np.arange(101)).sum(axis=2) / changed.sum(axis=2)
    straight = np.linspace(places[:, 0], places[:, -1], 101).T
    assert np.abs(places - straight).max() < 1.5
    assert np.abs(places[:, 0] - 50).max() > 6
    assert np.abs(places[:, 0] - 50).max() < 20


def test_elastic_moves_points_by_at_most_its_strength() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[48:52, 48:52] = 255
    changed = augment(alike(picture), AugmentationConfig(elastic=0.05), seed=11)[..., 0].astype(float)
    x = (changed.sum(axis=1) * (np.arange(100) - 49.5)).sum(axis=1) / changed.sum(axis=(1, 2))
    assert 1.5 < np.abs(x).max() < 6
    assert x.min() < -1
    assert x.max() > 1


def test_randaugment_gives_each_picture_its_own_changes_and_none_turned_far() -> None:
    """Keras's layer gives a whole batch the same changes, and turns by up to 180°."""
    params = sample_transforms(AugmentationConfig(randaugment=1.0), 400, seed=1)
    assert np.degrees(np.abs(params.rotation)).max() == pytest.approx(30)
    for changed in (
        params.rotation != 0,
        params.autocontrast,
        params.equalization,
        params.contrast != 1,
        params.sharpness != 0,
    ):
        assert 30 < changed.sum() < 90  # 2 of 14 changes each: 57 of 400
    kinds = np.stack(
        [params.rotation != 0, params.shear[:, 0] != 0, params.shift[:, 1] != 0, params.posterization < 256]
    )
    assert kinds.sum(axis=0).max() == 2
    weak = sample_transforms(AugmentationConfig(randaugment=0.02), 400, seed=1)
    assert np.degrees(np.abs(weak.rotation)).max() == pytest.approx(0.6)
    assert np.abs(weak.contrast - 1).max() == pytest.approx(0.018, abs=1e-6)
    assert weak.posterization.min() == 242  # 256 ** 0.99
