"""Near-duplicate search: recompressed, resized, slightly cropped or differently lit copies.

Candidates come from perceptual hashes (``hash_index``) and, if available, from features.
Pixels decide whether a candidate is a copy (``alignment``). No step compares all pairs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from core.data.near_duplicates.alignment import Comparison, compare, load_squares, rough_windows
from core.data.near_duplicates.hash_index import (
    HashIndex,
    cached_window_hashes,
    equal_pairs,
    hash_numbers,
    no_pairs,
)
from core.data.pixels.statistics import with_statistics
from core.progress import PartOf, Progress, QuietProgress, raise_if_stopped

# Grey levels. Flatter pictures have nothing to compare.
MIN_CONTRAST = 5.0
_PAIRS_TOGETHER = 256
# Two rows.
Pair = tuple[int, int]

# Measured on 650 photographs, faces, digits and screenshots with 16 kinds of copies of each: 95% of
# the copies have an excess of 0.1 to 0.7, different pictures that look alike 0.8 and more. The limit
# grows with the detail, because many pictures with little detail look alike.
_EXCESS_BY_DETAIL = 1.6
_EXCESS_LIMITS = (0.4, 1.2)
_MIN_CORRELATION = 0.9
# Of the rough alignment, before a pair is compared closely.
_MIN_ROUGH_CORRELATION = 0.75
# Levels of 255.
_MAX_TINT = 10.0
# Of the window's shape against the copy's, unless the copy shows the whole picture.
_MAX_STRETCH = 1.12
# Larger margins: the copy does not show the whole picture.
_WHOLE = 0.03
# Factor on the limits for pictures of one group that are not copies of each other.
_LOOSE = 2.0
# Swapped, mirrored.
_WAYS = ((False, False), (True, False), (False, True), (True, True))
# Share of the side that start windows lack. The alignment corrects a twentieth of the side.
# For pairs with similar hashes of windows:
_NEAR_CUTS = (0.07,)
# For other pairs:
_FAR_CUTS = (0.1, 0.2, 0.3)


@dataclass(frozen=True, kw_only=True)
class NearPair:
    """Two pictures that are nearly the same, by their row numbers, ``first`` < ``second``."""

    first: int
    second: int
    # 0: none; 1: the limit for a copy.
    difference: float
    mirrored: bool


def near_duplicates(
    pictures: pd.DataFrame,
    folder: Path,
    proposed: Iterable[Pair] = (),
    added: pd.Series | None = None,
    progress: Progress | None = None,
) -> list[NearPair]:
    """Find pairs of near duplicates, the most similar first.

    Many copies of one picture give enough pairs to group them, not all. Nearly blank pictures
    are not compared.

    Args:
        pictures: rows of a manifest.
        folder: the dataset's folder, for the thumbnails.
        proposed: further pairs of rows to compare, from features.
        added: marks new pictures, bool; only pairs with a new picture are searched.
    Raises:
        JobStopped: the user stopped the work.
    """
    progress = progress or QuietProgress()
    pictures = with_statistics(pictures, folder)
    check = _PixelCheck(pictures, folder)
    # The arrays are small, and this module has threads of its own.
    with threadpool_limits(1, user_api="blas"):
        is_new = None if added is None else added.to_numpy(dtype=np.bool_)
        candidates = _candidates(pictures, folder, is_new, PartOf(progress, 0.0, 0.5))
        pairs = list(check.by_hash(candidates, PartOf(progress, 0.5, 0.7)))
        known = {(pair.first, pair.second) for pair in pairs}
        ordered = {(min(pair), max(pair)) for pair in proposed}
        pairs += check.any_way(sorted(ordered - known), PartOf(progress, 0.7, 1.0))
    return sorted(pairs, key=lambda pair: (pair.difference, pair.first, pair.second))


def near_duplicate_groups(
    pictures: pd.DataFrame,
    folder: Path,
    pairs: Sequence[NearPair] | None = None,
    added: pd.Series | None = None,
    progress: Progress | None = None,
) -> pd.Series:
    """Group near duplicates: a key for each picture, the ``sha256`` of the best one of its group.

    Two groups are merged only if their best pictures are near duplicates, so that a chain of
    small changes does not merge a whole dataset.

    Args:
        pairs: result of ``near_duplicates``, if it is known.
        added: marks new pictures, bool; groups of the others are known.
    Returns:
        str, indexed like ``pictures``.
    Raises:
        JobStopped: the user stopped the work.
    """
    pictures = with_statistics(pictures, folder)
    pairs = near_duplicates(pictures, folder, added=added, progress=progress) if pairs is None else pairs
    check = _PixelCheck(pictures, folder)
    with threadpool_limits(1, user_api="blas"):
        leaders = _leaders(pairs, picture_quality(pictures), check, progress or QuietProgress())
    return pd.Series(pictures["sha256"].to_numpy()[leaders], index=pictures.index, name="group")


def picture_quality(pictures: pd.DataFrame) -> np.ndarray:
    """Rank pictures by quality, int64 (pictures,), higher is better: by pixels, sharpness, size of the file."""
    by = (pictures["size_bytes"], pictures["sharpness"].round(2), pictures["width"] * pictures["height"])
    return np.argsort(np.lexsort(by))


def _candidates(
    pictures: pd.DataFrame, folder: Path, added: np.ndarray | None, progress: Progress
) -> pd.DataFrame:
    """Find pairs with similar hashes, each once, by row number; columns as ``HashIndex.near_pairs``."""
    rows = np.flatnonzero(pictures["contrast"].to_numpy() >= MIN_CONTRAST)
    if not len(rows):
        return no_pairs()
    hashes = hash_numbers(pictures["perceptual_hash"].iloc[rows])
    queries = cached_window_hashes(folder, pictures["sha256"].to_numpy()[rows], progress)
    is_new = np.ones(len(rows), np.bool_) if added is None else added[rows]
    equal = equal_pairs(hashes)
    equal = equal[is_new[equal["first"]] | is_new[equal["second"]]]
    equal = equal.assign(first=rows[equal["first"]], second=rows[equal["second"]])
    # New pictures are looked up among all, and the others among the new ones.
    parts = [equal, HashIndex(hashes, rows).near_pairs(queries[is_new], rows[is_new])]
    if not is_new.all():
        parts.append(HashIndex(hashes[is_new], rows[is_new]).near_pairs(queries[~is_new], rows[~is_new]))
    pairs = pd.concat(parts, ignore_index=True).sort_values("bits", kind="stable")
    pairs["low"], pairs["high"] = (
        pairs[["first", "second"]].min(axis=1),
        pairs[["first", "second"]].max(axis=1),
    )
    return pairs.drop_duplicates(["low", "high"]).sort_values(["low", "high"], ignore_index=True)


class _PixelCheck:
    """Check of candidates on their pixels."""

    def __init__(self, pictures: pd.DataFrame, folder: Path) -> None:
        self._folder = folder
        self._contents = pictures["sha256"].to_numpy()
        self._shapes = (pictures["width"] / pictures["height"]).to_numpy(dtype=np.float64)

    def by_hash(self, candidates: pd.DataFrame, progress: Progress) -> Iterator[NearPair]:
        """Select the candidates that are copies."""
        blocks = [
            candidates.iloc[start : start + _PAIRS_TOGETHER]
            for start in range(0, len(candidates), _PAIRS_TOGETHER)
        ]
        yield from _on_every_core(self._check_by_hash, blocks, progress)

    def any_way(
        self, pairs: Sequence[Pair], progress: Progress, looseness: float = 1.0
    ) -> Iterator[NearPair]:
        """Select the pairs that are copies, whichever is the crop of the other, mirrored or not."""
        blocks = [
            np.array(pairs[start : start + _PAIRS_TOGETHER])
            for start in range(0, len(pairs), _PAIRS_TOGETHER)
        ]
        yield from _on_every_core(partial(self._check_any_way, looseness), blocks, progress)

    def _check_by_hash(self, block: pd.DataFrame) -> list[NearPair]:
        ends, mirrored = block[["first", "second"]].to_numpy(), block["mirrored"].to_numpy()
        first, second = self._squares(ends)
        turned_over = mirrored[:, np.newaxis, np.newaxis, np.newaxis]
        second = np.where(turned_over, second[:, :, ::-1], second)
        begin, correlation = rough_windows(first, second, _starts(_NEAR_CUTS))
        worth = correlation >= _MIN_ROUGH_CORRELATION
        return list(
            self._copies(ends[worth], mirrored[worth], compare(first[worth], second[worth], begin[worth]))
        )

    def _check_any_way(self, looseness: float, ends: np.ndarray) -> list[NearPair]:
        first, second = self._squares(ends)
        ways = []
        for turned, mirrored in _WAYS:
            whole, part = (second, first) if turned else (first, second)
            part = part[:, :, ::-1] if mirrored else part
            ways.append((whole, part, *rough_windows(whole, part, _starts(_FAR_CUTS))))
        best = np.argmax([correlation for *_, correlation in ways], axis=0)
        copies: list[NearPair] = []
        for way, ((turned, mirrored), (whole, part, begin, correlation)) in enumerate(
            zip(_WAYS, ways, strict=True)
        ):
            tried = (best == way) & (correlation >= _MIN_ROUGH_CORRELATION)
            compared = compare(whole[tried], part[tried], begin[tried])
            ordered = ends[tried, ::-1] if turned else ends[tried]
            copies += self._copies(ordered, np.full(len(ordered), mirrored), compared, looseness)
        return copies

    def _squares(self, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read the pictures of pairs of rows (P, 2), each once."""
        rows, indices = np.unique(ends, return_inverse=True)
        squares = load_squares(self._folder, self._contents[rows])
        first, second = indices.reshape(-1, 2).T
        return squares[first], squares[second]

    def _copies(
        self, ends: np.ndarray, mirrored: np.ndarray, compared: Comparison, looseness: float = 1.0
    ) -> Iterator[NearPair]:
        limit = np.clip(_EXCESS_BY_DETAIL * compared.detail, *_EXCESS_LIMITS)
        difference = compared.excess / limit
        left, right, top, bottom = compared.windows.T
        shape = self._shapes[ends[:, 0]] * (1 - left - right) / (1 - top - bottom)
        stretch = np.abs(np.log(shape / self._shapes[ends[:, 1]]))
        accepted = (
            (difference <= looseness)
            & (1 - compared.correlation <= looseness * (1 - _MIN_CORRELATION))
            & (compared.tint <= looseness * _MAX_TINT)
            & (compared.contrast >= MIN_CONTRAST)
            & ((stretch <= np.log(_MAX_STRETCH)) | (np.abs(compared.windows).max(axis=1) <= _WHOLE))
        )
        for index in np.flatnonzero(accepted):
            first, second = sorted(ends[index].tolist())
            yield NearPair(
                first=first,
                second=second,
                difference=float(difference[index]),
                mirrored=bool(mirrored[index]),
            )


