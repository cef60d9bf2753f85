"""Several machines and one PostgreSQL: workspaces that do not see each other, with the same pictures."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from core.data.dataset import open_dataset
from core.errors import ConfigError, DarkroomError, NotFoundError, SearchError
from core.files import read_json
from core.jobs.directory import JobDirectory
from core.jobs.ending import record_results
from core.jobs.status import JobState
from core.messages import Message
from core.models.head import HeadWeights
from core.progress import JobPaused
from core.runs.start_runs import start_search
from core.search.analysis.promote_trial import promote_best_trial, promote_trial
from core.search.config import Goal, Scoring, SearchConfig
from core.search.job import conclude, search
from core.search.records import ranked, read_trials, trial_folder
from core.search.study import weight_transfer
from core.search.study.database import STALE_VARIABLE, database_in_use, driver_address
from core.search.study.plan import StudyPlan, plan_of, set_plan
from core.search.study.shared_spec import find_shared_spec, write_shared_spec
from core.search.study.study import open_study
from core.search.study.trials import (
    MACHINE_VARIABLE,
    OWNER,
    RECORD,
    counted,
    settle_abandoned,
    this_worker,
)
from core.search.study.weight_transfer import WeightTransfer, weight_transfer_of
from core.search.workers.remote_worker import join
from core.training.artifacts import head_file
from core.training.config import TrainingConfig
from core.workspace import Project
from tests.search.postgresql import MISSING, PASSWORD, QUOTED, Server, programs, running_server
from tests.search.test_job import LINEAR, Pausing, searched
from tests.support.command_line import answer_of, start_command, wait_until
from tests.support.progress_recorder import Recorder
from tests.support.search_processes import (
    counts_of,
    home_of,
    is_not_lost,
    kill_in_a_trial,
    no_survivors,
    numbers,
    start_detached,
    study_of,
    wait_for_trials,
)
from tests.support.trained import Trained, copy_dataset

pytestmark = pytest.mark.skipif(programs() is None, reason=MISSING)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        yield started


@pytest.fixture
def storage(server: Server) -> str:
    return server.new_database()


@pytest.fixture
def elsewhere(trained: Trained, tmp_path: Path) -> Project:
    """The same pictures in the workspace of another machine."""
    return copy_dataset(trained, tmp_path / "elsewhere")


@pytest.fixture
def other_machine(elsewhere: Project, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """From here on this process works on the other machine."""
    monkeypatch.setenv("DARKROOM_HOME", str(home_of(elsewhere)))
    monkeypatch.setenv(MACHINE_VARIABLE, "other")
    return monkeypatch


def start_worker(project: Project, job: JobDirectory, storage: str, machine: str) -> subprocess.Popen[str]:
    """``search --worker`` on another machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MACHINE_VARIABLE, machine)
        return start_command(home_of(project), "search", "--worker", job.name, "--storage", storage)


def going_on(job: JobDirectory, config: SearchConfig, project: Project) -> optuna.Study:
    """A search that has begun, whose own process is somewhere else."""
    study = open_study(job.path, config)
    write_shared_spec(study, config, open_dataset(project))
    set_plan(study, StudyPlan(max_trials=config.trials, is_over=False))
    return study


def test_a_password_stays_in_the_address(digits_project: Project, storage: str) -> None:
    """Nothing but the config holds it, and no other user can read that."""
    config = SearchConfig(
        base=TrainingConfig(dataset_version=1, epochs=40), trials=2, space=LINEAR,
        scoring=Scoring.VALIDATION, storage=storage,
    )  # fmt: skip
    with no_survivors(digits_project):
        job = start_search(digits_project, config)
        wait_until(lambda: job.status().state is JobState.FINISHED, "the search to end")
    holders = {
        file.name
        for file in home_of(digits_project).rglob("*")
        if file.is_file()
        and (QUOTED.encode() in (content := file.read_bytes()) or PASSWORD.encode() in content)
    }
    assert holders == {"config.json"}
    assert stat.S_IMODE((job.path / "config.json").stat().st_mode) == 0o600
    study = open_study(job.path, config, create=False)
    assert QUOTED not in str(study.user_attrs)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong-one"}, "password authentication failed"),
        ({"database": "nosuch"}, 'database "nosuch" does not exist'),
        ({"user": "bob"}, "authentication failed for user"),
    ],
)
def test_a_server_that_refuses_is_quoted(
    digits_project: Project, server: Server, change: dict[str, str], words: str
) -> None:
    address = server.address(**{"database": "postgres", **change})
    job, config = searched(digits_project, storage=address)
    with pytest.raises(SearchError, match=words) as refused:
        open_study(job.path, config)
    assert address.split(":")[2].split("@")[0] not in str(refused.value)


