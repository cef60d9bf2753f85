"""Batches are started on finished runs, keep what was uploaded, and survive a kill of their worker."""

from __future__ import annotations

import io
import os
import signal
from contextlib import closing
from pathlib import Path

import pandas as pd
import psutil
import pytest

from core.errors import BusyError, ConfigError, NotFoundError
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.prediction.batch.answer_table import read_answers
from core.prediction.batch.batches import Batch, find_batch, list_batches, open_batch
from core.prediction.batch.job import predict_batch
from core.progress import QuietProgress
from core.runs import batches
from core.runs.batches import delete_batch, start_batch
from core.runs.control import resume
from core.runs.job_lookup import find_job
from core.uploads.store import Ticket, find_upload, open_upload
from core.workspace import project_of
from tests.support.batches import waiting_batch
from tests.support.command_line import log_of, wait_for_state, wait_until
from tests.support.pictures import digit, write_folder, write_zip

DIGITS = {f"{number:03d}.png": digit(number) for number in range(120)}


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    """Jobs that were launched; none of them runs."""
    jobs: list[JobDirectory] = []
    monkeypatch.setattr(batches, "launch", jobs.append)
    return jobs


def answered(job: JobDirectory) -> Batch:
    predict_batch(job.path, job.config(), QuietProgress())
    return open_batch(job.path)


def test_a_killed_worker_is_resumed_to_the_same_answers(finished_run: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "digits", DIGITS)
    job = start_batch(finished_run, [folder])
    wait_until(lambda: job.status().stage_done > 0 or job.status().state.has_ended, log_of(job))
    number = job.process_id()
    assert number is not None
    os.kill(number, signal.SIGKILL)
    wait_for_state(job, JobState.INTERRUPTED)
    resume(job)
    wait_for_state(job, JobState.FINISHED)
    whole = answered(waiting_batch(finished_run, folder, name="whole"))
    pd.testing.assert_frame_equal(read_answers(job.path), whole.answers())
    assert (job.result() or {})["counts"]["pictures"] == len(DIGITS)


def test_a_batch_is_found_among_those_of_its_project(
    finished_run: Path, tmp_path: Path, launched: list[JobDirectory]
) -> None:
    job = start_batch(finished_run, [write_zip(tmp_path / "one.zip", {"a.png": digit(1)})])
    assert launched == [job]
    project = project_of(finished_run)
    assert [batch.job.name for batch in list_batches(project)] == [job.name]
    assert list_batches(project, finished_run.with_name("run-other")) == []
    assert find_batch(job.name).request.sources == (tmp_path / "one.zip",)
    found = find_job(job.name)
    assert found is not None
    assert found.kind is JobKind.PREDICT_BATCH
    with pytest.raises(NotFoundError, match="There is no batch called “batch-9”"):
        find_batch("batch-9")


@pytest.mark.parametrize("count", [1, 3])
def test_uploads_are_kept_in_the_batch(finished_run: Path, launched: list[JobDirectory], count: int) -> None:
    uploads = [(f"{number}.png", io.BytesIO(digit(number)).read) for number in range(count)]
    batch = answered(start_batch(finished_run, uploads=uploads))
    answers = batch.answers()
    assert answers["path"].tolist() == [f"{number}.png" for number in range(count)]
    assert not any(source.is_absolute() for source in batch.request.sources)
    with batch.files() as files:
        assert files.read(0, "0.png", answers["sha256"][0]) == digit(0)


def test_an_upload_of_the_browser_moves_into_the_batch(
    finished_run: Path, tmp_path: Path, launched: list[JobDirectory]
) -> None:
    content = write_zip(tmp_path / "digits.zip", {"a.png": digit(1), "b.png": digit(2)}).read_bytes()
    upload = find_upload(_uploaded("digits.zip", content))
    batch = answered(start_batch(finished_run, [upload.content]))
    assert batch.answers()["path"].tolist() == ["a.png", "b.png"]
    assert not upload.folder.exists()


def test_two_uploads_of_one_name_are_both_classified(
    finished_run: Path, launched: list[JobDirectory]
) -> None:
    uploads = [find_upload(_uploaded("scan.png", digit(number))) for number in (1, 2)]
    batch = answered(start_batch(finished_run, [upload.content for upload in uploads]))
    answers = batch.answers()
    assert answers["path"].tolist() == ["scan.png", "scan.png"]
    with batch.files() as files:
        assert [files.read(number, "scan.png", None) for number in (0, 1)] == [digit(1), digit(2)]


def _uploaded(name: str, content: bytes) -> Ticket:
    ticket = open_upload(len(content))
    upload = find_upload(ticket)
    upload.announce(name, len(content))
    with closing(upload.write_to(name, offset=0, size_bytes=len(content))) as part:
        part.write(content)
    return ticket


def test_what_cannot_be_classified_starts_no_job(
    finished_run: Path, tmp_path: Path, launched: list[JobDirectory]
) -> None:
    with pytest.raises(ConfigError, match="No pictures were chosen"):
        start_batch(finished_run)
    with pytest.raises(NotFoundError, match="There is no file or folder"):
        start_batch(finished_run, [tmp_path / "nowhere"])
    (finished_run / "parity.json").unlink()
    with pytest.raises(NotFoundError, match="has no finished classifier"):
        start_batch(finished_run, [tmp_path])
    assert launched == []
    assert list_batches(project_of(finished_run)) == []


def test_a_deleted_batch_leaves_nothing(finished_run: Path, tmp_path: Path) -> None:
    job = waiting_batch(finished_run, write_folder(tmp_path / "one", {"a.png": digit(1)}))
    batch = answered(job)
    write_json(job.path / "process.json", {"pid": os.getpid(), "started": _started()})
    with pytest.raises(BusyError, match="is at work"):
        delete_batch(batch)
    write_json(job.path / "process.json", {"pid": os.getpid(), "started": 1.0})
    assert delete_batch(batch) > 1000
    assert not job.path.exists()
    assert (tmp_path / "one" / "a.png").exists()


def _started() -> float:
    return psutil.Process().create_time()
