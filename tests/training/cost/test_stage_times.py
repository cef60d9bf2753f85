"""The next duration of a stage is expected to be its last one."""

from __future__ import annotations

import sys

import pytest

from core.data.dataset import Dataset, open_dataset
from core.progress import Stage
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import expected_stages, network_stages, stages_after_training
from core.training.cost.stage_times import measured_keras_seconds, measured_seconds, timed
from core.workspace import Project

SETTINGS = TrainingConfig(dataset_version=1)


def took(seconds: float, monkeypatch: pytest.MonkeyPatch, *, own_network: bool = False) -> None:
    """A stage that lasts so long, after an import of Keras of two seconds where it was not there."""
    clock = iter(
        (100.0, 102.0, 200.0, 200.0 + seconds) if "keras" not in sys.modules else (200.0, 200.0 + seconds)
    )
    monkeypatch.setattr("core.training.facts.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("core.training.facts.importlib.import_module", lambda name: None)
    with timed(SETTINGS, Stage.EXPORTING, own_network=own_network):
        pass


def test_a_stage_is_expected_to_take_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", sys)
    took(3.25, monkeypatch)
    assert measured_seconds(SETTINGS, Stage.EXPORTING, own_network=False) == 3.25
    assert measured_seconds(SETTINGS, Stage.EVALUATING, own_network=False) is None
    assert measured_seconds(SETTINGS, Stage.EXPORTING, own_network=True) is None
    assert measured_keras_seconds() is None


def test_the_import_of_keras_counts_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage that does the work differs between runs."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    took(3.25, monkeypatch)
    assert measured_seconds(SETTINGS, Stage.EXPORTING, own_network=False) == 3.25
    assert measured_keras_seconds() == 2.0


def test_an_interrupted_stage_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", sys)
    with pytest.raises(RuntimeError), timed(SETTINGS, Stage.EXPORTING, own_network=False):
        raise RuntimeError
    assert measured_seconds(SETTINGS, Stage.EXPORTING, own_network=False) is None


def test_a_run_expects_its_export_to_take_what_the_last_one_took(digits_project: Project) -> None:
    """Cold, for a head on cached features needs no Keras before."""
    dataset = open_dataset(digits_project)
    known, keras = measured_seconds(SETTINGS, Stage.EXPORTING, own_network=False), measured_keras_seconds()
    assert known is not None  # the fixture's run has exported
    assert keras is not None
    warm = stages_after_training(dataset, SETTINGS, own_network=False, is_cold=False)
    assert warm[Stage.EXPORTING] == known
    assert expected_stages(dataset, SETTINGS)[Stage.EXPORTING] == known + keras


def test_a_network_of_its_own_is_converted_before_it_is_judged(dataset: Dataset) -> None:
    """Four seconds, before a conversion was ever timed."""
    own, frozen = (
        stages_after_training(dataset, SETTINGS, own_network=own, is_cold=False)[Stage.EVALUATING]
        for own in (True, False)
    )
    assert own > frozen + 4.0


def test_before_a_network_is_trained_its_stem_is_converted(dataset: Dataset) -> None:
    """In the plan of the whole run it counts with what follows: heads have been converted for before."""
    balanced = TrainingConfig(dataset_version=1, recipe=Recipe.BALANCED)
    cold = network_stages(dataset, balanced, is_cold=True)
    warm = network_stages(dataset, balanced, is_cold=False)
    assert cold[Stage.CONVERTING] > warm[Stage.CONVERTING] > 0
    whole = expected_stages(dataset, balanced)
    assert whole[Stage.ACTIVATIONS] == pytest.approx(warm[Stage.ACTIVATIONS] + warm[Stage.CONVERTING])
    assert list(whole) == sorted(whole, key=list(Stage).index)
