"""Work loop of a search process: weights of trials that another process works on stay."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from core.search.climb import climb_config
from core.search.config import SearchConfig
from core.search.records import trial_folder
from core.search.study.trials import RECORD, queue_again
from core.search.workers.loop import BEST_TRIALS, SearchWorker
from core.training.config import TrainingConfig


@pytest.fixture
def study() -> optuna.Study:
    return optuna.create_study(direction="maximize")


def begun(study: optuna.Study, directory: Path) -> optuna.Trial:
    """A trial at work, with its folder."""
    trial = study.ask()
    trial_folder(directory, trial.number).mkdir(parents=True)
    return trial


def folders_left(study: optuna.Study, directory: Path, config: SearchConfig | None = None) -> list[int]:
    """Numbers of the trials whose weights one process leaves."""
    worker: Any = SimpleNamespace(
        _directory=directory,
        _config=config or SearchConfig(base=TrainingConfig(dataset_version=1), trials=5),
        _study=study,
        _is_multi_objective=False,
        _weight_transfer=None,
        _complete=lambda: study.get_trials(states=[TrialState.COMPLETE]),
        _remove=shutil.rmtree,
    )
    SearchWorker._remove_weights(worker)
    return sorted(int(folder.name) for folder in (directory / "trials").iterdir())


def try_more_than_are_kept(study: optuna.Study, directory: Path) -> None:
    """Each trial is better than the one before."""
    for value in range(BEST_TRIALS + 2):
        trial = begun(study, directory)
        trial.set_user_attr(RECORD, {"value": value, "measures": {}})
        study.tell(trial, value)


def test_only_the_best_trials_keep_their_weights(study: optuna.Study, tmp_path: Path) -> None:
    try_more_than_are_kept(study, tmp_path)
    assert folders_left(study, tmp_path) == list(range(2, BEST_TRIALS + 2))


def test_every_rung_of_a_climb_keeps_its_weights(study: optuna.Study, tmp_path: Path) -> None:
    """The first one is delivered where none of the others is proven better."""
    try_more_than_are_kept(study, tmp_path)
    config = climb_config(TrainingConfig(dataset_version=1), minutes=1)
    assert folders_left(study, tmp_path, config) == list(range(BEST_TRIALS + 2))


def test_a_trial_that_another_process_begins_meanwhile_keeps_its_folder(
    study: optuna.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(study, tmp_path)
    read = study.get_trials

    def read_before_another_begins(**options: Any) -> Any:
        trials = read(**options)
        begun(study, tmp_path)
        return trials

    monkeypatch.setattr(study, "get_trials", read_before_another_begins)
    assert folders_left(study, tmp_path) == [0, 1, 2]


def test_an_interrupted_trial_keeps_its_checkpoint_until_it_continues(
    study: optuna.Study, tmp_path: Path
) -> None:
    """Before it is queued, while it waits, and between its start and the renaming of its folder."""
    trial = begun(study, tmp_path)
    study.tell(trial, state=TrialState.FAIL)
    assert folders_left(study, tmp_path) == [0]
    queue_again(study, study.trials[0])
    assert folders_left(study, tmp_path) == [0]
    assert study.ask().number == 1
    assert folders_left(study, tmp_path) == [0]


def test_a_failed_trial_leaves_no_weights(study: optuna.Study, tmp_path: Path) -> None:
    trial = begun(study, tmp_path)
    trial.set_user_attr(RECORD, {"state": "failed"})
    study.tell(trial, state=TrialState.FAIL)
    assert folders_left(study, tmp_path) == []
