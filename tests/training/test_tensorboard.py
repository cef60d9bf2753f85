"""TensorBoard files of a run, read back by TensorFlow, checksums included."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.files import append_json_line
from core.training.phases import Phase
from core.training.records import EpochRecord
from core.training.tensorboard import EventFiles

Scalars = dict[tuple[str, int], float]


def epoch(number: int, loss: float, validation_loss: float) -> EpochRecord:
    return EpochRecord(
        phase=Phase.LAST_BLOCKS,
        epoch=number,
        epochs=300,
        loss=loss,
        validation_loss=validation_loss,
        best_epoch=1,
        time=1.7e9 + number,
    )


def read_back(run: Path, part: str) -> Scalars:
    """Map (name, step) to value, from the only file of a folder."""
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


def test_a_resumed_run_drops_the_epochs_after_its_checkpoint(tmp_path: Path) -> None:
    events = EventFiles(tmp_path)
    events.begin()
    events.add(epoch(1, 0.5, 0.625))
    events.add(epoch(2, 9.0, 9.0))
    append_json_line(tmp_path / "metrics.jsonl", epoch(1, 0.5, 0.625).to_json())
    EventFiles(tmp_path).begin()
    assert read_back(tmp_path, "training") == {("loss", 1): 0.5}


def test_missing_values_are_left_out(tmp_path: Path) -> None:
    events = EventFiles(tmp_path)
    events.begin()
    events.add(EpochRecord(phase=Phase.GRID_POOLING, epoch=3, time=1.7e9 + 3, accuracy=0.75))
    assert read_back(tmp_path, "training") == {("accuracy", 3): 0.75}
    assert read_back(tmp_path, "validation") == {}
