"""Decoding is done once, and a half-made array is never taken for a whole one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.arrays import arrays_path, decoded_ahead, decoded_pictures
from core.data.dataset import Dataset, open_dataset
from core.data.decoding import load_picture
from core.data.editing import exclude, include
from core.data.importing import import_dataset
from core.progress import JobStopped, QuietProgress
from core.workspace import Project
from tests.pictures import class_folders, encoded, photograph, write_folder


class Counting(QuietProgress):
    """Progress that remembers, and can ask to stop once so many pictures are decoded."""

    def __init__(self, stop_after: float = float("inf")) -> None:
        self.steps: list[tuple[int, int]] = []
        self.stop_after = stop_after

    def advance(self, done: int, total: int) -> None:
        self.steps.append((done, total))

    def should_stop(self) -> bool:
        return bool(self.steps) and self.steps[-1][0] >= self.stop_after


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """100 digits and two photographs."""
    files = class_folders({"one": 50, "two": 50})
    for name in ("china", "flower"):
        files[f"two/{name}.jpg"] = encoded(photograph(name), "JPEG")
    return open_dataset(import_dataset(write_folder(tmp_path / "source", files), "Digits").project)


def test_every_picture_stands_in_its_row(dataset: Dataset) -> None:
    """Rows are how features find their labels."""
    array = decoded_pictures(dataset, 32, QuietProgress())
    assert array.shape == (102, 32, 32, 3)
    assert array.dtype == np.uint8
    for row in range(102):
        assert np.array_equal(array[row], load_picture(dataset.picture_bytes(row), 32))


def test_the_second_time_nothing_is_decoded(dataset: Dataset) -> None:
    first, second = Counting(), Counting()
    array = decoded_pictures(dataset, 32, first)
    modified = arrays_path(dataset, 32).stat().st_mtime_ns
    assert np.array_equal(decoded_pictures(dataset, 32, second), array)
    assert first.steps == [(64, 102), (102, 102)]
    assert second.steps == []
    assert arrays_path(dataset, 32).stat().st_mtime_ns == modified


def test_every_size_has_its_array(dataset: Dataset) -> None:
    small, large = (decoded_pictures(dataset, size, QuietProgress()) for size in (8, 16))
    assert (small.shape[1], large.shape[1]) == (8, 16)


def test_an_array_cannot_be_written_by_mistake(dataset: Dataset) -> None:
    """Augmenting in place would spoil it for every later run."""
    array = decoded_pictures(dataset, 8, QuietProgress())
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


def test_stopped_decoding_leaves_no_half_array(dataset: Dataset) -> None:
    with pytest.raises(JobStopped):
        decoded_pictures(dataset, 32, Counting(stop_after=64))
    assert list(arrays_path(dataset, 32).parent.iterdir()) == []
    assert len(decoded_pictures(dataset, 32, QuietProgress())) == 102


def test_what_an_earlier_version_decoded_is_not_decoded_again(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Excluding one picture of fifty thousand must not cost minutes and as many gigabytes again."""
    before = np.array(decoded_pictures(dataset, 32, QuietProgress()))
    project = Project(name="Digits", path=dataset.folder.parent)
    smaller = exclude(project, dataset.pictures["id"].iloc[[3, 70]].tolist())
    with monkeypatch.context() as patch:
        patch.setattr(Dataset, "picture_bytes", None)  # nothing may be read
        after = decoded_pictures(smaller, 32, QuietProgress())
    assert np.array_equal(after, np.delete(before, [3, 70], axis=0))
    assert not arrays_path(dataset, 32).exists()  # one array of a size is enough on the disk
    whole = decoded_pictures(include(project, dataset.pictures["id"].iloc[[3]].tolist()), 32, QuietProgress())
    assert np.array_equal(whole, np.delete(before, [70], axis=0))


def test_chunks_are_decoded_ahead_in_order(dataset: Dataset) -> None:
    chunks = [[5, 3], [101], [0, 1, 2]]
    streamed = list(decoded_ahead(dataset, 32, chunks))
    assert not arrays_path(dataset, 32).exists()
    assert [rows for rows, _ in streamed] == chunks
    whole = decoded_pictures(dataset, 32, QuietProgress())
    for rows, pictures in [*streamed, *decoded_ahead(dataset, 32, chunks)]:
        assert np.array_equal(pictures, whole[rows])
