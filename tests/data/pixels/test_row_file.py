"""Rows on disk come back as they were written, and nothing beyond the file is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.pixels.row_file import RowFile


def test_rows_come_back_in_any_order(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(7, 2, 3)).astype(np.float16)
    with RowFile.create(tmp_path / "rows.npy", (7, 2, 3), np.dtype(np.float16)) as file:
        file.write(0, values[:4])
        file.write(4, values[4:])
        np.testing.assert_array_equal(file.read(np.array([6, 0, 3, 3])), values[[6, 0, 3, 3]])
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), values)  # NumPy reads it, too


def test_rows_not_written_yet_are_zeros_and_take_no_room(tmp_path: Path) -> None:
    with RowFile.create(tmp_path / "rows.npy", (100_000, 64), np.dtype(np.float32)) as file:
        assert not file.read(np.array([99_999])).any()
    assert (tmp_path / "rows.npy").stat().st_blocks * 512 < 1 << 20


def test_a_file_that_numpy_wrote_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.arange(12, dtype=np.int64).reshape(4, 3))
    with RowFile(tmp_path / "rows.npy") as file:
        assert file.shape == (4, 3)
        assert file.read(np.array([2])).tolist() == [[6, 7, 8]]


@pytest.mark.parametrize("row", [-1, 4])
def test_a_row_that_is_not_there_is_refused(tmp_path: Path, row: int) -> None:
    np.save(tmp_path / "rows.npy", np.zeros((4, 3)))
    with RowFile(tmp_path / "rows.npy") as file, pytest.raises(IndexError, match=f"no row {row} of 4"):
        file.read(np.array([row]))


def test_a_file_that_was_cut_off_is_no_row_of_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.ones((4, 3)))
    path.write_bytes(path.read_bytes()[:-8])
    with RowFile(path) as file:
        assert file.read(np.array([2])).all()
        with pytest.raises(EOFError, match="ends before its last row"):
            file.read(np.array([3]))


def test_columns_first_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.asfortranarray(np.zeros((4, 3))))
    with pytest.raises(ValueError, match="column by column"):
        RowFile(tmp_path / "rows.npy")
