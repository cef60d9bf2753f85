"""Corruptions: their pixels at known strengths, and their random numbers."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.robustness.corruptions import CORRUPTIONS, Corruption, corrupt, find_corruption
from core.models.augmentation import LIMITS
from core.models.augmentation.table import find_augmentation

SIDE = 64
IDS = [f"picture-{number}" for number in range(16)]


def flat(level: int) -> np.ndarray:
    return np.full((len(IDS), SIDE, SIDE, 3), level, np.uint8)


def of(code: str) -> Corruption:
    row = find_corruption(code)
    assert row is not None
    return row


def textured() -> np.ndarray:
    """Smooth random pictures with detail at every scale."""
    random = np.random.default_rng(0)
    waves = random.random((len(IDS), 8, 8, 3)).repeat(8, axis=1).repeat(8, axis=2)
    return np.rint(255 * (0.7 * waves + 0.3 * random.random(waves.shape))).astype(np.uint8)


@pytest.mark.parametrize("row", CORRUPTIONS, ids=lambda row: row.code)
def test_every_corruption_has_five_strengths_that_change_pictures_more_and_more(row: Corruption) -> None:
    pictures = textured()
    changes = [
        np.abs(corrupt(row, pictures, strength, IDS).astype(float) - pictures).mean()
        for strength in row.strengths
    ]
    assert len(changes) == 5
    assert changes[0] > 0
    # A picture that is moved beyond its detail differs no more when it is moved further.
    moving = row.code in {"shift", "rotation", "crop"}
    assert changes[4] > changes[0]
    assert moving or changes == sorted(changes)


@pytest.mark.parametrize("row", CORRUPTIONS, ids=lambda row: row.code)
def test_a_picture_is_corrupted_the_same_way_whatever_stands_beside_it(row: Corruption) -> None:
    pictures = textured()
    together = corrupt(row, pictures, row.strengths[2], IDS)
    alone = corrupt(row, pictures[5:6], row.strengths[2], IDS[5:6])
    np.testing.assert_array_equal(together[5:6], alone)
    assert together.dtype == np.uint8
    assert together.shape == pictures.shape


def test_noise_has_its_standard_deviation() -> None:
    noisy = corrupt(of("noise"), flat(128), 0.08, IDS)
    assert np.std(noisy.astype(float) - 128) == pytest.approx(0.08 * 255, rel=0.02)


def test_brightness_adds_its_share_of_the_range_either_way() -> None:
    changed = corrupt(of("brightness"), flat(128), 0.1, IDS).astype(int)
    added = {int(level) - 128 for level in np.unique(changed)}
    assert added <= {-26, -25, 25, 26}
    assert {value > 0 for value in added} == {True, False}


def test_lost_contrast_brings_pixels_nearer_to_their_mean() -> None:
    pictures = flat(50)
    pictures[:, :, SIDE // 2 :] = 150
    changed = corrupt(of("contrast"), pictures, 0.5, IDS)
    assert np.unique(changed).tolist() == [75, 125]


def test_occlusion_covers_its_share_of_the_area() -> None:
    pictures = textured()
    changed = corrupt(of("occlusion"), pictures, 0.25, IDS)
    covered = (changed != pictures).any(axis=3).mean(axis=(1, 2))
    np.testing.assert_allclose(covered, 0.25, atol=0.02)


def test_rotation_turns_by_its_angle() -> None:
    """A quarter turn is exact: it moves the bright left half to the top or to the bottom."""
    pictures = flat(0)
    pictures[:, :, : SIDE // 2] = 255
    turned = corrupt(of("rotation"), pictures, 0.25, IDS)
    tops = turned[:, : SIDE // 2 - 1].mean(axis=(1, 2, 3))
    assert set(np.rint(tops).tolist()) == {0, 255}


def test_a_shift_keeps_its_length_in_every_direction() -> None:
    """A ramp shifted by s pixels differs by s steps, to a level, where no mirrored edge comes in."""
    ramp = np.arange(SIDE, dtype=np.uint8) * 4
    across = np.broadcast_to(ramp[None, None, :, None], (len(IDS), SIDE, SIDE, 3)).copy()
    down = across.transpose(0, 2, 1, 3).copy()
    middle = (slice(None), slice(24, 40), slice(24, 40))
    moved = [
        (corrupt(of("shift"), pictures, 0.125, IDS)[middle].astype(float) - pictures[middle]).mean((1, 2, 3))
        for pictures in (across, down)
    ]
    np.testing.assert_allclose(np.hypot(*moved), 4 * 0.125 * SIDE, atol=1.5)


def test_every_corruption_has_an_augmentation_of_possible_strength() -> None:
    for row in CORRUPTIONS:
        assert find_augmentation(row.augmentation) is not None
        strength = row.augmentation_strength or max(row.strengths)
        assert 0 < strength <= LIMITS[row.augmentation]
