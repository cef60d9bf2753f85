"""The Overview page saves a project as one file, and opens one from such a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from core.archive.records import SaveRequest, SaveResult
from core.archive.saved import archive_file
from core.files import write_json
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.status import JobState, JobStatus
from core.messages import Message
from core.runs.control import wait_for
from core.workspace import Project, get_project, jobs_folder, list_projects
from pages.ui.data.sources.choosing import Kind
from tests.support.archives import saved

OpenPage = Callable[..., AppTest]


def test_a_project_is_packed_and_offered(project: Project, open_page: OpenPage) -> None:
    app = open_page()
    app.session_state[f"save-{project.name}"] = True
    app.run()
    app.button(key=f"pack-{project.name}").click().run()
    assert not app.exception
    (job,) = [job for job in list_jobs(project.jobs) if job.kind is JobKind.SAVE_PROJECT]
    assert wait_for(job) is JobState.FINISHED
    app.run()
    assert not app.exception
    assert archive_file(job.path).is_file()
    assert any("0 runs" in caption.value for caption in app.caption)


def test_a_file_that_the_command_line_wrote_is_none_of_the_pages_business(
    project: Project, open_page: OpenPage, tmp_path: Path
) -> None:
    """The page still offers what it packed before, and shows no error of elsewhere."""
    ours = saving_job(project, "save-1", JobStatus(state=JobState.FINISHED))
    write_json(ours.path / "result.json", RESULT.to_json())
    archive_file(ours.path).write_bytes(b"zip")
    error = Message("/mnt/backup.zip could not be written.", {})
    for number, status in enumerate(
        (JobStatus(state=JobState.FAILED, error=error), JobStatus(state=JobState.FINISHED, error=error)), 2
    ):
        saving_job(project, f"save-{number}", status, output=tmp_path / "elsewhere.zip")
        app = open_page()
        assert [box.value for box in app.error] == []
        assert any("0 runs" in caption.value for caption in app.caption)
    saving_job(project, "save-4", JobStatus(state=JobState.FAILED, error=error))
    assert ["could not be written" in box.value for box in open_page().error] == [True]


RESULT = SaveResult(
    path=Path("x"), size_bytes=3, files=1, runs=(), resumable=(), reproduces=None, missing_pictures=0
)


def saving_job(project: Project, name: str, status: JobStatus, output: Path | None = None) -> JobDirectory:
    request = SaveRequest(output=output).to_json()
    job = JobDirectory.create(project.jobs / name, JobKind.SAVE_PROJECT, request)
    job.write_status(status)
    return job


def opened(app: AppTest, file: Path, name: str) -> AppTest:
    """The page after a file was sent and the project opened under a name."""
    pills: Any = next(group for group in app.get("button_group") if group.key == "import-kind")
    pills.set_value(Kind.SAVED)
    app.session_state["sending-upload-saved-0"] = {
        "arrived": {"path": str(file), "name": file.name, "files": 1, "size_bytes": file.stat().st_size}
    }
    app.run()
    app.text_input(key="new-name").set_value(name).run()
    return app.button(key="open-saved").click().run()


def test_a_saved_project_is_opened(project: Project, open_page: OpenPage, tmp_path: Path) -> None:
    saved(project, tmp_path / "digits.zip")
    app = opened(open_page(), tmp_path / "digits.zip", "Again")
    assert not app.exception
    (job,) = list_jobs(jobs_folder())
    assert wait_for(job) is JobState.FINISHED
    app.run()
    assert not app.exception
    assert app.title[0].value == "Data"
    assert app.session_state["project"] == "Again"
    assert get_project("Again").path.is_dir()


def test_a_name_that_is_taken_is_said_and_nothing_begins(
    project: Project, open_page: OpenPage, tmp_path: Path
) -> None:
    saved(project, tmp_path / "digits.zip")
    app = opened(open_page(), tmp_path / "digits.zip", "")
    assert [error.value for error in app.error] == [
        "There is already a project called “Digits”. Choose another name."
    ]
    assert len(list_projects()) == 1
    assert list_jobs(jobs_folder()) == []


def test_a_changed_file_is_said(project: Project, open_page: OpenPage, tmp_path: Path) -> None:
    (tmp_path / "digits.zip").write_bytes(b"no zip")
    app = opened(open_page(), tmp_path / "digits.zip", "Again")
    assert "is not a project that Darkroom saved" in app.error[0].value
    assert list_jobs(jobs_folder()) == []
