"""Whatever happens to a process, each trial counts once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from core.errors import SearchError
from core.search.config import Goal, Sampler, SearchConfig
from core.search.space import Categorical, Numbers, SearchSpace
from core.search.study.database import without_password
from core.search.study.grid import GridSampler
from core.search.study.plan import StudyPlan, plan_of, set_plan
from core.search.study.study import open_study, sampler_of, seed_of
from core.search.study.trials import (
    OWNER,
    RECORD,
    Worker,
    counted,
    ended,
    settle_abandoned,
    this_worker,
)
from core.training.config import TrainingConfig
from core.workspace import Project

DEAD = replace(this_worker(), pid=2**22 + 1)


@pytest.fixture
def directory(workspace: Path) -> Path:
    folder = workspace / "projects" / "leaves" / "searches" / "search-1"
    folder.mkdir(parents=True)
    return folder


def config(**changes: Any) -> SearchConfig:
    return SearchConfig(base=TrainingConfig(dataset_version=1), **{"trials": 5, **changes})


def begun(study: optuna.Study, owner: Worker, record: dict[str, Any] | None = None) -> optuna.Trial:
    """A trial at work, that perhaps has written down already how it ended."""
    trial = study.ask()
    trial.suggest_float("l2", 0.001, 1.0, log=True)
    trial.set_user_attr(OWNER, owner.to_json())
    if record is not None:
        trial.set_user_attr(RECORD, record)
    return trial


def record(value: float, state: str = "complete", ended_at: float = 1.0) -> dict[str, Any]:
    return {"state": state, "value": value, "second": None, "ended": ended_at}


def states(study: optuna.Study) -> list[TrialState]:
    return [trial.state for trial in study.get_trials(deepcopy=False)]


def test_a_trial_of_a_dead_process_is_done_again_and_counts_once(directory: Path) -> None:
    study = open_study(directory, config())
    lost = begun(study, DEAD)
    settle_abandoned(study)
    assert states(study) == [TrialState.FAIL, TrialState.WAITING]
    again = study.ask()
    assert again.params == {} or again.number == 1
    assert again.suggest_float("l2", 0.001, 1.0, log=True) == lost.params["l2"]
    again.set_user_attr(RECORD, record(0.5))
    study.tell(again, 0.5)
    assert [trial.number for trial in counted(study.get_trials())] == [1]


def test_a_trial_of_a_living_process_is_left_alone(directory: Path) -> None:
    study = open_study(directory, config())
    begun(study, this_worker())
    settle_abandoned(study)
    assert states(study) == [TrialState.RUNNING]


def test_a_trial_of_another_machine_is_left_to_its_heartbeat(directory: Path) -> None:
    """Processes of another machine are not visible from here."""
    study = open_study(directory, config())
    begun(study, replace(DEAD, host="elsewhere"))
    settle_abandoned(study)
    assert states(study) == [TrialState.RUNNING]


def test_a_trial_of_a_container_before_a_restart_is_done_again(directory: Path) -> None:
    """Without a database one job has the study, so nobody else can be at work."""
    study = open_study(directory, config())
    begun(study, replace(this_worker(), namespace="pid:[1]"))
    settle_abandoned(study)
    assert states(study) == [TrialState.FAIL, TrialState.WAITING]


def test_a_trial_of_a_container_with_the_same_host_name_is_left_to_its_heartbeat(
    directory: Path, tmp_path: Path
) -> None:
    """Its process number means nothing here."""
    study = open_study(directory, config(storage=f"sqlite:///{tmp_path / 'shared.db'}"))
    begun(study, replace(DEAD, namespace="pid:[1]"))
    settle_abandoned(study)
    assert states(study) == [TrialState.RUNNING]


def test_a_trial_killed_after_its_record_is_complete(directory: Path) -> None:
    """Its record was written; only Optuna was not told."""
    study = open_study(directory, config())
    begun(study, DEAD, record(0.75))
    settle_abandoned(study)
    assert states(study) == [TrialState.COMPLETE]
    assert study.best_value == 0.75


def test_a_retried_trial_is_not_taken_for_the_dead_process(directory: Path) -> None:
    """Between being taken and saying whose it is, it would be ended again under its new process."""
    study = open_study(directory, config())
    begun(study, DEAD, record(0.5, "pruned"))
    settle_abandoned(study)
    again = study.ask()
    assert OWNER not in again.user_attrs
    assert RECORD not in again.user_attrs
    settle_abandoned(study)
    assert states(study) == [TrialState.FAIL, TrialState.RUNNING]


def test_a_trial_without_an_owner_is_done_again(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process was killed at once; it would count for ever as being at work."""
    study = open_study(directory, config())
    study.ask()
    seen: dict[int, float] = {}
    settle_abandoned(study, seen)
    assert states(study) == [TrialState.RUNNING]
    monkeypatch.setattr("core.search.study.trials._OWNERLESS_SECONDS", 0.0)
    settle_abandoned(study, seen)
    assert states(study) == [TrialState.FAIL, TrialState.WAITING]


