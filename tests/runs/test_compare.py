"""Runs are named, compared, deleted and repeated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from core.delivery.files import parity_file, tflite_file
from core.errors import BusyError
from core.evaluation.metrics.averages import Averages
from core.evaluation.report import MultiClassReport, write_report
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.runs.compare import (
    About,
    cloned_config,
    compare_runs,
    delete_run,
    describe_run,
    differing_settings,
    run_about,
    run_title,
)
from core.training.config import Recipe, TrainingConfig
from core.workspace import Project

MakeRun = Callable[..., JobDirectory]


@pytest.fixture
def make_run(project: Project) -> MakeRun:
    def make(name: str, **settings: Any) -> JobDirectory:
        config = TrainingConfig(**{"dataset_version": 1, **settings})
        return JobDirectory.create(project.runs / name, JobKind.TRAIN, config.to_json())

    return make


def finish(run: JobDirectory, accuracy: float, labels: dict[str, str]) -> None:
    """Write what training, evaluation and delivery leave, as far as a comparison reads it."""
    write_json(
        run.path / "status.json", {"state": "finished", "seconds": {"training": 8.5, "exporting": 4.0}}
    )
    best = {"epoch": 3, "validation_accuracy": accuracy + 0.125, "validation_loss": 0.5}
    write_json(run.path / "result.json", {"training": {"epochs": 7, "best": best}})
    report = MultiClassReport(
        pictures=2,
        correct=round(2 * accuracy),
        accuracy=accuracy,
        accuracy_interval=(0.25, 0.75),
        macro=Averages(f1=0.4),
    )
    table = pd.DataFrame(
        {
            "id": list(labels),
            "label": list(labels.values()),
            "split": ["test"] * (len(labels) - 1) + ["validation"],
            "confidence": [0.5] * len(labels),
        }
    )
    write_report(run.path, report, table)
    tflite_file(run.path).write_bytes(b"x" * 1000)
    write_json(parity_file(run.path), {})


def test_a_run_has_its_own_name_until_it_is_given_one(make_run: MakeRun) -> None:
    run = make_run("run-1")
    assert (run_title(run), run_about(run)) == ("run-1", About())
    describe_run(run, name="  Without\n blurred ones ", note=" 猫: 40 pictures\nleft out ")
    assert run_title(run) == "Without blurred ones"
    describe_run(run, note="")
    assert run_about(run) == About(name="Without blurred ones", note="")
    assert len(describe_run(run, name="x" * 500).name) == 80


def test_runs_are_compared_by_accuracy_and_cost(make_run: MakeRun) -> None:
    one = make_run("run-1", seed=3)
    two = make_run("run-2", recipe=Recipe.BALANCED, dataset_version=2)
    finish(one, 0.5, {"a": "cat", "b": "dog", "c": "cat"})
    describe_run(one, name="Quick one")
    write_json(one.path / "environment.json", {"keras": "3.15.1"})
    comparison = compare_runs([one, two])
    first, second = comparison.rows
    assert (first.run, first.name, first.state) == ("run-1", "Quick one", JobState.FINISHED)
    assert (first.recipe, first.backbone, first.dataset_version, first.seed) == (
        "quick",
        "efficientnet_lite0",
        1,
        3,
    )
    assert (first.epochs, first.validation_accuracy, first.validation_loss) == (7, 0.625, 0.5)
    assert (first.test_accuracy, first.test_interval, first.test_macro_f1) == (0.5, (0.25, 0.75), 0.4)
    assert (first.test_pictures, first.seconds, first.model_bytes) == (2, 12.5, 1000)
    assert first.disk_bytes > 1000
    assert first.environment.packages == {"keras": "3.15.1"}
    assert (second.name, second.recipe, second.epochs, second.test_accuracy) == (
        "run-2",
        "balanced",
        None,
        None,
    )
    assert (second.test_interval, second.model_bytes) == (None, None)
    assert comparison.differing == {
        "dataset_version": (1, 2),
        "recipe": ("quick", "balanced"),
        "epochs": (200, 12),
        "patience": (8, 5),
        "seed": (3, 0),
    }
    assert comparison.has_same_test is None  # the second is not tested


@pytest.mark.parametrize(
    ("labels", "is_same"),
    [
        ({"b": "dog", "a": "cat", "d": "cat"}, True),  # in another order; other validation pictures
        ({"a": "cat", "b": "cat", "c": "cat"}, False),  # b was relabelled
        ({"a": "cat", "e": "dog", "c": "cat"}, False),
        ({"a": "cat", "b": "dog", "e": "dog", "c": "cat"}, False),  # one more
    ],
)
def test_only_the_same_test_pictures_make_accuracies_comparable(
    make_run: MakeRun, labels: dict[str, str], is_same: bool
) -> None:
    one, two = make_run("run-1"), make_run("run-2")
    finish(one, 0.5, {"a": "cat", "b": "dog", "c": "cat"})
    finish(two, 0.9, labels)
    assert compare_runs([one, two]).has_same_test is is_same


def test_differing_settings_have_dotted_names() -> None:
    records = [
        {"head": {"l2": 0.0, "units": (64,)}, "seed": 1},
        {"head": {"l2": 0.1, "units": [64]}, "seed": 1},
    ]
    assert differing_settings(records) == {"head.l2": (0.0, 0.1)}
    assert differing_settings([{"a": 1}, {}, {"a": 1}]) == {"a": (1, None, 1)}
    assert differing_settings([{"a": 1}]) == {}


def test_the_settings_of_a_run_can_be_used_again(make_run: MakeRun) -> None:
    run = make_run("run-1", seed=5, epochs=9)
    run.extend({"epochs": 12})
    assert cloned_config(run) == TrainingConfig(dataset_version=1, seed=5, epochs=12)


def test_a_run_is_deleted_with_its_own_files(make_run: MakeRun, project: Project) -> None:
    run, other = make_run("run-1"), make_run("run-10")
    own = project.dataset / "features" / "run-1-0123456789abcdef"
    shared = [project.dataset / "features" / name for name in ("efficientnet_lite0-1", "run-10-0123")]
    for folder in (own, *shared):
        folder.mkdir(parents=True)
        (folder / "chunk.npy").write_bytes(b"x" * 500)
    jobs = [
        JobDirectory.create(
            project.jobs / f"finish-{name}", JobKind.FINISH, {"job": str(run.path), "steps": []}
        )
        for name, run in (("a", run), ("b", other))
    ]
    for job in jobs:
        write_json(job.path / "status.json", {"state": "finished"})
    write_json(run.path / "status.json", {"state": "paused"})
    assert delete_run(run) > 500
    assert [path.name for path in project.runs.iterdir()] == ["run-10"]
    assert [path.name for path in project.jobs.iterdir()] == ["finish-b"]
    assert not own.exists()
    assert all((folder / "chunk.npy").exists() for folder in shared)
    staging = project.path.parent.parent / "staging"
    assert list(staging.iterdir()) == []


def test_a_run_at_work_is_not_deleted(make_run: MakeRun, project: Project) -> None:
    """Nor one that is being packed: its worker would write into nowhere."""
    process = psutil.Process()
    alive = {"pid": process.pid, "started": process.create_time()}
    run = make_run("run-1")
    write_json(run.path / "process.json", alive)
    with pytest.raises(BusyError, match="“run-1” is at work"):
        delete_run(run)
    write_json(run.path / "status.json", {"state": "stopped"})
    rest = JobDirectory.create(project.jobs / "finish-1", JobKind.FINISH, {"job": str(run.path), "steps": []})
    write_json(rest.path / "process.json", alive)
    with pytest.raises(BusyError):
        delete_run(run)
    assert Path(run.path / "config.json").exists()
