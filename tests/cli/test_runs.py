"""Runs from the command line: trained, paused, stopped, continued, compared, named, deleted.

Real workers run steps of ``tests/support/job_steps.py`` instead of training.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.launcher import launch
from core.jobs.status import JobState
from core.runs.control import wait_for
from core.training.config import Recipe, TrainingConfig
from core.workspace import find_run, get_project, list_runs
from tests.support.pictures import class_folders, write_folder

Eventually = Callable[..., None]
MakeRun = Callable[..., JobDirectory]
Answer = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]


@pytest.fixture
def answer(capfd: pytest.CaptureFixture[str]) -> Answer:
    """Run a command with ``--json`` in this process, and read what it answers."""

    def run(*arguments: str | Path) -> dict[str, Any]:
        capfd.readouterr()
        code = main([*map(str, arguments), "--json"])
        output = capfd.readouterr()
        assert code == 0, output.err
        return dict(json.loads(output.out))

    return run


@pytest.fixture
def refusal(capfd: pytest.CaptureFixture[str]) -> Refusal:
    """Run a command that ends with exit code 2, and read its sentence."""

    def run(*arguments: str | Path) -> str:
        capfd.readouterr()
        code = main([*map(str, arguments), "--json"])
        output = capfd.readouterr()
        assert (code, output.out) == (2, "")
        return output.err.splitlines()[-1]

    return run


@pytest.fixture
def pets(tmp_path: Path, answer: Answer) -> str:
    answer(
        "import", write_folder(tmp_path / "pets", class_folders({"cats": 4, "dogs": 4})), "--project", "Pets"
    )
    return "Pets"


def let_epochs_end(run: JobDirectory, *epochs: int) -> None:
    for epoch in epochs:
        (run.path / f"go-{epoch}").touch()


def test_training_can_run_in_the_background(
    pets: str, train_with: Callable[..., None], answer: Answer, eventually: Eventually
) -> None:
    """The answer comes at once; status, pause, resume and stop know the run by its id."""
    train_with("count_to_three", "second")
    started = answer("train", "--project", pets, "--detach", "--name", "Night run")
    run = JobDirectory(find_run(started["run"])[1])
    assert started["pid"] == run.process_id()
    eventually(lambda: (run.path / "interim.json").exists())
    (shown,) = answer("status", "--project", pets)["projects"][0]["runs"]
    assert (shown["id"], shown["name"], shown["kind"]) == (run.name, "Night run", "train")
    assert (shown["state"], shown["pid"], shown["stage"]) == ("running", run.process_id(), "training")
    assert answer("pause", run.name) == {"run": run.name, "state": "paused", "epochs": 1}
    let_epochs_end(run, 1)
    assert answer("resume", run.name, "--detach")["run"] == run.name
    eventually(lambda: len(run.metrics()) == 2 and (run.interim_result() or {})["training"]["epochs"] == 2)
    stopped = answer("stop", run.name)
    assert stopped["state"] == "stopped"
    assert (run.result() or {})["second"] is True  # tested and packed, too
    assert (run.result() or {})["training"] == {"epochs": 2}


def test_options_become_settings(pets: str, train_with: Callable[..., None], answer: Answer) -> None:
    train_with("second")
    options = (
        "--recipe balanced --augment flip,rotation=0.1 --views 3 --hidden-units 256,64 --epochs 9 "
        "--batch-size 16 --learning-rate 0.002 --optimizer sgd --schedule constant --loss focal "
        "--label-smoothing 0.1 --imbalance class_weights --monitor validation_macro_f1 --patience 4 "
        "--unfreeze 0.5 --seed 7 --set head.dropout_rate=0.3 --set head.pooling=max --set optimizer.momentum=0.8"
    )
    trained = answer("train", "--project", pets, *options.split())
    assert trained["state"] == "finished"
    config = TrainingConfig.from_json(JobDirectory(find_run(trained["run"])[1]).config())
    assert config.recipe is Recipe.BALANCED
    assert (config.augmentation.flip, config.augmentation.rotation) == ("horizontal", 0.1)
    assert (config.augmented_views, config.epochs, config.batch_size) == (3, 9, 16)
    assert (config.patience, config.unfreeze, config.seed) == (4, 0.5, 7)
    assert (config.head.hidden_units, config.head.dropout_rate, config.head.pooling) == (
        (256, 64),
        0.3,
        "max",
    )
    assert (config.optimizer.kind, config.optimizer.schedule) == ("sgd", "constant")
    assert (config.optimizer.learning_rate, config.optimizer.momentum) == (0.002, 0.8)
    assert (config.loss.kind, config.loss.label_smoothing) == ("focal", 0.1)
    assert (config.imbalance, config.monitor) == ("class_weights", "validation_macro_f1")


def test_defaults_are_those_of_the_recipe(pets: str, train_with: Callable[..., None], answer: Answer) -> None:
    train_with("second")
    answer("train", "--project", pets, "--hidden-units", "0")
    (run,) = list_runs(get_project(pets))
    assert JobDirectory(run).config() == TrainingConfig(dataset_version=1).to_json() | {
        "head": {**TrainingConfig(dataset_version=1).to_json()["head"], "hidden_units": []}
    }


def test_a_finished_run_is_continued(run_of_steps: MakeRun, answer: Answer, refusal: Refusal) -> None:
    run = run_of_steps("count_to_three", "second")
    let_epochs_end(run, 1, 2, 3, 4)
    launch(run)
    assert wait_for(run) is JobState.FINISHED
    assert "nothing to resume" in refusal("resume", run.name)
    assert "nothing to pause" in refusal("pause", run.name)
    assert "0 more epochs" in refusal("resume", run.name, "--epochs", "0")
    continued = answer("resume", run.name, "--epochs", "1")
    assert (continued["run"], continued["state"]) == (run.name, "finished")
    assert [record["epoch"] for record in run.metrics()] == [1, 2, 3, 4]


def test_a_run_paused_elsewhere_is_not_a_failure(
    run_of_steps: MakeRun, answer: Answer, eventually: Eventually
) -> None:
    """Whoever waits for it at another terminal is told."""
    run = run_of_steps("count_to_three", "second")
    write_json(run.path / "status.json", {"state": "paused"})
    told: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: told.append(answer("resume", run.name)))
    waiting.start()
    eventually(lambda: (run.path / "interim.json").exists())
    run.request_pause()
    waiting.join()
    assert told == [{"run": run.name, "state": "paused", "test": None, "seconds": told[0]["seconds"]}]


def test_a_killed_run_is_stopped_and_its_best_kept(
    run_of_steps: MakeRun, answer: Answer, eventually: Eventually
) -> None:
    run = run_of_steps("count_to_three", "second")
    launch(run)
    eventually(lambda: (run.path / "interim.json").exists())
    os.kill(run.process_id() or 0, signal.SIGKILL)
    eventually(lambda: run.status().state is JobState.INTERRUPTED)
    assert answer("stop", run.name)["state"] == "stopped"
    assert run.result() == {"training": {"epochs": 1}, "second": True}


def test_a_full_disk_pauses_a_run_that_resumes_later(
    run_of_steps: MakeRun, answer: Answer, refusal: Refusal
) -> None:
    run = run_of_steps("fill_the_disk", "second")
    write_json(run.path / "status.json", {"state": "interrupted"})
    (run.path / "full").touch()
    assert "is full" in refusal("resume", run.name)
    (run.path / "full").unlink()
    assert answer("resume", run.name)["state"] == "finished"


def test_runs_are_named_compared_and_deleted(run_of_steps: MakeRun, answer: Answer, refusal: Refusal) -> None:
    one, two = run_of_steps("second"), run_of_steps("second", seed=4)
    for run in (one, two):
        write_json(run.path / "status.json", {"state": "finished"})
    assert answer("rename", one.name, "--name", "First", "--note", "no blur") == {
        "run": one.name,
        "name": "First",
        "note": "no blur",
    }
    compared = answer("compare", one.name, two.name)
    assert [(row["run"], row["name"], row["seed"]) for row in compared["runs"]] == [
        (one.name, "First", 0),
        (two.name, two.name, 4),
    ]
    assert compared["differing"] == {"seed": [0, 4]}
    assert compared["same_test_pictures"] is None
    assert compared["comparisons"] == []
    deleted = answer("delete", one.name)
    assert (deleted["run"], deleted["deleted"]) == (one.name, True)
    assert deleted["bytes"] > 0
    assert "There is no run called" in refusal("compare", one.name, two.name)
    assert two.path.is_dir()
