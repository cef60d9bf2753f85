"""A full disk is recognised through whatever library meets it, and leaves room for the last word."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import WorkspaceError
from core.jobs.directory import JobDirectory
from core.jobs.disk import Reserve, disk_full_message, is_disk_full
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.jobs.worker import Worker
from core.workspace import Project


def wrapped(cause: Exception) -> Exception:
    error = WorkspaceError("The workspace cannot be written.")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        wrapped(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))),
        # as HDF5 and TensorFlow put it
        OSError(
            "Can't write data (file write failed: errno = 28, error message = 'No space left on device')"
        ),
        RuntimeError("model.tflite; No space left on device [Op:WriteFile]"),
    ],
    ids=["full", "quota", "wrapped", "hdf5", "tensorflow"],
)
def test_a_full_disk_is_recognised(error: Exception, tmp_path: Path) -> None:
    assert is_disk_full(error, tmp_path)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EACCES, "Permission denied"), ValueError("28"), OSError("4096 requested and 0 written")],
    ids=["forbidden", "value", "no number, but there is room"],
)
def test_other_errors_are_not_taken_for_a_full_disk(error: Exception, tmp_path: Path) -> None:
    assert not is_disk_full(error, tmp_path)


def test_an_error_without_a_number_is_checked_against_the_free_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NumPy says only how many items it wrote."""
    monkeypatch.setattr("core.jobs.disk.shutil.disk_usage", lambda path: SimpleNamespace(free=4096))
    assert is_disk_full(OSError("4096 requested and 0 written"), tmp_path)
    sentence = (
        f"The disk, or your share of it, is full: 0.0 MB are free at {tmp_path}. Free some space, then "
    )
    assert str(disk_full_message(tmp_path, is_saved=True)).startswith(sentence + "resume;")
    assert str(disk_full_message(tmp_path, is_saved=False)) == sentence + "start this again."


def test_a_cycle_of_causes_is_walked_once(tmp_path: Path) -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert not is_disk_full(first, tmp_path)


def test_the_reserve_takes_space_and_gives_it_back(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve")
    reserve.make()
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= 256 * 1024  # really, not as a hole
    reserve.release()
    reserve.release()
    assert not (tmp_path / "reserve").exists()


def test_the_last_status_is_written_with_the_reserve(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk where nothing can be written as long as the reserve is there."""
    target = JobDirectory.create(project.runs / "run", JobKind.TRAIN, {"epochs": 3})
    config = {"job": str(target.path), "steps": ["test_second"]}
    job = JobDirectory.create(project.jobs / "finish-1", JobKind.FINISH, config)
    worker = Worker(job)
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if (job.path / "reserve").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    assert worker.run() == 2
    assert job.status().state is JobState.PAUSED
    assert "is full" in str(job.status().error)
    assert sorted(path.name for path in job.path.iterdir()) == ["config.json", "status.json"]
