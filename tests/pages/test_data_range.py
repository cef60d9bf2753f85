"""The range of deep pictures on the Data page: shown, tried on own pictures, changed and undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.editing.job import change_pixel_range
from core.data.editing.ranges import RangeChoice, change_range
from core.data.importing import import_dataset
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.reporting import JobReporter
from core.jobs.status import JobState
from core.progress import JobStopped, QuietProgress
from core.runs.start_project_jobs import start_range_change
from core.workspace import Project
from tests.data.test_deep_pictures import bits_12, files
from tests.support.page_queries import said
from tests.support.pictures import write_folder
from tests.support.progress_recorder import Recorder

OpenPage = Callable[..., AppTest]


@pytest.fixture
def deep(tmp_path: Path, workspace: Path) -> Project:
    return import_dataset(write_folder(tmp_path / "source", files(bits_12)), "Deep").project


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    """Jobs that would have been started; they wait for their worker."""
    jobs: list[JobDirectory] = []
    monkeypatch.setattr("core.runs.temporary_jobs.launch", jobs.append)
    return jobs


def labels(app: AppTest) -> list[str]:
    return [expander.label for expander in app.expander]


def unfolded(app: AppTest) -> AppTest:
    app.session_state["pixel-range"] = True
    app.run()
    assert not app.exception
    return app


def finish(job: JobDirectory) -> None:
    """Do what the worker would."""
    change_pixel_range(job.path, job.config(), QuietProgress())
    JobReporter(job).set_state(JobState.FINISHED)


def test_the_range_is_named(open_page: OpenPage, deep: Project) -> None:
    app = open_page("data", project="Deep")
    assert "Pictures with more than 8 bits: black up to 0, white from 4,095" in labels(app)


def test_pictures_of_8_bits_name_none(open_page: OpenPage, digits_project: Project) -> None:
    app = open_page("data", project=digits_project.name)
    assert not [label for label in labels(app) if "8 bits" in label]


def test_a_range_is_tried_then_used_and_undone(
    open_page: OpenPage, deep: Project, launched: list[JobDirectory]
) -> None:
    app = unfolded(open_page("data", project="Deep"))
    assert app.button(key="change-range").disabled
    app.selectbox(key="change-Deep-pixel-range").set_value("bits_10").run()
    assert "Now: black up to 0, white from 4,095" in said(app)
    assert "As the classifier sees them: black up to 0, white from 1,023." in said(app)
    app.button(key="change-range").click().run()
    (job,) = launched
    assert open_dataset(deep).version == 1
    finish(job)
    app.run()
    assert "Pictures with more than 8 bits: black up to 0, white from 1,023" in labels(app)
    assert "Range of the values changed: black up to 0, white from 1023" in said(app)
    app.button(key="undo").click().run()
    assert open_dataset(deep).pixel_range == (0, 4095)
    assert [each.kind for each in launched] == [JobKind.CHANGE_RANGE] * 2


def test_a_stopped_change_is_finished_on_request(
    open_page: OpenPage, deep: Project, launched: list[JobDirectory]
) -> None:
    with pytest.raises(JobStopped):
        change_range(deep, RangeChoice(pixel_range=(0, 1504)), Recorder(stop=lambda recorder: True))
    app = open_page("data", project="Deep")
    assert "Some pictures are still drawn with another range." in [one.value for one in app.warning]
    app.button(key="finish-drawing").click().run()
    finish(launched[0])
    app.run()
    assert "Some pictures are still drawn with another range." not in [one.value for one in app.warning]
    assert open_dataset(deep).version == 2


def test_a_change_at_work_stands_in_place_of_the_pictures(
    open_page: OpenPage, deep: Project, launched: list[JobDirectory]
) -> None:
    """Half of them would be drawn with the old range."""
    job = start_range_change(deep, RangeChoice(pixel_range=(0, 1504)))
    JobReporter(job).set_state(JobState.RUNNING)
    app = open_page("data", project="Deep")
    assert "The pictures are drawn and measured with their new range." in said(app)
    assert list_jobs(deep.jobs)[0].kind is JobKind.CHANGE_RANGE
