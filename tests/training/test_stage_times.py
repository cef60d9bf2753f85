"""What a stage took is expected of it the next time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core.data.dataset import open_dataset
from core.progress import Stage
from core.training.config import TrainingConfig
from core.training.estimate import expected_stages, stages_after_training
from core.training.stage_times import measured_seconds, timed
from core.workspace import Project

SETTINGS = TrainingConfig(dataset_version=1)


def took(seconds: float, monkeypatch: pytest.MonkeyPatch, *, own_network: bool = False) -> None:
    clock = iter((100.0, 100.0 + seconds))
    monkeypatch.setattr("core.training.stage_times.time.monotonic", lambda: next(clock))
    with timed(SETTINGS, Stage.EXPORTING, own_network=own_network):
        pass
    monkeypatch.undo()


def test_a_stage_is_expected_to_take_what_it_took(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", sys)
    took(3.25, monkeypatch)
    monkeypatch.setenv("DARKROOM_HOME", str(workspace))
    ask = {"own_network": False, "is_cold": False}
    assert measured_seconds(SETTINGS, Stage.EXPORTING, **ask) == 3.25
    assert measured_seconds(SETTINGS, Stage.EVALUATING, **ask) is None
    assert measured_seconds(SETTINGS, Stage.EXPORTING, own_network=True, is_cold=False) is None
    assert measured_seconds(SETTINGS, Stage.EXPORTING, own_network=False, is_cold=True) is None


def test_a_stage_that_broke_off_says_nothing() -> None:
    with pytest.raises(RuntimeError), timed(SETTINGS, Stage.EXPORTING, own_network=False):
        raise RuntimeError
    for is_cold in (False, True):
        known = measured_seconds(SETTINGS, Stage.EXPORTING, own_network=False, is_cold=is_cold)
        assert known is None


def test_a_run_expects_its_export_to_take_what_the_last_one_took(digits_project: Project) -> None:
    """Cold, for a head on cached features needs no Keras before."""
    dataset = open_dataset(digits_project)
    known = measured_seconds(SETTINGS, Stage.EXPORTING, own_network=False, is_cold=False)
    assert known is not None  # the fixture's run has exported after it had converted
    warm = stages_after_training(dataset, SETTINGS, own_network=False, is_cold=False)
    assert warm[Stage.EXPORTING] == known
    assert expected_stages(dataset, SETTINGS)[Stage.EXPORTING] > 7.0


def test_a_network_of_its_own_is_converted_before_it_is_judged(digits_project: Project) -> None:
    dataset = open_dataset(digits_project)
    own, frozen = (
        stages_after_training(dataset, SETTINGS, own_network=own, is_cold=False)[Stage.EVALUATING]
        for own in (True, False)
    )
    assert own > frozen + 5.0