def test_a_server_that_is_down_is_named(digits_project: Project) -> None:
    job, config = searched(digits_project, storage="postgresql://ann:pass-word@127.0.0.1:1/x")
    with pytest.raises(SearchError, match=r"postgresql://ann:…@127.0.0.1:1/x cannot be used: .*refused"):
        open_study(job.path, config)


def test_a_password_that_would_be_taken_for_a_machine_is_refused(digits_project: Project) -> None:
    """“s@cret/7” unquoted would have the database look for a machine called “cret”, and say so."""
    job, config = searched(digits_project, storage=f"postgresql://ann:{PASSWORD}@127.0.0.1/x")
    with pytest.raises(SearchError, match="write @ as %40") as refused:
        open_study(job.path, config)
    assert "cret" not in str(refused.value)


def test_addresses_are_taken_as_people_write_them(
    digits_project: Project, server: Server, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        driver_address("postgres://h/d") == driver_address("postgresql://h/d") == "postgresql+psycopg://h/d"
    )
    assert driver_address("sqlite:///x.db") == "sqlite:///x.db"
    job, config = searched(digits_project, storage=storage.replace("postgresql://", "postgres://"))
    open_study(job.path, config)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    without = storage.replace(f":{QUOTED}", "")
    assert open_study(job.path, searched(digits_project, "search-2", storage=without)[1]).trials == []


def test_a_lost_database_is_explained(digits_project: Project, server: Server) -> None:
    storage = server.new_database()
    job, config = searched(digits_project, storage=storage)
    study = open_study(job.path, config)
    server.close(storage)
    with pytest.raises(SearchError, match="stopped answering") as lost, database_in_use(storage):
        study.get_trials()
    assert QUOTED not in str(lost.value)


def start_held(project: Project, server: Server, storage: str, trials: int) -> JobDirectory:
    """A search whose process is held still after its first trial, so that trials are left for others."""
    job = start_detached(project, "--trials", str(trials), "--storage", storage)
    name = f"digits/{job.name}"
    wait_until(lambda: name in optuna.get_all_study_names(driver_address(storage)), "the study")
    find_shared_spec(storage, name)  # a search held before this is published can never be joined
    wait_for_trials(job, 1)
    own = job.process_id()
    assert own is not None

    def is_held() -> bool:
        """Held within a transaction, it would keep its locks, and others would wait for them."""
        os.kill(own, signal.SIGSTOP)
        if server.is_in_transaction(storage):
            os.kill(own, signal.SIGCONT)
            return False
        return True

    wait_until(is_held, "the search to rest")
    return job


def go_on(job: JobDirectory) -> None:
    own = job.process_id()
    assert own is not None
    os.kill(own, signal.SIGCONT)


def test_two_machines_share_the_trials_and_the_best_weights_come_over(
    digits_project: Project, elsewhere: Project, server: Server, storage: str
) -> None:
    with no_survivors(digits_project, elsewhere):
        job = start_held(digits_project, server, storage, 20)
        study = study_of(job)
        worker = start_worker(elsewhere, job, storage, "other")
        wait_until(lambda: done_by(study, "other") >= 1 or worker.poll() is not None, "a trial of the worker")
        go_on(job)
        helped = answer_of(worker)
        assert counts_of(job) == {"complete": 20, "pruned": 0, "failed": 0}
    assert len(numbers(job)) == len(set(numbers(job))) == 20
    assert helped["search"] == job.name
    assert 1 <= helped["trials"] == done_by(study, "other") < 20
    best = ranked(read_trials(job.path), Goal.ACCURACY)
    assert all(trial.has_weights for trial in best[:8])
    run = digits_project.runs / (job.result() or {})["run"]
    assert HeadWeights.load(head_file(run)).layers


def done_by(study: optuna.Study, machine: str) -> int:
    trials = study.get_trials(deepcopy=False)
    return sum(
        trial.user_attrs.get(RECORD, {}).get("worker", "").startswith(f"{machine}:") for trial in trials
    )


