"""Multi-index hashing: candidates for near duplicates, without comparing all pairs.

A copy can be a crop of a picture, so the hashes of a picture's windows are looked up as well.
``search`` decides which candidates are copies.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.dataset import thumbnail_path
from core.data.pixels.statistics import HASH_SIDE
from core.data.pixels.thumbnails import read_thumbnail
from core.files import whole_file
from core.progress import Progress, raise_if_stopped

# Of 64. 99% of our test copies differ in fewer bits from their best window.
MAX_BITS = 10
# For each picture, those with the most similar hashes.
_MAX_CANDIDATES = 2
# Of the side. A hash still recognises a window that is off by half a step.
_MARGIN_STEP = 0.035
# At most 10.5% of width and height are cropped.
_MAX_STEPS = 3
_MAX_MIRRORED_STEPS = 1
# Pixels, enough for low frequencies.
_READ_SIDE = 80
# Increase it when the windows or their hashes change.
_CACHE_VERSION = 1
_PICTURES_TOGETHER = 256
# Each takes memory.
_SEARCHES_TOGETHER = 2
# Hashes in one search; 16 MB in each of a few arrays. X-rays are so alike that each is compared with thousands.
_COMPARED_TOGETHER = 2_000_000

# Multi-index hashing (Norouzi, Punjani and Fleet, 2012): of hashes that differ in at
# most five bits, one of three parts differs in at most one.
_PART_BITS = (22, 21, 21)
# With more, a table of all values of a part is faster than a binary search. It takes 100 MB to fill.
_FEW_VALUES = 1 << 15

_MIRRORED_WINDOWS = sum((steps + 1) ** 2 for steps in range(_MAX_MIRRORED_STEPS + 1))
# Bits of a hash whose sign mirroring flips.
_ODD_WAVES = np.packbits(np.tile(np.arange(HASH_SIDE) % 2, HASH_SIDE)).view(">u8").astype(np.uint64)


class HashIndex:
    """Index of hashes for searches within a few bits. Equal hashes count once, for the first picture."""

    def __init__(self, hashes: np.ndarray, rows: np.ndarray) -> None:
        """Index ``hashes`` (uint64, from ``hash_numbers``) of the pictures in ``rows``."""
        self._unique, first_indices = np.unique(hashes, return_index=True)
        self._owners = rows[first_indices]
        self._tables = [
            _PartTable(part, width) for part, width in zip(_parts(self._unique), _PART_BITS, strict=True)
        ]

    def near_pairs(self, queries: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
        """Find the most similar pictures of each picture in ``rows``.

        Args:
            queries: uint64, their rows of ``window_hashes``.
        Returns:
            Columns ``first`` and ``second`` (rows of pictures), ``mirrored``, and ``bits``, by which
            a window of the first differs from the second.
        """

        def search(start: int) -> pd.DataFrame:
            stop = start + _PICTURES_TOGETHER
            return self._near_pairs(queries[start:stop], rows[start:stop])

        with ThreadPoolExecutor(max_workers=_SEARCHES_TOGETHER) as pool:
            blocks = list(pool.map(search, range(0, len(rows), _PICTURES_TOGETHER)))
        return pd.concat([no_pairs(), *blocks], ignore_index=True)

    def _near_pairs(self, queries: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
        """Search for some pictures, in halves where their matches do not fit into memory together."""
        if len(rows) > 1 and self._count(queries) > _COMPARED_TOGETHER:
            half = len(rows) // 2
            halves = ((queries[:half], rows[:half]), (queries[half:], rows[half:]))
            return pd.concat([self._near_pairs(*one) for one in halves], ignore_index=True)
        flat = queries.ravel()
        matches = [
            self._lookup(flat, part, table) for part, table in zip(_parts(flat), self._tables, strict=True)
        ]
        query, hit = (np.concatenate(column) for column in zip(*matches, strict=True))
        picture, turn = np.divmod(query, queries.shape[1])
        pairs = pd.DataFrame(
            {
                "first": rows[picture],
                "second": self._owners[hit],
                "mirrored": turn >= len(_margin_pairs()),
                "bits": np.bitwise_count(flat[query] ^ self._unique[hit]),
            }
        )
        pairs = pairs[pairs["first"] != pairs["second"]].sort_values(["first", "bits", "mirrored"])
        pairs = pairs.drop_duplicates(["first", "second"])
        return pairs[pairs.groupby("first").cumcount() < _MAX_CANDIDATES]

    def _count(self, queries: np.ndarray) -> int:
        """Count the hashes that queries are compared with."""
        pairs = zip(_parts(queries.ravel()), self._tables, strict=True)
        return sum(int(table.spans(part)[1].sum()) for part, table in pairs)

    def _lookup(
        self, queries: np.ndarray, part: np.ndarray, table: _PartTable
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find hashes close to the queries; return indices of queries and of hashes."""
        starts, counts = table.spans(part)
        query = np.repeat(np.arange(len(queries)), counts)
        hit = table.members[np.arange(len(query)) + np.repeat(starts - np.cumsum(counts) + counts, counts)]
        close = np.bitwise_count(queries[query] ^ self._unique[hit]) <= MAX_BITS
        return query[close], hit[close]


