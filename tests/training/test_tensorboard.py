"""What a run tells TensorBoard, read back by TensorFlow: checksums included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.files import append_json_line
from core.training.tensorboard import EventFiles

Scalars = dict[tuple[str, int], float]


def epoch(number: int, loss: float, validation_loss: float) -> dict[str, Any]:
    return {
        "phase": "tail",
        "epoch": number,
        "epochs": 300,
        "loss": loss,
        "validation_loss": validation_loss,
        "best_epoch": 1,
        "time": 1.7e9 + number,
    }


def read_back(run: Path, part: str) -> Scalars:
    """(name, step) to value, of one part's only file."""
    from tensorflow.compat.v1.train import summary_iterator

    (file,) = (run / "tensorboard" / part).iterdir()
    first, *events = summary_iterator(str(file))
    assert first.file_version == "brain.Event:2"
    for event in events:
        assert event.wall_time == pytest.approx(1.7e9 + event.step)
    return {(value.tag, event.step): value.simple_value for event in events for value in event.summary.value}


def test_training_and_validation_have_files_of_their_own(tmp_path: Path) -> None:
    events = EventFiles(tmp_path)
    events.begin()
    events.add(epoch(1, 0.5, 0.625))
    events.add(epoch(200, 0.25, 0.375))  # a number of two bytes
    assert read_back(tmp_path, "training") == {("loss", 1): 0.5, ("loss", 200): 0.25}
    assert read_back(tmp_path, "validation") == {("loss", 1): 0.625, ("loss", 200): 0.375}


def test_a_run_that_goes_on_repeats_what_stands_and_forgets_what_came_after(tmp_path: Path) -> None:
    events = EventFiles(tmp_path)
    events.begin()
    events.add(epoch(1, 0.5, 0.625))
    events.add(epoch(2, 9.0, 9.0))
    append_json_line(tmp_path / "metrics.jsonl", epoch(1, 0.5, 0.625))
    EventFiles(tmp_path).begin()
    assert read_back(tmp_path, "training") == {("loss", 1): 0.5}


def test_what_is_no_number_is_left_out(tmp_path: Path) -> None:
    events = EventFiles(tmp_path)
    events.begin()
    events.add({"phase": "quarters", "epoch": 3, "time": 1.7e9 + 3, "accuracy": 0.75, "learning_rate": None})
    assert read_back(tmp_path, "training") == {("accuracy", 3): 0.75}
    assert read_back(tmp_path, "validation") == {}
