"""Predict page: answers with their doubts, corrections, batches, the queue, drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.delivery.prediction import Classifier
from core.errors import ErrorCode
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState, JobStatus
from core.messages import Message
from core.prediction.batch.job import predict_batch
from core.prediction.log.settings import LogSettings, read_log_settings
from core.prediction.noting import note_batch
from core.prediction.queue.store import QueueState, queued_pictures
from core.progress import QuietProgress
from core.workspace import project_of
from tests.support.batches import waiting_batch
from tests.support.page_queries import act, said, shown
from tests.support.pictures import digit, encoded, photograph, write_folder
from tests.support.sent_pictures import send_pictures

OpenPage = Callable[..., AppTest]
CAT = encoded(photograph("chelsea"), "JPEG")
ANIMATION = encoded(
    Image.new("RGB", (8, 8), "red"), "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8))]
)
FILES = {"cat.jpg": CAT, "text.png": b"no picture"} | {
    f"{number}.png": digit(number) for number in range(1000, 1060)
}


def finished_batch(run: Path, folder: Path, files: Mapping[str, bytes] = FILES) -> JobDirectory:
    """A batch that was worked on to its end."""
    job = waiting_batch(run, write_folder(folder, dict(files)))
    predict_batch(job.path, job.config(), QuietProgress())
    note_batch(job.path, job.config(), QuietProgress())
    write_json(job.path / "status.json", {"state": JobState.FINISHED})
    return job


def familiar_digit(run: Path) -> bytes:
    """A new digit that the run takes for one of its classes."""
    classifier = Classifier(run)
    digits = (digit(number) for number in range(1000, 1100))
    return next(data for data in digits if not classifier.is_stranger(classifier.prediction(data)))


def test_an_answer_is_corrected_into_a_new_version(open_page: OpenPage, finished_run: Path) -> None:
    project = project_of(finished_run)
    sent = {"new.png": familiar_digit(finished_run), "text.png": b"no picture"}
    app = send_pictures(open_page("predict"), sent)
    assert not app.exception
    assert "cannot be read: it is not a picture" in said(app)
    assert any(text in said(app) for text in ("No other class is likely.", "One of:", "Less sure than"))
    app.selectbox(key="picture-0-0-true").set_value("8").run()
    app.button(key="picture-0-0-add").click().run()
    assert not app.exception
    pictures = open_dataset(project).all_pictures
    assert pictures.iloc[-1]["label"] == "8"
    assert pictures.iloc[-1]["name"].startswith(f"{finished_run.name}/")
    assert "In the project as **8**" in said(app)


def test_a_stranger_is_shown_beside_its_nearest_training_pictures_and_waits_in_the_queue(
    open_page: OpenPage, finished_run: Path
) -> None:
    app = send_pictures(open_page("predict"), {"cat.jpg": CAT})
    assert "Most similar training pictures" in said(app)
    app = open_page("predict", section="queue")
    key = f"queue-{project_of(finished_run).name}-strange"
    (tile,) = shown(app, key)
    app = act(app, key, "none", [tile["id"]])
    assert [picture.state for picture in queued_pictures(project_of(finished_run))] == [
        QueueState.NONE_OF_THEM
    ]
    assert "Nothing to label." in said(app)
    assert "1 picture is removed." in said(app)
    app.button(key="queue-empty-now").click().run()
    assert not app.exception
    assert queued_pictures(project_of(finished_run)) == []
    assert not [button for button in app.button if button.key == "queue-empty-now"]


def test_a_batch_shows_its_counts_and_filters(
    open_page: OpenPage, finished_run: Path, tmp_path: Path
) -> None:
    job = finished_batch(finished_run, tmp_path / "new")
    app = open_page("predict", batch=job.name)
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Pictures"] == "62"
    assert figures["Unreadable"] == "1"
    key = f"batch-gallery-{job.name}"
    assert len(shown(app, key)) == 48
    app.selectbox(key="batch-status").set_value("unreadable").run()
    app.segmented_control(key="batch-view").set_value("table").run()
    assert not app.exception
    table = app.dataframe[0].value
    assert table["file"].tolist() == ["text.png"]
    assert table["note"].iloc[0]


def test_answers_to_animations_say_that_they_are_those_to_the_first_frame(
    open_page: OpenPage, finished_run: Path, tmp_path: Path
) -> None:
    first = "Only the first was classified."
    app = open_page("predict")
    app = send_pictures(app, {"moving.gif": ANIMATION})
    assert [box.value for box in app.warning if first in box.value]
    job = finished_batch(finished_run, tmp_path / "new", {"moving.gif": ANIMATION, "3.png": digit(3)})
    app = open_page("predict", batch=job.name)
    assert "1 answer has a note" in said(app)
    app.segmented_control(key="batch-view").set_value("table").run()
    assert not app.exception
    table = app.dataframe[0].value.set_index("file")
    assert first in table["note"]["moving.gif"]
    assert table["note"]["3.png"] == ""


def test_a_batch_that_could_not_begin_claims_no_answers(
    open_page: OpenPage, finished_run: Path, tmp_path: Path
) -> None:
    job = waiting_batch(finished_run, tmp_path / "cut.zip")
    job.write_status(JobStatus(state=JobState.FAILED, error=Message("cut.zip is cut off.", {})))
    text = said(open_page("predict", batch=job.name))
    assert "cut.zip is cut off." in text
    assert "There are no answers." in text


@pytest.mark.parametrize("code", ["", ErrorCode.CANNOT_GO_ON])
def test_a_batch_that_can_never_go_on_has_no_button_for_it(
    open_page: OpenPage, finished_run: Path, tmp_path: Path, code: str
) -> None:
    job = waiting_batch(finished_run, tmp_path / "cut.zip")
    job.write_status(JobStatus(state=JobState.FAILED, error=Message("cut.zip is cut off.", {}, code)))
    app = open_page("predict", batch=job.name)
    assert "Failed" in said(app)
    assert [button.label for button in app.button if button.key == "resume-batch"] == (
        [] if code else ["Go on"]
    )


def test_a_run_that_is_gone_is_said(open_page: OpenPage, finished_run: Path) -> None:
    assert "no run “gone”" in said(open_page("predict", run="gone"))
    assert "no run" not in said(open_page("predict", run=finished_run.name))


def test_pictures_of_a_batch_are_corrected_in_its_gallery(
    open_page: OpenPage, finished_run: Path, tmp_path: Path
) -> None:
    job = finished_batch(finished_run, tmp_path / "new")
    app = open_page("predict", batch=job.name)
    key = f"batch-gallery-{job.name}"
    chosen = [tile["id"] for tile in shown(app, key)[:2]]
    act(app, key, "label", chosen, "other")
    dataset = open_dataset(project_of(finished_run))
    assert (dataset.all_pictures["label"] == "other").sum() == 2
    assert "other" in dataset.all_class_names


def test_the_log_is_switched_on_and_shows_drift(
    open_page: OpenPage, finished_run: Path, tmp_path: Path
) -> None:
    project = project_of(finished_run)
    app = open_page("predict", section="drift")
    assert "Log the answers" in said(app)
    app.toggle(key="log-on").set_value(True).run()
    assert read_log_settings(project) == LogSettings(is_on=True)
    finished_batch(finished_run, tmp_path / "new")
    app = open_page("predict", section="drift")
    assert not app.exception
    assert "The pictures have changed." in said(app)
    assert "The training pictures are left out" in said(app)