class _PartTable:
    """Table of hashes by a part of ``width`` bits, and by all values that differ from it in one bit.

    ``members`` are indices of hashes, those of one value side by side.
    """

    def __init__(self, part: np.ndarray, width: int) -> None:
        flips = np.concatenate([[0], 1 << np.arange(width)])
        values = (part[:, np.newaxis] ^ flips).ravel()
        order = np.argsort(values, kind="stable")
        self.members = np.repeat(np.arange(len(part), dtype=np.int32), len(flips))[order]
        self._values = self._offsets = np.zeros(0, np.int64)
        self._has_offsets = len(values) > _FEW_VALUES
        if self._has_offsets:
            self._offsets = np.concatenate([[0], np.cumsum(np.bincount(values, minlength=1 << width))])
        else:
            self._values = values[order]

    def spans(self, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where in ``members`` the hashes of each value begin, and their number."""
        if self._has_offsets:
            starts, ends = self._offsets[part], self._offsets[part + 1]
        else:
            starts = np.searchsorted(self._values, part)
            ends = np.searchsorted(self._values, part, side="right")
        return starts, ends - starts


def no_pairs() -> pd.DataFrame:
    """Make an empty result of ``HashIndex.near_pairs``."""
    columns = {"first": np.int64, "second": np.int64, "mirrored": np.bool_, "bits": np.uint8}
    return pd.DataFrame({name: np.empty(0, kind) for name, kind in columns.items()})


def equal_pairs(hashes: np.ndarray) -> pd.DataFrame:
    """Pair every picture with the first and the previous one of its hash; columns as ``near_pairs``."""
    unique, owners = np.unique(hashes, return_index=True)
    order = np.argsort(hashes, kind="stable")
    again = np.flatnonzero(hashes[order][1:] == hashes[order][:-1]) + 1
    first = owners[np.searchsorted(unique, hashes[order[again]])]
    ends = {"first": np.concatenate([first, order[again - 1]]), "second": np.tile(order[again], 2)}
    return no_pairs().reindex(range(2 * len(again)), fill_value=0).assign(**ends)


def hash_numbers(hashes: pd.Series) -> np.ndarray:
    """Parse perceptual hashes from hexadecimal digits to uint64."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8").astype(np.uint64)


def cached_window_hashes(folder: Path, contents: np.ndarray, progress: Progress) -> np.ndarray:
    """Compute the ``window_hashes`` of every picture, uint64 (n, queries), with a cache on disk.

    Raises:
        JobStopped: the user stopped the work.
    """
    known = read_window_hashes(folder)
    missing = [sha256 for sha256 in dict.fromkeys(contents.tolist()) if sha256 not in known]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for start in range(0, len(missing), _PICTURES_TOGETHER):
            raise_if_stopped(progress)
            block = missing[start : start + _PICTURES_TOGETHER]
            thumbnails = (thumbnail_path(folder, sha256).read_bytes() for sha256 in block)
            known.update(zip(block, pool.map(window_hashes, thumbnails), strict=True))
            progress.advance(start + len(block), len(missing))
    if missing:
        _write_window_hashes(folder, known)
    return np.stack([known[sha256] for sha256 in contents.tolist()])


