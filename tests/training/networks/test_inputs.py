"""Batches of a source follow from the seed, on the CPU and on the training device."""

from __future__ import annotations

import numpy as np
import pytest

from core.models.augmentation import AugmentationConfig
from core.training.networks.inputs import PictureSource

ROWS, TARGETS = np.array([2, 0, 1]), np.eye(3, dtype=np.float32)
CHANGES = AugmentationConfig(flip="horizontal", brightness=0.3, mixup=0.4)


@pytest.fixture
def pictures() -> np.ndarray:
    """Smooth, so that resampling and rounding tell little."""
    ramp = np.linspace(20, 220, 32)
    grid = np.stack(
        [np.add.outer(ramp, ramp) / 2, np.subtract.outer(ramp, ramp) / 2 + 110, np.full((32, 32), 90)], -1
    )
    return np.stack([grid, grid[::-1], grid.transpose(1, 0, 2)]).astype(np.uint8)


def test_changes_are_the_same_on_the_device(pictures: np.ndarray) -> None:
    """The same draws, the same mixed labels; the pictures differ by rounding."""
    here, there = (
        PictureSource(lambda rows: pictures[rows], CHANGES, on_device=on_device)
        for on_device in (False, True)
    )
    drawn, targets = here.draw(ROWS, TARGETS, 0, seed=7)
    other, other_targets = there.draw(ROWS, TARGETS, 0, seed=7)
    assert np.asarray(other).dtype == drawn.dtype == np.uint8
    assert np.abs(np.asarray(other).astype(int) - drawn.astype(int)).mean() < 1.0
    np.testing.assert_allclose(other_targets, targets, atol=1e-6)
    assert np.abs(drawn.astype(int) - pictures[ROWS].astype(int)).mean() > 5, "nothing was changed"
    again, _ = here.draw(ROWS, TARGETS, 0, seed=8)
    assert (again != drawn).any()


def test_pictures_to_judge_by_are_never_changed(pictures: np.ndarray) -> None:
    source = PictureSource(lambda rows: pictures[rows], CHANGES, on_device=True)
    np.testing.assert_array_equal(source.plain(ROWS), pictures[ROWS])
