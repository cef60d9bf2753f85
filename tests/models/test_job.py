"""Speeds are measured of what could be used, and a measurement can be stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.models import job
from core.models.backbones import BACKBONES, Backbone, WeightsSource
from core.models.speeds import measured_speeds
from core.progress import JobStopped, Stage
from tests.support.progress_recorder import Recorder

READY = [key for key, backbone in BACKBONES.items() if backbone.weights is not WeightsSource.DOWNLOAD]


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the backbones that were timed; each got as many pictures a second as its name is long."""
    keys: list[str] = []

    def time(backbone: Backbone, *_: Any) -> float:
        keys.append(backbone.key)
        return float(len(backbone.key))

    monkeypatch.setattr(job, "_pictures_per_second", time)
    return keys


def test_without_a_wish_what_is_here_is_measured(tmp_path: Path, timed: list[str]) -> None:
    """Forty networks would take an hour, and their weights must be fetched first anyway."""
    progress = Recorder()
    result = job.measure(tmp_path, {}, progress)
    assert timed == READY
    assert "efficientnet_lite0" in READY
    assert result["pictures_per_second"] == measured_speeds() == {key: len(key) for key in READY}
    assert progress.steps_in(Stage.MEASURING)[-1] == (len(READY), len(READY))


def test_a_wish_is_followed(tmp_path: Path, timed: list[str]) -> None:
    job.measure(tmp_path, {"backbones": ["vgg16", "small_cnn"]}, Recorder())
    assert timed == ["vgg16", "small_cnn"]
    with pytest.raises(ConfigError, match="no backbone called"):
        job.measure(tmp_path, {"backbones": ["vgg17"]}, Recorder())


def test_a_stopped_measurement_keeps_what_it_has(tmp_path: Path, timed: list[str]) -> None:
    progress = Recorder(stop=lambda recorder: len(timed) == 2)
    with pytest.raises(JobStopped):
        job.measure(tmp_path, {}, progress)
    assert timed == READY[:2]
    assert list(measured_speeds()) == READY[:2]