def test_settling_twice_queues_once(directory: Path) -> None:
    study = open_study(directory, config())
    begun(study, DEAD)
    settle_abandoned(study)
    settle_abandoned(study)
    assert states(study) == [TrialState.FAIL, TrialState.WAITING]


def test_failed_trials_count_and_queued_ones_do_not(directory: Path) -> None:
    study = open_study(directory, config())
    failed = begun(study, this_worker(), record(0.0, "failed"))
    study.tell(failed, state=TrialState.FAIL)
    study.enqueue_trial({"l2": 0.5})
    begun(study, this_worker())
    trials = study.get_trials()
    assert [trial.number for trial in counted(trials)] == [0, 1]
    assert [trial.number for trial in ended(trials)] == [0]


def test_trials_stand_in_the_order_in_which_they_ended(directory: Path) -> None:
    study = open_study(directory, config())
    late, early = (begun(study, this_worker(), record(0.5, ended_at=at)) for at in (9.0, 3.0))
    for trial in (late, early):
        study.tell(trial, 0.5)
    assert [trial.number for trial in ended(study.get_trials())] == [1, 0]


def test_another_process_sees_the_same_study(directory: Path) -> None:
    one = open_study(directory, config())
    begun(one, this_worker())
    plan = StudyPlan(deadline=12.5, max_trials=3, is_over=False)
    set_plan(one, plan)
    other = open_study(directory, config(), create=False)
    assert [trial.params for trial in other.get_trials()] == [trial.params for trial in one.get_trials()]
    assert plan_of(other) == plan


def test_a_plan_of_an_earlier_version_is_read(directory: Path) -> None:
    study = open_study(directory, config())
    old = {"deadline": 12.5, "heads_until": None, "trials": 3, "over": False, "rests": True}
    study.set_user_attr("plan", old)
    assert plan_of(study) == StudyPlan(deadline=12.5, max_trials=3, is_over=False, is_paused=True)


def test_a_study_that_has_not_begun_is_over(directory: Path) -> None:
    assert plan_of(open_study(directory, config())).is_over


def test_a_search_that_is_not_there_cannot_be_joined(directory: Path) -> None:
    with pytest.raises(SearchError, match="leaves/search-1"):
        open_study(directory, config(), create=False)


def test_a_loss_is_minimised_and_an_accuracy_maximised(directory: Path) -> None:
    assert open_study(directory, config(goal=Goal.LOSS)).direction.name == "MINIMIZE"
    other = directory.parent / "search-2"
    other.mkdir()
    assert open_study(other, config(goal=Goal.MACRO_F1)).direction.name == "MAXIMIZE"


