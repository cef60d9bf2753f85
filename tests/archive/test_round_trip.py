"""A project that was saved and opened elsewhere is the project: pictures, answers, runs, what can be resumed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.archive.reading import restore_archive
from core.data.dataset import open_dataset
from core.data.editing.labels import exclude
from core.data.version_record import version_numbers
from core.delivery.certificate.store import FileState
from core.delivery.export import EXPORTERS, state_of
from core.delivery.prediction import Classifier
from core.evaluation.evaluated_run import EvaluatedRun
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.progress import QuietProgress
from core.runs.control import resume, wait_for
from core.workspace import Project, get_project, list_projects, project_of, project_settings, remember_setting
from tests.support.archives import saved
from tests.support.older_workspace import (
    dataset_facts,
    job_facts,
    run_facts,
    search_facts,
    unpack_workspace,
    version_facts,
)
from tests.support.trained import Trained


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The workspace of another computer."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def moved(finished_run: Path, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project of a finished run with a second version and settings, opened elsewhere; the first is gone."""
    project = project_of(finished_run)
    exclude(project, [open_dataset(project).pictures["id"].iloc[0]])
    remember_setting(project, "backbone", "small_cnn")
    saved(project, tmp_path / "digits.zip")
    monkeypatch.setenv("DARKROOM_HOME", str(elsewhere))
    return get_project(restore_archive(tmp_path / "digits.zip", "Moved", QuietProgress()).project)


def test_every_version_of_the_dataset_is_equal(moved: Project, finished_run: Path) -> None:
    project = project_of(finished_run)
    assert version_numbers(moved.dataset) == version_numbers(project.dataset) == [1, 2]
    for version in (1, 2):
        before, after = open_dataset(project, version), open_dataset(moved, version)
        pd.testing.assert_frame_equal(after.all_pictures, before.all_pictures)
        assert (after.class_names, after.digest) == (before.class_names, before.digest)
    for row in range(len(after.pictures)):
        assert after.picture_bytes(row) == before.picture_bytes(row)
        assert after.thumbnail(row) == before.thumbnail(row)


def test_answers_are_equal(moved: Project, finished_run: Path) -> None:
    dataset = open_dataset(moved)
    here, there = Classifier(finished_run), Classifier(moved.runs / finished_run.name)
    for row in range(0, len(dataset.pictures), 7):
        data = dataset.picture_bytes(row)
        assert there.prediction(data) == here.prediction(data)


def test_the_run_opens_in_evaluate_with_results_of_its_jobs(moved: Project, finished_run: Path) -> None:
    """Results older than the report do not count, so times travel too."""
    before, after = EvaluatedRun.open(finished_run), EvaluatedRun.open(moved.runs / finished_run.name)
    assert after.report == before.report
    np.testing.assert_array_equal(after.dataset.groups, before.dataset.groups)
    for path in finished_run.rglob("*"):
        copy = moved.runs / finished_run.name / path.relative_to(finished_run)
        if path.is_file() and copy.exists():
            assert copy.stat().st_mtime_ns == path.stat().st_mtime_ns
    states = [state_of(moved.runs / finished_run.name, exporter) for exporter in EXPORTERS]
    assert states == [state_of(finished_run, exporter) for exporter in EXPORTERS]
    assert FileState.CHANGED not in states


def test_settings_travel_and_the_name_is_the_new_one(moved: Project) -> None:
    assert [project.name for project in list_projects()] == ["Moved"]
    assert project_settings(moved)["backbone"] == "small_cnn"
    assert read_json(moved.settings_file)["name"] == "Moved"


def test_an_interrupted_run_is_resumed_elsewhere(
    trained: Trained, finished_run: Path, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a killed worker leaves it: recorded as running, its steps not done."""
    accuracy = EvaluatedRun.open(finished_run).report.accuracy
    for name in ("result.json", "steps.json", "parity.json", "model.keras", "model.tflite", "labels.json"):
        (finished_run / name).unlink()
    shutil.rmtree(finished_run / "evaluation")
    status = read_json(finished_run / "status.json")
    write_json(finished_run / "status.json", status | {"state": "running"})
    manifest = saved(project_of(finished_run), tmp_path / "digits.zip")
    assert manifest.resumable == (finished_run.name,)
    (elsewhere / "backbones").symlink_to(trained.home / "backbones")
    monkeypatch.setenv("DARKROOM_HOME", str(elsewhere))
    restore_archive(tmp_path / "digits.zip", None, QuietProgress())
    run = JobDirectory(get_project("digits").runs / finished_run.name)
    assert run.status().state is JobState.INTERRUPTED
    resume(run)
    assert wait_for(run) is JobState.FINISHED
    assert EvaluatedRun.open(run.path).report.accuracy == accuracy


@pytest.mark.parametrize("name", ["blank", "multi", "parts", "shapes"])
def test_projects_of_older_versions_travel(
    name: str, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = unpack_workspace("03be4e7", tmp_path / "older")
    monkeypatch.setenv("DARKROOM_HOME", str(home))
    project = get_project(name)
    manifest = saved(project, tmp_path / "older.zip")
    before = _facts(project)
    monkeypatch.setenv("DARKROOM_HOME", str(elsewhere))
    restore_archive(tmp_path / "older.zip", None, QuietProgress())
    assert _facts(get_project(name)) == before
    # Its pictures stayed in a folder of a computer that is no more.
    assert (manifest.missing_pictures > 0) == (name == "parts")


def _facts(project: Project) -> dict[str, object]:
    runs = [JobDirectory(path) for path in sorted(project.runs.iterdir())]
    searches = sorted(project.searches.iterdir()) if project.searches.is_dir() else []
    return {
        "dataset": dataset_facts(project),
        "versions": [version_facts(project, number) for number in version_numbers(project.dataset)],
        "runs": [job_facts(run) | _comparable(run_facts(run)) for run in runs],
        "searches": [search_facts(JobDirectory(path)) for path in searches],
    }


def _comparable(facts: dict[str, object]) -> dict[str, object]:
    """The facts of a run but for the size of its files, some of which stay behind."""
    return {key: value for key, value in facts.items() if key != "disk_bytes"}
