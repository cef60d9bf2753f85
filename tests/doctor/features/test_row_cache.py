"""Cached rows are found by the digest of their inputs alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.doctor.features.row_cache import CachedRows, read_rows, write_rows

IDS = np.array(["a", "ünï", "c"])


def test_rows_come_back_with_their_ids_and_types(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    write_rows(tmp_path, "map", "1f", CachedRows(ids=IDS, values=values))
    found = read_rows(tmp_path, "map", "1f")
    assert found is not None
    np.testing.assert_array_equal(found.values, values)
    assert found.ids.tolist() == IDS.tolist()
    assert found.values.dtype == np.float32


def test_ids_of_a_table_need_no_pickle(tmp_path: Path) -> None:
    """A table's column holds objects; files that unpickle could run anything."""
    write_rows(tmp_path, "map", "1f", CachedRows(ids=IDS.astype(object), values=np.zeros(3)))
    found = read_rows(tmp_path, "map", "1f")
    assert found is not None
    assert found.ids.tolist() == IDS.tolist()


def test_another_digest_replaces_the_rows_and_another_name_does_not(tmp_path: Path) -> None:
    rows = CachedRows(ids=IDS, values=np.zeros(3))
    write_rows(tmp_path, "map", "1f", rows)
    write_rows(tmp_path, "points", "1f", rows)
    write_rows(tmp_path, "map", "2e", rows)
    assert sorted(path.name for path in (tmp_path / "doctor").iterdir()) == ["map-2e.npz", "points-1f.npz"]
    assert read_rows(tmp_path, "map", "1f") is None


def test_rows_that_do_not_match_the_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 rows for 3 pictures"):
        write_rows(tmp_path, "map", "1f", CachedRows(ids=IDS, values=np.zeros(2)))
