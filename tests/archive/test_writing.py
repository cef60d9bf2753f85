"""A project archive holds what the project is, and nothing of the computer that it was saved on."""

from __future__ import annotations

import errno
import io
import json
import os
import time
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.archive.reading import restore_archive
from core.archive.records import MANIFEST, Part, SaveRequest
from core.archive.writing import write_archive
from core.data.dataset import open_dataset
from core.data.editing.versions import restore_version
from core.data.import_config import ImportConfig
from core.data.importing import add_pictures, import_dataset
from core.errors import ArchiveError, BusyError, NotFoundError
from core.evaluation.ensemble import EnsembleConfig
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.processes import ProcessRecord
from core.progress import JobStopped, QuietProgress, Stage
from core.records import write_record
from core.search.config import SearchConfig
from core.training.config import TrainingConfig
from core.workspace import Project, get_project
from tests.support.archives import members_of, saved
from tests.support.batches import waiting_batch
from tests.support.pictures import class_folders, digit, write_folder
from tests.support.progress_recorder import Recorder

PASSWORD = "hunter2"


def ended(job: JobDirectory) -> JobDirectory:
    """A job that was made long ago, and whose worker is gone."""
    values = read_json(job.path / "config.json")
    write_json(job.path / "config.json", values | {"created": time.time() - 3600})
    return job


def made_run(project: Project, name: str = "run-1") -> JobDirectory:
    config = TrainingConfig(dataset_version=1).to_json()
    return ended(JobDirectory.create(project.runs / name, JobKind.TRAIN, config))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "saved" / "project.zip"


def test_an_archive_holds_pictures_thumbnails_versions_and_settings(
    digits_project: Project, file: Path
) -> None:
    saved(digits_project, file)
    names = set(members_of(file))
    kept = [path for path in digits_project.dataset.rglob("*") if path.is_file()]
    folders = {"images", "thumbnails", "versions"}
    expected = {
        f"project/dataset/{path.relative_to(digits_project.dataset).as_posix()}"
        for path in kept
        if path.relative_to(digits_project.dataset).parts[0] in folders
    }
    assert len(expected) == 2 * 60 + 2
    assert expected | {"project/project.json", MANIFEST} <= names


def test_caches_locks_and_files_of_processes_stay_here(digits_project: Project, file: Path) -> None:
    run = made_run(digits_project).path
    # No system gives numbers as high as this.
    write_record(run / "process.json", replace(ProcessRecord.of(), pid=2**30))
    for name in ("worker.log", "lease.json", "reserve", "stop.request", ".labels.lock"):
        (run / name).write_bytes(b"of this computer")
    (run / "activations").mkdir()
    (run / "activations" / "0.npy").write_bytes(b"rebuilt when needed")
    (digits_project.dataset / "arrays").mkdir(exist_ok=True)
    (digits_project.dataset / "arrays" / "a.npy").write_bytes(b"rebuilt when needed")
    assert (digits_project.dataset / "features").is_dir()
    saved(digits_project, file)
    folders = {name.rpartition("/")[0] for name in members_of(file)}
    assert [name for name in members_of(file) if "/run-1/" in name] == ["project/runs/run-1/config.json"]
    assert not [
        name for name in folders if name.startswith(("project/dataset/arrays", "project/dataset/features"))
    ]


def test_a_log_of_answers_travels_only_if_asked_for(digits_project: Project, file: Path) -> None:
    log = digits_project.path / "answers" / "log-000001.jsonl"
    log.parent.mkdir()
    log.write_text("{}\n", encoding="utf-8")
    saved(digits_project, file)
    assert "project/answers/log-000001.jsonl" not in members_of(file)
    saved(digits_project, file, parts=(Part.ANSWERS,))
    assert "project/answers/log-000001.jsonl" in members_of(file)


def test_chosen_runs_travel_with_the_members_of_their_ensembles(digits_project: Project, file: Path) -> None:
    for name in ("run-1", "run-2", "run-3"):
        made_run(digits_project, name)
    config = EnsembleConfig(
        members=("run-1", "run-3"),
        weights=(0.5, 0.5),
        backbones=("a", "b"),
        input_size=224,
        dataset_version=1,
    )
    ended(JobDirectory.create(digits_project.runs / "run-4", JobKind.ENSEMBLE, config.to_json()))
    manifest = saved(digits_project, file, runs=("run-4",))
    assert manifest.runs == ("run-4", "run-3", "run-1")
    assert not [name for name in members_of(file) if "/run-2/" in name]
    with pytest.raises(NotFoundError, match="run-9"):
        saved(digits_project, file, runs=("run-9",))


def test_a_picture_that_cannot_be_read_is_counted_as_missing(
    workspace: Path, tmp_path: Path, file: Path
) -> None:
    """Before, saving failed, and the sentence said that the archive could not be written."""
    source = write_folder(tmp_path / "mine", class_folders({"cats": 10, "dogs": 10}))
    project = import_dataset(source, "Pets", ImportConfig(refer=True)).project
    unreadable = next(source.rglob("*.png"))
    unreadable.unlink()
    unreadable.mkdir()
    assert saved(project, file).missing_pictures == 1


def test_a_picture_that_was_copied_and_later_referred_to_travels_once(
    workspace: Path, tmp_path: Path, file: Path
) -> None:
    """Its copy stays for the earlier version, and one name may stand for one member alone."""
    source = write_folder(tmp_path / "mine", class_folders({"cats": 10, "dogs": 10}))
    more = write_folder(
        tmp_path / "more", {f"cats/{number}.png": digit(number) for number in range(900, 905)}
    )
    project = import_dataset(source, "Pets", ImportConfig()).project
    add_pictures(project, more, ImportConfig())
    restore_version(project, 1)
    add_pictures(project, more, ImportConfig(refer=True))
    assert (open_dataset(project).all_pictures["location"] != "").sum() == 5
    saved(project, file)
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    restore_archive(file, "Again", QuietProgress())
    assert open_dataset(get_project("Again")).digest == open_dataset(project).digest