def read_window_hashes(folder: Path) -> dict[str, np.ndarray]:
    """Read the cached ``window_hashes`` of a dataset, by the pictures' ``sha256``."""
    path = _cache_path(folder)
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as cached:
        return dict(zip(cached["sha256"].astype(str).tolist(), cached["hashes"], strict=True))


def keep_window_hashes(folder: Path, hashes: Mapping[str, np.ndarray]) -> None:
    """Add ``window_hashes`` to the cache of a dataset, by the pictures' ``sha256``."""
    if hashes:
        _write_window_hashes(folder, {**read_window_hashes(folder), **hashes})


def window_hashes(thumbnail: bytes) -> np.ndarray:
    """Compute the hashes of a thumbnail's windows, then of some windows mirrored: uint64 (queries,).

    Args:
        thumbnail: JPEG, as ``thumbnail_path`` stores it.
    """
    grey = np.asarray(read_thumbnail(thumbnail, "L", _READ_SIDE), dtype=np.float32)
    rows, columns = (_waves(length).reshape(-1, length) for length in grey.shape)
    margins = len(_margins())
    frequencies = (rows @ grey @ columns.T).reshape(margins, HASH_SIDE + 1, margins, HASH_SIDE + 1)
    above, before = _margin_pairs().T
    chosen = frequencies[above, :, before, :HASH_SIDE]
    signs = chosen[:, :HASH_SIDE] > 0
    signs[:, 0, 0] = chosen[:, HASH_SIDE, 0] > 0
    hashes = np.packbits(signs.reshape(len(signs), -1), axis=1).view(">u8").ravel().astype(np.uint64)
    return np.concatenate([hashes, hashes[:_MIRRORED_WINDOWS] ^ _ODD_WAVES])


def _cache_path(folder: Path) -> Path:
    return folder / "similarity" / f"windows-{_CACHE_VERSION}.npz"


def _write_window_hashes(folder: Path, known: Mapping[str, np.ndarray]) -> None:
    with whole_file(_cache_path(folder)) as temporary:
        np.savez(temporary, sha256=np.array(list(known), "S64"), hashes=np.stack(list(known.values())))


@lru_cache
def _margins() -> list[tuple[float, float]]:
    """List the crops before and after as fractions of a side, smallest first."""
    return [
        (_MARGIN_STEP * before, _MARGIN_STEP * (steps - before))
        for steps in range(_MAX_STEPS + 1)
        for before in range(steps + 1)
    ]


@lru_cache
def _margin_pairs() -> np.ndarray:
    """List vertical and horizontal margins that preserve the shape: int64 (W, 2), indices of ``_margins``."""
    steps = [round((before + after) / _MARGIN_STEP) for before, after in _margins()]
    indices = range(len(steps))
    return np.array([(v, h) for v in indices for h in indices if steps[v] == steps[h]])


@lru_cache(maxsize=1024)
def _waves(length: int) -> np.ndarray:
    """Build the projections of a side's crops on the waves of a hash: float32 (margins, 9, length)."""
    edges = np.arange(length + 1) / length
    waves = []
    for before, after in _margins():
        inside = np.clip((np.minimum(edges[1:], 1 - after) - np.maximum(edges[:-1], before)) * length, 0, 1)
        position = ((edges[1:] + edges[:-1]) / 2 - before) / (1 - before - after)
        waves.append(np.cos(np.pi * np.arange(HASH_SIDE + 1)[:, np.newaxis] * position) * inside)
    return np.stack(waves).astype(np.float32)


def _parts(hashes: np.ndarray) -> list[np.ndarray]:
    """Split hashes into three int64 parts, bit by bit in turn, so each has coarse and fine waves."""
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    return [
        bits[:, part :: len(_PART_BITS)].astype(np.int64) @ (1 << np.arange(width))
        for part, width in enumerate(_PART_BITS)
    ]
