"""Pictures are decoded once, and a partial array file is never used."""

from __future__ import annotations

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import exclude, include
from core.data.importing import import_dataset
from core.data.pixels.arrays import PictureStore, arrays_path, decoded_ahead, decoded_pictures, open_pictures
from core.data.pixels.decoding import load_picture
from core.progress import JobStopped, QuietProgress
from core.workspace import Project
from tests.support.pictures import class_folders, encoded, photograph, write_folder


class Counting(QuietProgress):
    """Progress that remembers, and can ask to stop once so many pictures are decoded."""

    def __init__(self, stop_after: float = float("inf")) -> None:
        self.steps: list[tuple[int, int]] = []
        self.stop_after = stop_after

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
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


ROWS = [101, 0, 7, 7, 64]


@pytest.fixture
def expected(dataset: Dataset) -> np.ndarray:
    return np.stack([load_picture(dataset.picture_bytes(row), 32) for row in ROWS])


def test_a_store_reads_any_rows_in_any_order(dataset: Dataset, expected: np.ndarray) -> None:
    """Shuffled training asks for them so; augmenting in place must not reach the next epoch."""
    with open_pictures(dataset, 32, QuietProgress()) as store:
        assert arrays_path(dataset, 32).exists()
        assert len(store) == 102
        for rows in (ROWS, np.array(ROWS)):
            pictures = store.read(rows)
            assert pictures.dtype == np.uint8
            np.testing.assert_array_equal(pictures, expected)
            pictures[:] = 0
        assert store.read([]).shape == (0, 32, 32, 3)


@pytest.mark.parametrize(
    ("free", "is_written"), [(102 * 32 * 32 * 3 * 4, True), (102 * 32 * 32 * 3 * 4 - 1, False)]
)
def test_an_array_takes_a_quarter_of_the_free_disk_at_most(
    dataset: Dataset, expected: np.ndarray, monkeypatch: pytest.MonkeyPatch, free: int, is_written: bool
) -> None:
    """Beyond it, pictures are decoded as they are asked for; what is read is the same."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    with open_pictures(dataset, 32, QuietProgress()) as store:
        assert arrays_path(dataset, 32).exists() is is_written
        np.testing.assert_array_equal(store.read(ROWS), expected)


def test_threads_do_not_get_each_others_rows(dataset: Dataset) -> None:
    """One reads ahead for training while another reads for validation."""
    whole = np.array(decoded_pictures(dataset, 32, QuietProgress()))
    orders = [np.random.default_rng(seed).permutation(102) for seed in range(8)]
    with PictureStore(dataset, 32) as store, ThreadPoolExecutor(8) as pool:
        for rows, pictures in zip(orders, pool.map(store.read, orders), strict=True):
            np.testing.assert_array_equal(pictures, whole[rows])


def test_without_preadv_rows_are_read_by_seeking(
    dataset: Dataset, expected: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    monkeypatch.delattr(os, "preadv", raising=False)
    with open_pictures(dataset, 32, QuietProgress()) as store:
        np.testing.assert_array_equal(store.read(ROWS), expected)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what is mapped")
def test_pictures_are_not_mapped_into_memory(dataset: Dataset) -> None:
    """Mapped pages count as the process's memory: those of 50,000 pictures are 7.5 GB."""
    with open_pictures(dataset, 32, QuietProgress()) as store:
        store.read(range(102))
        chunks = list(decoded_ahead(dataset, 32, [[1, 2], [3]]))
        assert len(chunks) == 2
        assert str(arrays_path(dataset, 32)) not in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_a_store_goes_on_when_its_array_is_taken_over(dataset: Dataset, expected: np.ndarray) -> None:
    """A later version's decoding removes the file while a run still reads it."""
    with open_pictures(dataset, 32, QuietProgress()) as store:
        if os.name == "posix":
            arrays_path(dataset, 32).unlink()
        np.testing.assert_array_equal(store.read(ROWS), expected)


def test_rows_that_are_not_there_are_refused(dataset: Dataset) -> None:
    with open_pictures(dataset, 32, QuietProgress()) as store:
        for row in (-1, 102):
            with pytest.raises(IndexError, match=f"no row {row} of 102"):
                store.read([row])


def test_a_cut_off_array_is_not_read_as_if_it_were_whole(dataset: Dataset) -> None:
    path = arrays_path(dataset, 32)
    decoded_pictures(dataset, 32, QuietProgress())
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size - 1)
    with PictureStore(dataset, 32) as store, pytest.raises(EOFError):
        store.read([101])


def test_arrays_never_stand_without_the_keys_that_remove_them_later(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 GB would stay for ever: a later version finds those of an earlier one by their keys."""

    def killed(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("core.data.pixels.arrays.write_json", killed)
    with pytest.raises(OSError):  # noqa: PT011
        decoded_pictures(dataset, 32, QuietProgress())
    assert not arrays_path(dataset, 32).exists()
