"""What a trunk says is kept for every copy of every picture, and computed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.models.augmentation import AugmentationConfig
from core.models.litert.engine import Engine
from core.progress import JobStopped, Stage
from core.training.networks.activations import Plan, kept_bytes, kept_source
from core.training.networks.inputs import KeptSource, PictureSource
from tests.support.progress_recorder import Recorder

SIDE = 96
PICTURES = np.random.default_rng(0).integers(0, 256, (9, SIDE, SIDE, 3), dtype=np.uint8)
TURN = AugmentationConfig(rotation=0.3)
PLAN = Plan(train=np.array([0, 2, 4, 6, 8]), validation=np.array([1, 3]), views=2, augmentation=TURN, seed=1)


def pictures() -> PictureSource:
    return PictureSource(lambda rows: PICTURES[rows], TURN)


def test_every_picture_is_kept_as_it_came_and_in_each_changed_copy(engine: Path, tmp_path: Path) -> None:
    """The engine stands for a trunk: what it gives for a picture is one row, too."""
    kept = kept_source(PLAN, pictures(), engine, tmp_path, Recorder())
    plain = Engine(engine).run(PICTURES)
    np.testing.assert_allclose(kept.plain(np.array([3, 8, 0])), plain[[3, 8, 0]], rtol=2e-3, atol=1e-3)
    rows, targets = np.array([4, 8]), np.eye(2, dtype=np.float32)
    shown = [kept.draw(rows, targets, epoch, seed=0)[0] for epoch in range(4)]
    np.testing.assert_array_equal(shown[0], shown[3])  # three copies, then the first again
    # Places 2 and 4 of the training pictures: in epoch 0 the third copy of one, the second of the other.
    np.testing.assert_array_equal(shown[1][0], kept.plain(rows)[0])
    np.testing.assert_array_equal(shown[2][1], kept.plain(rows)[1])
    assert np.abs(shown[0] - shown[1]).max() > 0.01


def test_it_goes_on_where_it_stopped(engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.networks.activations._CHUNK", 2)
    whole = kept_source(PLAN, pictures(), engine, tmp_path / "whole", Recorder())
    part = tmp_path / "part"
    with pytest.raises(JobStopped):
        kept_source(PLAN, pictures(), engine, part, Recorder(stop=lambda told: len(told.steps) >= 6))
    rest = Recorder()
    resumed = kept_source(PLAN, pictures(), engine, part, rest)
    assert rest.steps_in(Stage.ACTIVATIONS)[-1] == (PLAN.outputs, PLAN.outputs) == (17, 17)
    assert len(rest.steps) < 6
    rows = np.array([0, 2, 4, 6, 8])
    for epoch in range(3):
        np.testing.assert_array_equal(_drawn(whole, rows, epoch), _drawn(resumed, rows, epoch))


def _drawn(kept: KeptSource, rows: np.ndarray, epoch: int) -> np.ndarray:
    return kept.draw(rows, np.zeros((len(rows), 2), np.float32), epoch, seed=0)[0]


def test_what_it_takes_on_disk() -> None:
    """Five pictures as they came and twice changed, two to validate; two bytes a number."""
    assert kept_bytes(PLAN, 100) == (5 * 3 + 2) * 100 * 2