def test_optuna_opens_the_study_as_it_is(directory: Path) -> None:
    """So does its dashboard, which loads every study of a storage."""
    begun(open_study(directory, config()), this_worker())
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(directory / "journal.log"))
    )
    (summary,) = optuna.get_all_study_summaries(storage)
    assert (summary.study_name, summary.n_trials) == ("leaves/search-1", 1)


def test_processes_and_resumptions_draw_differently(directory: Path) -> None:
    study = open_study(directory, config())
    seeds = {seed_of(config(), 0), seed_of(config(), 1), seed_of(config(seed=1), 0)}
    begun(study, this_worker())
    assert len(seeds | {seed_of(config(), 0, study)}) == 4
    assert seed_of(config(), 0) == seed_of(config(), 0)


@pytest.mark.parametrize("sampler", [one for one in Sampler if one is not Sampler.LADDER])
def test_every_sampler_handles_a_conditional_space(directory: Path, sampler: Sampler) -> None:
    settings = config(sampler=sampler, trials=30)
    study = open_study(directory, settings)
    study.sampler = sampler_of(settings, 0)
    for _ in range(12):
        trial = study.ask()
        settings.space.suggest(trial, settings.base)
        study.tell(trial, 0.5)
    assert {trial.state for trial in study.get_trials()} == {TrialState.COMPLETE}


def test_a_grid_tries_each_setting_of_a_conditional_space_once(directory: Path) -> None:
    """Also after a resumption, which shuffles anew: 4 penalties without, and 2 widths with a hidden layer."""
    space = SearchSpace(
        domains={
            "hidden_layers": Numbers(low=0, high=1, whole=True),
            "hidden_units": Categorical(choices=(64, 128)),
            "l2": Numbers(low=0.001, high=1.0, log=True),
        }
    )
    settings = config(sampler=Sampler.GRID, trials=30, space=space)
    study = open_study(directory, settings)
    for seed in (0, 0, 0, 1, 1, 1):
        sampler = sampler_of(settings, seed)
        assert isinstance(sampler, GridSampler)
        study.sampler = sampler
        assert not sampler.is_exhausted(study)
        trial = study.ask()
        space.suggest(trial, settings.base)
        study.tell(trial, 0.5)
    assert isinstance(sampler, GridSampler)
    assert sampler.is_exhausted(study)
    assert len({tuple(trial.params.items()) for trial in study.get_trials()}) == 6


def test_a_grid_completes_a_trial_that_was_queued_with_some_values(directory: Path) -> None:
    """Warm starts of networks are; the grid has no trial of its own for them."""
    settings = config(sampler=Sampler.GRID)
    study = open_study(directory, settings)
    study.sampler = sampler_of(settings, 0)
    study.enqueue_trial({"hidden_layers": 1, "dropout_rate": 0.123})
    trial = study.ask()
    params = settings.space.suggest(trial, settings.base)
    assert (params["hidden_layers"], params["dropout_rate"]) == (1, 0.123)
    assert params["hidden_units"] in (64, 128, 256, 512)


@pytest.mark.parametrize("address", ["nonsense", "nosuchdatabase://here/x", "sqlite:////no/such/folder/x.db"])
def test_an_unusable_database_is_reported(directory: Path, address: str) -> None:
    with pytest.raises(SearchError, match=r"cannot be used|No driver"):
        open_study(directory, config(storage=address))


def test_a_password_is_never_shown() -> None:
    assert without_password("postgresql://ann:secret@host/db") == "postgresql://ann:…@host/db"
    assert without_password("postgresql://ann:s@cr:e/t@host/db") == "postgresql://ann:…@host/db"
    assert without_password("postgresql:///db?password=secret&host=h") == "postgresql:///db?password=…&host=h"
    assert without_password("postgresql://host/db") == "postgresql://host/db"


def test_this_process_is_this_one() -> None:
    assert this_worker().pid == os.getpid()


def test_the_study_is_named_after_its_project(directory: Path) -> None:
    project = Project(name="leaves", path=directory.parent.parent)
    assert open_study(directory, config()).study_name == f"{project.name}/search-1"
