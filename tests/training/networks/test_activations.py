"""Outputs of a frozen stem are cached for every copy of every picture, and computed once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from core.models.augmentation import AugmentationConfig
from core.models.litert.engine import Engine
from core.progress import JobStopped, Stage
from core.training.networks.activations import ActivationPlan, activations_bytes, cached_activations
from core.training.networks.inputs import CachedSource, PictureSource
from tests.support.progress_recorder import Recorder

SIDE = 96
PICTURES = np.random.default_rng(0).integers(0, 256, (9, SIDE, SIDE, 3), dtype=np.uint8)
TURN = AugmentationConfig(rotation=0.3)
PLAN = ActivationPlan(
    train=np.array([0, 2, 4, 6, 8]), validation=np.array([1, 3]), copies=2, augmentation=TURN, seed=1
)


def pictures() -> PictureSource:
    return PictureSource(lambda rows: PICTURES[rows], TURN)


def test_every_picture_is_cached_unaugmented_and_in_each_augmented_copy(engine: Path, tmp_path: Path) -> None:
    """The engine stands in for a stem: it gives one row for a picture too."""
    cached = cached_activations(PLAN, pictures(), engine, tmp_path, Recorder())
    plain = Engine(engine).run(PICTURES)
    np.testing.assert_allclose(cached.plain(np.array([3, 8, 0])), plain[[3, 8, 0]], rtol=2e-3, atol=1e-3)
    rows, targets = np.array([4, 8]), np.eye(2, dtype=np.float32)
    shown = [cached.draw(rows, targets, epoch, seed=0)[0] for epoch in range(4)]
    np.testing.assert_array_equal(shown[0], shown[3])  # three copies, then the first again
    # Indices 2 and 4 of the training pictures: in epoch 0 the third copy of one, the second of the other.
    np.testing.assert_array_equal(shown[1][0], cached.plain(rows)[0])
    np.testing.assert_array_equal(shown[2][1], cached.plain(rows)[1])
    assert np.abs(shown[0] - shown[1]).max() > 0.01


def test_an_interrupted_computation_resumes(
    engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.networks.activations._CHUNK", 2)
    uninterrupted = cached_activations(PLAN, pictures(), engine, tmp_path / "whole", Recorder())
    part = tmp_path / "part"
    with pytest.raises(JobStopped):
        cached_activations(PLAN, pictures(), engine, part, Recorder(stop=lambda told: len(told.steps) >= 6))
    rest = Recorder()
    resumed = cached_activations(PLAN, pictures(), engine, part, rest)
    assert rest.steps_in(Stage.ACTIVATIONS)[-1] == (PLAN.outputs, PLAN.outputs) == (17, 17)
    assert len(rest.steps) < 6
    rows = np.array([0, 2, 4, 6, 8])
    for epoch in range(3):
        np.testing.assert_array_equal(_drawn(uninterrupted, rows, epoch), _drawn(resumed, rows, epoch))


def _drawn(cached: CachedSource, rows: np.ndarray, epoch: int) -> np.ndarray:
    return cached.draw(rows, np.zeros((len(rows), 2), np.float32), epoch, seed=0)[0]


def test_disk_space_is_two_bytes_a_number() -> None:
    """Five training pictures, each also in two augmented copies, and two validation pictures."""
    assert activations_bytes(PLAN, 100) == (5 * 3 + 2) * 100 * 2


def test_rows_outlive_a_power_failure_before_they_are_counted(
    engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost rows would be zeros, and the network would learn from them."""
    synced = list[str]()

    def sync(file: int) -> None:
        synced.extend(
            path.suffix for path in tmp_path.iterdir() if path.stat().st_ino == os.fstat(file).st_ino
        )

    monkeypatch.setattr(os, "fsync", sync)
    cached_activations(PLAN, pictures(), engine, tmp_path, Recorder())
    assert synced[:2] == [".npy", ".json"]
    assert synced[::2] == [".npy"] * (len(synced) // 2)
