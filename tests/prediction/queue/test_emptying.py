"""The queue is emptied as a whole, or of what an earlier classifier answered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.__main__ import main
from core.delivery.files import parity_file
from core.errors import NotFoundError
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.prediction.doubts import Doubt
from core.prediction.queue.emptying import empty_queue, outdated_pictures
from core.prediction.queue.store import QueuedPicture, QueueState, put, queue_folder, queued_pictures
from core.records import write_record
from core.training.config import TrainingConfig
from core.workspace import Project, open_staging, publish_project
from tests.support.http_client import ask

# When the present classifier was delivered.
DELIVERED = 1000.0


@pytest.fixture
def project(workspace: Path) -> Project:
    """A project with a picture of an earlier classifier, one of the present one and one of another run."""
    project = publish_project(open_staging(), "Pets")
    run = project.runs / "run-1"
    JobDirectory.create(run, JobKind.TRAIN, TrainingConfig(dataset_version=1).to_json())
    parity_file(run).write_text("{}")
    os.utime(parity_file(run), (DELIVERED, DELIVERED))
    for number, (name, queued) in enumerate([("run-1", 900.0), ("run-1", 1100.0), ("run-2", 1200.0)]):
        picture = QueuedPicture(
            sha256=f"{number:064x}",
            name=f"{number}.png",
            run=name,
            doubt=Doubt.UNSURE,
            answer="cat",
            confidence=0.5,
            queued=queued,
            state=QueueState.SKIPPED if number == 2 else QueueState.WAITING,
        )
        put(project, picture, b"picture", None)
    return project


def names(project: Project) -> list[str]:
    return [picture.name for picture in queued_pictures(project)]


def test_pictures_of_an_earlier_classifier_go_and_those_of_the_present_one_stay(project: Project) -> None:
    run = project.runs / "run-1"
    assert [picture.name for picture in outdated_pictures(queued_pictures(project), run)] == [
        "0.png",
        "2.png",
    ]
    assert empty_queue(project, run) == 2
    assert names(project) == ["1.png"]
    parity_file(run).unlink()
    with pytest.raises(NotFoundError, match="no finished classifier"):
        empty_queue(project, run)
    with pytest.raises(NotFoundError, match="no run of project “Cars”"):
        empty_queue(Project(name="Cars", path=project.path.with_name("Cars")), run)


def test_an_emptied_queue_leaves_no_picture_on_the_disk(project: Project) -> None:
    assert empty_queue(project) == 3
    assert [file.name for file in queue_folder(project).iterdir() if file.name != ".lock"] == []


def test_the_queue_is_emptied_by_a_command(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["queue", "Pets", "--json"]) == 0
    assert '"waiting": 2' in capsys.readouterr().out
    assert main(["queue", "Pets", "--empty", "--keep", "run-1"]) == 0
    assert names(project) == ["1.png"]
    assert main(["queue", "Pets", "--empty"]) == 0
    assert names(project) == []


def test_the_queue_is_emptied_by_a_request(project: Project) -> None:
    address = "/api/v1/projects/Pets/queue"
    assert ask(f"{address}?keep=run-1", method="DELETE").json == {"removed": 2}
    assert ask(address, method="DELETE").json == {"removed": 1}
    assert ask(f"{address}?keep=run-9", method="DELETE").status == 404


def test_a_record_that_names_another_file_removes_nothing(project: Project) -> None:
    """Whoever forges an archive can write any record: emptying the queue would delete other projects' files."""
    other = project.path.parent / "Other" / "dataset.json"
    other.parent.mkdir()
    other.write_text("{}")
    forged = QueuedPicture(
        sha256="../../Other/dataset",
        name="a.png",
        run="run-1",
        doubt=Doubt.UNSURE,
        answer="cat",
        confidence=0.5,
    )
    write_record(queue_folder(project) / "abc.json", forged)
    assert len(queued_pictures(project)) == 3
    empty_queue(project)
    assert other.exists()