def _leaders(
    pairs: Sequence[NearPair], quality: np.ndarray, check: _PixelCheck, progress: Progress
) -> np.ndarray:
    """Find the row of the best picture of each picture's group, int64."""
    leaders = list(range(len(quality)))
    alike = {(pair.first, pair.second): True for pair in pairs}

    def leader(row: int) -> int:
        while leaders[row] != row:
            leaders[row] = row = leaders[leaders[row]]
        return row

    while True:
        undecided = set()
        for pair in pairs:
            first, second = sorted((leader(pair.first), leader(pair.second)))
            if first == second:
                continue
            if (first, second) not in alike:
                undecided.add((first, second))
            elif alike[first, second]:
                worse, better = sorted((first, second), key=quality.__getitem__)
                leaders[worse] = better
        if not undecided:
            return np.array([leader(row) for row in range(len(leaders))], dtype=np.int64)
        accepted = {(pair.first, pair.second) for pair in check.any_way(sorted(undecided), progress, _LOOSE)}
        alike |= {pair: pair in accepted for pair in undecided}


def _on_every_core(
    check: Callable[[Any], list[NearPair]], blocks: Sequence[Any], progress: Progress
) -> Iterator[NearPair]:
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            for done, copies in enumerate(pool.map(check, blocks), start=1):
                raise_if_stopped(progress)
                progress.advance(done, len(blocks))
                yield from copies
        finally:
            pool.shutdown(cancel_futures=True)


def _starts(cuts: Sequence[float]) -> np.ndarray:
    """List start windows: the whole, corners, edges and centre: float32 (1 + 9 for each cut, 4)."""
    starts = [(0.0, 0.0, 0.0, 0.0)]
    for cut in cuts:
        sides = [(cut * share, cut * (1 - share)) for share in (0.0, 0.5, 1.0)]
        starts += [(*horizontal, *vertical) for horizontal in sides for vertical in sides]
    return np.array(starts, np.float32)