def test_a_machine_that_dies_gives_its_trial_back(
    digits_project: Project,
    elsewhere: Project,
    server: Server,
    storage: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody here can see whether a process lives there: its heartbeat tells."""
    monkeypatch.setenv(STALE_VARIABLE, "3")
    with no_survivors(digits_project, elsewhere):
        job = start_held(digits_project, server, storage, 20)
        worker = start_worker(elsewhere, job, storage, "other")
        lost = kill_in_a_trial(job, worker.pid)
        worker.communicate()
        go_on(job)
        assert counts_of(job) == {"complete": 20, "pruned": 0, "failed": 0}
    assert len(set(numbers(job))) == 20
    assert is_not_lost(job, lost)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_asked_to_leave_puts_its_trial_back(
    digits_project: Project, elsewhere: Project, storage: str, number: signal.Signals
) -> None:
    job, config = searched(digits_project, storage=storage, trials=1000)
    study = going_on(job, config, digits_project)
    worker = start_worker(elsewhere, job, storage, "other")
    wait_until(lambda: done_by(study, "other") >= 1, "the worker's first trial")
    worker.send_signal(number)
    helped = answer_of(worker)
    assert helped["trials"] == done_by(study, "other")
    trials = study.get_trials()
    assert not [trial for trial in trials if trial.state is TrialState.RUNNING]
    retried = {number for trial in trials for number in trial.system_attrs.get("retry_history", ())}
    lost = {trial.number for trial in trials if trial.state is TrialState.FAIL and OWNER in trial.user_attrs}
    assert lost == retried


def test_other_pictures_or_another_split_are_refused(
    digits_project: Project, elsewhere: Project, storage: str, other_machine: pytest.MonkeyPatch
) -> None:
    job, config = searched(digits_project, storage=storage)
    study = going_on(job, config, digits_project)
    spec = dict(study.user_attrs["shared_spec"])
    for name, value, words in (
        ("count", 0, "60 pictures to learn from"),
        ("pictures", "0", "its pictures are different"),
        ("labels", "0", "different classes"),
        ("split", "0", "split differently"),
    ):
        study.set_user_attr("shared_spec", spec | {"pictures": spec["pictures"] | {name: value}})
        with pytest.raises(SearchError, match=words):
            join(job.name, storage=storage)
    assert not (elsewhere.searches / job.name).exists()


@pytest.mark.parametrize(
    ("name", "project", "has_storage", "error", "words"),
    [
        ("search-9", "", True, SearchError, "no search called “search-9” in postgresql://ann:…@"),
        ("search-9", "", False, NotFoundError, "--storage"),
        ("search-1", "birds", True, NotFoundError, "no project called “birds”"),
    ],
)
def test_a_search_that_cannot_be_joined_is_refused(
    digits_project: Project, elsewhere: Project, storage: str, other_machine: pytest.MonkeyPatch,
    name: str, project: str, has_storage: bool, error: type[DarkroomError], words: str,
) -> None:  # fmt: skip
    job, config = searched(digits_project, storage=storage)
    going_on(job, config, digits_project)
    with pytest.raises(error, match=words):
        join(name, project=project, storage=storage if has_storage else "")


def test_searches_of_the_same_name_are_told_apart_by_their_projects(
    digits_project: Project, elsewhere: Project, storage: str, other_machine: pytest.MonkeyPatch
) -> None:
    job, config = searched(digits_project, storage=storage, trials=2)
    study = going_on(job, config, digits_project)
    optuna.create_study(study_name="leaves/search-1", storage=driver_address(storage))
    with pytest.raises(SearchError, match="digits/search-1, leaves/search-1"):
        join("search-1", storage=storage)
    assert join("digits/search-1", storage=storage)["trials"] == 2
    assert len(counted(study.get_trials())) == 2


def test_weights_that_are_too_large_stay_where_they_are(
    digits_project: Project, elsewhere: Project, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search says where, and the command given there makes them a run; nothing is trained again."""
    job, config = searched(digits_project, storage=storage, trials=3)
    going_on(job, config, digits_project)
    with pytest.MonkeyPatch.context() as there:
        there.setattr(weight_transfer, "MOST_BYTES", 10)
        there.setenv("DARKROOM_HOME", str(home_of(elsewhere)))
        there.setenv(MACHINE_VARIABLE, "other")
        assert join(job.name, storage=storage)["trials"] == 3
    search(job.path, job.config(), Recorder())
    assert not any(trial.has_weights for trial in read_trials(job.path))
    result = conclude(job.path, job.config(), Recorder())
    best = result["search"]["best"]["number"]
    there_folder = elsewhere.searches / job.name
    words = str(Message.from_json(result["search"]["weights_elsewhere"]))
    assert f"on the machine other, in {trial_folder(there_folder, best)}" in words
    assert words.endswith(f"python -m core trials {job.name} --run {best}")
    record_results(job.path, result)
    assert promote_best_trial(job.path, job.config(), Recorder()) == {"run": ""}
    made = promote_trial(JobDirectory(there_folder), best)
    assert read_json(made.path / "steps.json")["done"] == ["train"]


def test_weights_arrive_as_they_were(digits_project: Project, elsewhere: Project, storage: str) -> None:
    job, config = searched(digits_project, storage=storage, trials=2)
    going_on(job, config, digits_project)
    with pytest.MonkeyPatch.context() as there:
        there.setenv("DARKROOM_HOME", str(home_of(elsewhere)))
        there.setenv(MACHINE_VARIABLE, "other")
        join(job.name, storage=storage)
    search(job.path, job.config(), Recorder())
    for trial in read_trials(job.path):
        assert trial.has_weights
        here, there_ = (
            trial_folder(path, trial.number) for path in (job.path, elsewhere.searches / job.name)
        )
        assert head_file(here).read_bytes() == head_file(there_).read_bytes()
        HeadWeights.load(head_file(here))


def test_weights_of_a_beaten_trial_leave_the_database(
    digits_project: Project, storage: str, tmp_path: Path
) -> None:
    job, config = searched(digits_project, storage=storage, trials=2)
    search(job.path, job.config(), Recorder())
    transfer = weight_transfer_of(job.path, config)
    assert isinstance(transfer, WeightTransfer)
    for number in (5, 6):
        assert transfer.send(number, trial_folder(job.path, 0))
    assert transfer.pending() == {5, 6}
    transfer.delete({5})
    transfer.receive(6, tmp_path)
    assert transfer.pending() == set()
    assert (
        head_file(trial_folder(tmp_path, 6)).read_bytes() == head_file(trial_folder(job.path, 0)).read_bytes()
    )


def test_a_helped_search_is_not_gone_on_with_elsewhere(
    digits_project: Project, elsewhere: Project, storage: str, other_machine: pytest.MonkeyPatch
) -> None:
    """Two processes that both think the search is theirs would end each other's trials."""
    job, config = searched(digits_project, storage=storage, trials=1)
    going_on(job, config, digits_project)
    join(job.name, storage=storage)
    there = JobDirectory(elsewhere.searches / job.name)
    assert there.status().state is JobState.STOPPED
    with pytest.raises(SearchError, match="search of another machine"):
        search(there.path, there.config(), Recorder())
    with pytest.raises(ConfigError, match="--storage"):
        join(job.name)


def test_a_worker_leaves_a_paused_search(
    digits_project: Project, elsewhere: Project, storage: str, other_machine: pytest.MonkeyPatch
) -> None:
    job, config = searched(digits_project, storage=storage, trials=5)
    with pytest.raises(JobPaused):
        search(job.path, job.config(), Pausing(job.path, after=1))
    study = open_study(job.path, config, create=False)
    assert (plan_of(study).is_paused, plan_of(study).is_over) == (True, False)
    done = len(counted(study.get_trials()))
    join(job.name, storage=storage)
    assert len(counted(study.get_trials())) == done < 5


def test_a_trial_that_was_given_away_counts_once(digits_project: Project, storage: str) -> None:
    """Its process was not heard of for too long, and comes back when another has done it."""
    job, config = searched(digits_project, storage=storage)
    study = open_study(job.path, config)
    set_plan(study, StudyPlan(max_trials=4, is_over=False))
    late = study.ask()
    late.set_user_attr(OWNER, replace(this_worker(), host="other").to_json())
    study.tell(late.number, state=TrialState.FAIL)  # as a stale heartbeat has it
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        late.set_user_attr(RECORD, {"state": "complete"})
    settle_abandoned(study)
    assert [trial.state for trial in study.get_trials()] == [TrialState.FAIL]
    assert counted(study.get_trials()) == []