def test_pictures_that_stayed_in_a_folder_travel_and_the_folder_is_forgotten(
    workspace: Path, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other computer has no such folder, and must not read one of that name."""
    source = write_folder(tmp_path / "mine", class_folders({"cats": 10, "dogs": 10}))
    project = import_dataset(source, "Pets", ImportConfig(refer=True)).project
    before = open_dataset(project)
    pictures = [before.picture_bytes(row) for row in range(20)]
    gone, changed, *_ = source.rglob("*.png")
    gone.unlink()
    changed.write_bytes(changed.read_bytes()[::-1])
    opened, open_file = Counter[str](), io.open

    def counting(name: Any, *arguments: Any, **options: Any) -> Any:
        opened[str(name)] += 1
        return open_file(name, *arguments, **options)

    monkeypatch.setattr(io, "open", counting)
    manifest = saved(project, file)
    assert manifest.missing_pictures == 2
    # Each is read once, although its sum must be right.
    assert {count for name, count in opened.items() if Path(name).is_relative_to(source)} == {1}
    restore_archive(file, "Again", QuietProgress())
    restored = open_dataset(get_project("Again"))
    assert (restored.pictures["location"] == "").all()
    assert restored.digest == before.digest
    found = [restored.image_path(row).exists() for row in range(20)]
    assert found.count(True) == 18
    row = found.index(True)
    assert restored.picture_bytes(row) == pictures[row]
    assert not [name for name, content in members_of(file).items() if str(source).encode() in content]


def test_the_address_of_a_shared_search_stays_here(digits_project: Project, file: Path) -> None:
    """It may hold a password, and a resumed search would write into that database."""
    config = SearchConfig(
        base=TrainingConfig(dataset_version=1), trials=3, storage=f"postgresql://me:{PASSWORD}@host/studies"
    )
    ended(JobDirectory.create(digits_project.searches / "search-1", JobKind.SEARCH, config.to_json()))
    saved(digits_project, file)
    members = members_of(file)
    assert not [name for name, content in members.items() if PASSWORD.encode() in content]
    stored = json.loads(members["project/searches/search-1/config.json"])["config"]
    assert stored == {**config.to_json(), "storage": ""}


def test_folders_of_the_server_that_a_batch_was_read_from_stay_here(
    finished_run: Path, tmp_path: Path, file: Path
) -> None:
    project = Project(name="digits", path=finished_run.parent.parent)
    ended(waiting_batch(finished_run, tmp_path / "secret" / "holiday", Path("sources/a.zip")))
    saved(project, file)
    stored = json.loads(members_of(file)["project/predictions/batch-1/config.json"])["config"]
    assert stored["sources"] == ["holiday", "sources/a.zip"]


def test_a_project_at_work_is_not_saved(digits_project: Project, file: Path) -> None:
    """Its checkpoints would be of two moments. A paused run is saved, and resumed where it is opened."""
    config = TrainingConfig(dataset_version=1).to_json()
    # In its first seconds a job counts as starting.
    run = JobDirectory.create(digits_project.runs / "run-1", JobKind.TRAIN, config)
    with pytest.raises(BusyError, match=r"run-1.*Pause"):
        saved(digits_project, file)
    assert not file.exists()
    ended(run)
    assert saved(digits_project, file).resumable == ("run-1",)


def test_a_change_while_a_project_is_saved_leaves_no_file(digits_project: Project, file: Path) -> None:
    class Meddling(QuietProgress):
        def advance(self, done: int, total: int, likely: float | None = None) -> None:
            write_json(digits_project.settings_file, {"schema_version": 1, "settings": {}})

    with pytest.raises(ArchiveError, match=r"changed while it was saved \(project.json\)"):
        write_archive(digits_project, SaveRequest(), file, Meddling())
    assert list(file.parent.iterdir()) == []


def test_a_stop_leaves_nothing(digits_project: Project, file: Path) -> None:
    recorder = Recorder(stop=lambda recorder: len(recorder.steps) > 20)
    recorder.stage(Stage.SAVING)
    with pytest.raises(JobStopped):
        write_archive(digits_project, SaveRequest(), file, recorder)
    assert list(file.parent.iterdir()) == []


def test_a_disk_that_fills_leaves_nothing(digits_project: Project, file: Path) -> None:
    class Filling(QuietProgress):
        def advance(self, done: int, total: int, likely: float | None = None) -> None:
            if done > total / 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        write_archive(digits_project, SaveRequest(), file, Filling())
    assert list(file.parent.iterdir()) == []


def test_progress_reaches_the_end(digits_project: Project, file: Path) -> None:
    recorder = Recorder()
    recorder.stage(Stage.SAVING)
    write_archive(digits_project, SaveRequest(), file, recorder)
    steps = recorder.steps_in(Stage.SAVING)
    assert steps[-1][0] == steps[-1][1] == max(done for done, _ in steps)


def test_the_table_of_pictures_is_that_of_the_project(digits_project: Project, file: Path) -> None:
    """A version without places of this computer is copied byte for byte."""
    saved(digits_project, file)
    manifest = digits_project.dataset / "versions" / "0001.parquet"
    content = members_of(file)["project/dataset/versions/0001.parquet"]
    assert content == manifest.read_bytes()
    assert (pd.read_parquet(io.BytesIO(content))["location"] == "").all()
