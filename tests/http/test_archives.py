"""Projects are saved as one file and opened from one, over the API and on the Overview page's address."""

from __future__ import annotations

from pathlib import Path

from core.archive.saved import archive_file
from core.data.dataset import open_dataset
from core.files import hash_file
from core.http.pages import archive_address
from core.runs.control import wait_for
from core.runs.job_lookup import find_job
from core.uploads.store import find_upload
from core.workspace import Project, get_project
from tests.support.api_client import post
from tests.support.archives import saved
from tests.support.http_client import ask
from tests.support.uploads import send, source_of


def test_a_project_is_saved_and_downloaded(digits_project: Project) -> None:
    started = post("/api/v1/projects/digits/archives", {})
    assert started.status == 202
    name = started.json["id"]
    address = f"/api/v1/projects/digits/archives/{name}"
    job = find_job(name)
    assert job is not None
    wait_for(job)
    digest = hash_file(archive_file(job.path))
    for path in (address, f"/{archive_address(job)}"):
        reply = ask(path)
        assert reply.digest == digest
        assert 'filename="digits.darkroom.zip"' in reply.headers["content-disposition"]


def test_nothing_but_a_saved_file_is_sent(digits_project: Project) -> None:
    for job in ("archive-1", "..", "%2e%2e%2fdataset"):
        assert ask(f"/api/v1/projects/digits/archives/{job}").status == 404
        assert ask(f"/api/projects/digits/archives/{job}").status == 404


def test_runs_and_parts_that_do_not_exist_are_refused(digits_project: Project) -> None:
    assert post("/api/v1/projects/digits/archives", {"runs": ["run-9"]}).status == 404
    assert post("/api/v1/projects/digits/archives", {"parts": ["everything"]}).status == 400


def test_an_uploaded_file_becomes_a_project(digits_project: Project, tmp_path: Path) -> None:
    saved(digits_project, tmp_path / "digits.zip")
    ticket = send("digits.zip", (tmp_path / "digits.zip").read_bytes())
    source, upload = source_of(ticket), find_upload(ticket)
    # The name is taken; the upload stays for another attempt.
    assert post("/api/v1/archives", {"upload": source}).status == 409
    started = post("/api/v1/archives", {"upload": source, "name": "Again"})
    assert started.status == 202
    job = find_job(started.json["id"])
    assert job is not None
    wait_for(job)
    assert open_dataset(get_project("Again")).digest == open_dataset(digits_project).digest
    assert not upload.folder.exists()
