"""The index finds the same hashes as a comparison of all pairs, up to its limit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.dataset import open_dataset
from core.data.importing import add_pictures, import_dataset
from core.data.near_duplicates.hash_index import (
    MAX_BITS,
    HashIndex,
    equal_pairs,
    hash_numbers,
    read_window_hashes,
    window_hashes,
)
from tests.support.pictures import class_folders, write_folder

SURELY_FOUND_BITS = 5  # by one of three parts that differs in at most one bit

hashes = st.integers(0, 2**64 - 1)


@given(
    others=st.lists(hashes, max_size=20),
    original=hashes,
    flips=st.sets(st.integers(0, 63), max_size=SURELY_FOUND_BITS),
)
def test_a_hash_within_five_bits_is_always_found(others: list[int], original: int, flips: set[int]) -> None:
    """The others may be nearer only if they are as good as copies themselves."""
    near = original
    for bit in flips:
        near ^= 1 << bit
    others = [other for other in others if (other ^ near).bit_count() > MAX_BITS and other != original]
    known = np.array([original, *others], np.uint64)
    query = np.full((1, 1), near, np.uint64)
    found = HashIndex(known, np.arange(len(known))).near_pairs(query, np.array([99]))
    assert found[["first", "second", "bits"]].to_numpy().tolist() == [[99, 0, len(flips)]]


def test_no_hash_beyond_the_bound_is_found() -> None:
    """A part that is equal by chance is not enough."""
    known = np.array([0], np.uint64)
    queries = np.array([[2 ** (MAX_BITS + 1) - 1], [2**MAX_BITS - 1]], np.uint64)
    found = HashIndex(known, np.array([7])).near_pairs(queries, np.array([0, 1]))
    assert set(found["first"]) <= {1}


def test_pictures_that_are_very_alike_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 300 X-rays each is compared with most others, so memory bounds how many are together."""
    random = np.random.default_rng(0)
    bits = random.integers(0, 2, 64) ^ (random.random((300, 64)) < 0.05)
    values = hash_numbers(pd.Series([f"{int(''.join(map(str, row)), 2):016x}" for row in bits]))
    index, queries = HashIndex(values, np.arange(300)), values[:, np.newaxis]
    whole = index.near_pairs(queries, np.arange(300))
    monkeypatch.setattr("core.data.near_duplicates.hash_index._COMPARED_TOGETHER", 1000)
    pd.testing.assert_frame_equal(index.near_pairs(queries, np.arange(300)), whole)
    assert len(whole) > 300


def test_few_hashes_are_found_as_many_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """By binary search, where a table of all values would take longer than the search itself."""
    random = np.random.default_rng(0)
    values = random.integers(0, 2**64, 60, np.uint64)
    queries = values[:, np.newaxis] ^ (np.uint64(1) << random.integers(0, 64, (60, 20), np.uint64))
    few = HashIndex(values, np.arange(60)).near_pairs(queries, np.arange(100, 160))
    monkeypatch.setattr("core.data.near_duplicates.hash_index._FEW_VALUES", 0)
    many = HashIndex(values, np.arange(60)).near_pairs(queries, np.arange(100, 160))
    assert few["second"].tolist() == list(range(60))
    pd.testing.assert_frame_equal(few, many)


def test_pictures_of_one_hash_are_connected() -> None:
    """Not each with each: a thousand copies would be half a million pairs."""
    values = np.array([5, 8, 5, 5, 8, 1], np.uint64)
    pairs = equal_pairs(values)
    ends = {tuple(sorted(pair)) for pair in pairs[["first", "second"]].to_numpy().tolist()}
    assert ends == {(0, 2), (0, 3), (2, 3), (1, 4)}
    assert equal_pairs(np.arange(4, dtype=np.uint64)).empty


def test_hexadecimal_digits_become_numbers() -> None:
    assert hash_numbers(pd.Series(["00000000000000ff", "8000000000000000"])).tolist() == [255, 1 << 63]


def test_an_import_keeps_the_hashes_that_the_stored_thumbnails_have(tmp_path: Path) -> None:
    """The search then reads no thumbnail again, also after pictures were added."""
    source = write_folder(tmp_path / "first", class_folders({"cats": 10, "dogs": 10}))
    project = import_dataset(source, "Pets").project
    add_pictures(project, write_folder(tmp_path / "more", class_folders({"cats": 3}, start=100)))
    dataset = open_dataset(project)
    kept = read_window_hashes(project.dataset)
    assert kept.keys() == set(dataset.pictures["sha256"])
    for row, sha256 in enumerate(dataset.pictures["sha256"]):
        np.testing.assert_array_equal(kept[sha256], window_hashes(dataset.thumbnail(row)))
