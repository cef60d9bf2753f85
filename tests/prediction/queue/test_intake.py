"""Intake of the queue: doubtful pictures of pages and batches, each once."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.importing import import_dataset
from core.data.labels.task import Task
from core.delivery.decisions import Decisions, decide
from core.delivery.files import Labels
from core.errors import NotFoundError
from core.evaluation.calibration.conformal import PredictionSets
from core.prediction.doubts import Doubt, doubts_of
from core.prediction.queue.intake import AnsweredPicture, Features, queue_doubtful
from core.prediction.queue.store import (
    QueuedPicture,
    QueueState,
    queued_pictures,
    read_features,
    read_picture,
    remove,
    set_state,
)
from core.prediction.queue.waiting import count_waiting, waiting_pictures
from core.records import write_record
from core.workspace import Project
from tests.support.pictures import digit, write_folder
from tests.support.trained import real_digits

LABELS = Labels(class_names=("3", "5", "8"), input_size=8, backbone="b", run="run-1", stranger_limit=3.0)
SETS = PredictionSets(
    promise=0.9,
    least_probabilities=(0.3, 0.3, 0.3),
    coverage=0.9,
    coverage_interval=(0.8, 0.95),
    mean_size=1.2,
    single=0.8,
    empty=0.0,
)
# Sure, unsure between two, strange, less unsure.
PROBABILITIES = np.array(
    [[0.9, 0.05, 0.05], [0.5, 0.45, 0.05], [0.98, 0.01, 0.01], [0.05, 0.35, 0.6]], np.float32
)
SCORES = np.array([0.0, 0.5, 9.0, 0.2], np.float32)


@pytest.fixture
def project(workspace: Path, tmp_path: Path) -> Project:
    return import_dataset(write_folder(tmp_path / "digits", real_digits()), "Digits").project


def answers(labels: Labels = LABELS) -> Decisions:
    return decide(labels, SETS, PROBABILITIES, SCORES)


def picture(data: bytes, number: int = 0) -> AnsweredPicture:
    return AnsweredPicture(name=f"{number}.png", read=lambda: data)


def features(rows: object) -> Features:
    return Features(values=np.eye(4, dtype=np.float32)[list(rows)], space="net")  # type: ignore[call-overload]


def test_without_a_chosen_confidence_a_set_of_several_classes_is_a_doubt() -> None:
    assert doubts_of(LABELS, answers()) == [None, Doubt.UNSURE, Doubt.STRANGE, Doubt.UNSURE]


def test_a_chosen_confidence_decides_alone() -> None:
    labels = Labels(
        class_names=LABELS.class_names,
        input_size=8,
        backbone="b",
        run="run-1",
        stranger_limit=3.0,
        least_confidence=0.55,
    )
    assert doubts_of(labels, answers(labels)) == [None, Doubt.UNSURE, Doubt.STRANGE, None]


def test_with_several_labels_a_class_that_may_be_there_is_a_doubt() -> None:
    labels = Labels(
        class_names=("3", "5", "8"),
        input_size=8,
        backbone="b",
        run="run-1",
        task=Task.MULTI_LABEL,
        thresholds=(0.5, 0.5, 0.5),
    )
    probabilities = np.array([[0.9, 0.8, 0.1], [0.9, 0.4, 0.1]], np.float32)
    assert doubts_of(labels, decide(labels, SETS, probabilities, None)) == [None, Doubt.UNSURE]


def test_doubtful_pictures_are_stored_once_with_bytes_features_and_doubt(project: Project) -> None:
    run, files = project.runs / "run-1", [digit(1000 + number) for number in range(4)]
    pictures = [picture(data, number) for number, data in enumerate(files)]
    assert queue_doubtful(run, LABELS, pictures, answers(), features) == 3
    assert queue_doubtful(run, LABELS, pictures, answers(), features) == 0
    stored = {item.name: item for item in queued_pictures(project)}
    assert {name: item.doubt for name, item in stored.items()} == {
        "1.png": Doubt.UNSURE,
        "2.png": Doubt.STRANGE,
        "3.png": Doubt.UNSURE,
    }
    assert stored["1.png"].answer == "3"
    assert stored["1.png"].gradient == {"3": -0.5, "5": 0.45, "8": 0.05}
    assert read_picture(project, stored["1.png"].sha256) == files[1]
    np.testing.assert_array_equal(read_features(project, [stored["2.png"]]), [[0, 0, 1, 0]])


def test_pictures_of_the_dataset_are_not_asked_about(project: Project) -> None:
    known = open_dataset(project).image_path(0).read_bytes()
    pictures = [picture(known)] * 4
    assert queue_doubtful(project.runs / "run-1", LABELS, pictures, answers(), features) == 0


def test_a_file_that_was_moved_meanwhile_is_left_out(project: Project) -> None:
    def gone() -> bytes:
        raise NotFoundError("gone")

    pictures = [AnsweredPicture(name="gone.png", read=gone)] * 3 + [picture(digit(1003))]
    assert queue_doubtful(project.runs / "run-1", LABELS, pictures, answers(), lambda rows: None) == 1


def test_the_queue_is_bounded(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.prediction.queue.intake.MOST_PICTURES", 2)
    monkeypatch.setattr("core.prediction.queue.store.MOST_PICTURES", 2)
    for start in (1000, 1010):
        pictures = [picture(digit(start + number), start + number) for number in range(4)]
        assert queue_doubtful(project.runs / "run-1", LABELS, pictures, answers(), lambda rows: None) == 2
    assert {item.name for item in queued_pictures(project)} == {"1011.png", "1013.png"}


def test_pictures_that_are_known_take_no_place_in_the_queue(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one pool, the next least sure come up once the first were decided."""
    monkeypatch.setattr("core.prediction.queue.intake.MOST_PICTURES", 1)
    pictures = [picture(digit(1000 + number), number) for number in range(4)]
    run = project.runs / "run-1"
    added = [queue_doubtful(run, LABELS, pictures, answers(), lambda rows: None) for _ in range(4)]
    assert added == [1, 1, 1, 0]


def test_a_decision_takes_a_picture_out_and_can_be_taken_back(project: Project) -> None:
    pictures = [picture(digit(1000 + number), number) for number in range(4)]
    queue_doubtful(project.runs / "run-1", LABELS, pictures, answers(), features)
    waiting = waiting_pictures(project, open_dataset(project))
    assert ([item.name for item in waiting.unsure], [item.name for item in waiting.strange]) == (
        ["1.png", "3.png"],
        ["2.png"],
    )
    set_state(project, [waiting.strange[0].sha256], QueueState.NONE_OF_THEM)
    set_state(project, [waiting.unsure[0].sha256], QueueState.SKIPPED)
    assert (count_waiting(project), waiting_pictures(project, open_dataset(project)).skipped) == (1, 1)
    set_state(project, [waiting.unsure[0].sha256], QueueState.WAITING)
    assert count_waiting(project) == 2


def test_a_picture_that_somebody_else_labels_meanwhile_does_not_come_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_doubtful(project.runs / "run-1", LABELS, [picture(digit(1000))] * 4, answers(), features)
    (queued,) = queued_pictures(project)
    other = Thread(target=remove, args=(project, [queued.sha256]))

    def write_late(file: Path, record: QueuedPicture) -> None:
        other.start()
        # Removed now, or once this decision is written.
        other.join(timeout=0.2)
        write_record(file, record)

    monkeypatch.setattr("core.prediction.queue.store.write_record", write_late)
    set_state(project, [queued.sha256], QueueState.SKIPPED)
    other.join()
    assert queued_pictures(project) == []
