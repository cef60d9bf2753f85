"""Near-duplicate search: pictures that are recompressed, resized, slightly cropped or differently lit copies.

Candidates come from perceptual hashes (``hash_search``) and, where there are any,
from features. Whether a candidate is a copy is decided on its pixels
(``alignment``). No step compares all pictures with all.
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
from core.data.pixels.statistics import with_measures
from core.progress import PartOf, Progress, QuietProgress, raise_if_stopped

LEAST_CONTRAST = 5.0  # grey levels: in flatter pictures there is nothing to compare
_PAIRS_TOGETHER = 256
Ends = tuple[int, int]  # rows

# Measured on 650 photographs, faces, digits and screenshots with 16 kinds of copies of each: 95% of
# the copies exceed what is explained 0.1 to 0.7 times, different pictures that look alike 0.8 times and more.
# How much may differ grows with the detail: where there is little, many pictures look alike.
_EXCESS_BY_DETAIL = 1.6
_EXCESS_LIMITS = (0.4, 1.2)
_LEAST_CORRELATION = 0.9
_LEAST_ROUGHLY = 0.75  # of the correlation, before a pair is looked at closely
_MOST_TINT = 10.0  # levels of 255
_MOST_STRETCH = 1.12  # the window's shape against the copy's, unless the copy shows everything
_WHOLE = 0.03  # margins below it: the copy shows everything
_LOOSELY = 2.0  # times the difference, for pictures of one group that are not copies of each other
_WAYS = ((False, False), (True, False), (False, True), (True, True))  # turned round, mirrored
# What the windows lack of the side from which the alignment begins; it mends a twentieth of the side.
_NEAR_CUTS = (0.07,)  # where hashes of windows are alike
_FAR_CUTS = (0.1, 0.2, 0.3)  # where nothing is known


@dataclass(frozen=True, kw_only=True)
class NearPair:
    """Two pictures that are nearly the same, by their row numbers, ``first`` < ``second``."""

    first: int
    second: int
    difference: float  # 0: none; 1: as much as a copy may have
    mirrored: bool


def near_duplicates(
    pictures: pd.DataFrame,
    folder: Path,
    proposed: Iterable[Ends] = (),
    added: pd.Series | None = None,
    progress: Progress | None = None,
) -> list[NearPair]:
    """Pairs of nearly the same pictures, the most alike first.

    Of many copies of one picture not every pair is named, but enough to group them.
    Pictures that are nearly blank are not compared.

    Args:
        pictures: rows of a manifest.
        folder: the dataset's folder, for the thumbnails.
        proposed: row numbers of pictures to compare as well, found by features.
        added: bool, which are new; only pairs with a new picture are then looked for.
    Raises:
        JobStopped: the user asked to stop.
    """
    progress = progress or QuietProgress()
    pictures = with_measures(pictures, folder)
    check = _PixelCheck(pictures, folder)
    with threadpool_limits(1, user_api="blas"):  # the arrays are small, and the threads are ours
        is_new = None if added is None else added.to_numpy(dtype=np.bool_)
        candidates = _candidates(pictures, folder, is_new, PartOf(progress, 0.0, 0.5))
        pairs = list(check.by_hash(candidates, PartOf(progress, 0.5, 0.7)))
        known = {(pair.first, pair.second) for pair in pairs}
        ordered = {(min(pair), max(pair)) for pair in proposed}
        pairs += check.anyhow(sorted(ordered - known), PartOf(progress, 0.7, 1.0))
    return sorted(pairs, key=lambda pair: (pair.difference, pair.first, pair.second))


def near_duplicate_groups(
    pictures: pd.DataFrame,
    folder: Path,
    pairs: Sequence[NearPair] | None = None,
    added: pd.Series | None = None,
    progress: Progress | None = None,
) -> pd.Series:
    """A group key a picture, indexed like ``pictures``: the ``sha256`` of the best picture of its group.

    Groups are joined only if their best pictures look alike, too, so that no chain
    of small changes ties a whole dataset together.

    Args:
        pairs: what ``near_duplicates`` found in these pictures, if that is known already.
        added: bool, which are new: groups among the others are known, and not looked for again.
    Raises:
        JobStopped: the user asked to stop.
    """
    pictures = with_measures(pictures, folder)
    pairs = near_duplicates(pictures, folder, added=added, progress=progress) if pairs is None else pairs
    check = _PixelCheck(pictures, folder)
    with threadpool_limits(1, user_api="blas"):
        leaders = _leaders(pairs, picture_quality(pictures), check, progress or QuietProgress())
    return pd.Series(pictures["sha256"].to_numpy()[leaders], index=pictures.index, name="group")


def picture_quality(pictures: pd.DataFrame) -> np.ndarray:
    """Rank copies by quality, int64 (number of pictures,): the higher, the better.

    The one with the most pixels, of those the sharpest, of those the largest file.
    """
    by = (pictures["size_bytes"], pictures["sharpness"].round(2), pictures["width"] * pictures["height"])
    return np.argsort(np.lexsort(by))


def _candidates(
    pictures: pd.DataFrame, folder: Path, added: np.ndarray | None, progress: Progress
) -> pd.DataFrame:
    """Pairs with close hashes, each once, by row number; columns as ``HashIndex.near_pairs``."""
    rows = np.flatnonzero(pictures["contrast"].to_numpy() >= LEAST_CONTRAST)
    if not len(rows):
        return no_pairs()
    hashes = hash_numbers(pictures["perceptual_hash"].iloc[rows])
    queries = cached_window_hashes(folder, pictures["sha256"].to_numpy()[rows], progress)
    is_new = np.ones(len(rows), np.bool_) if added is None else added[rows]
    equal = equal_pairs(hashes)
    equal = equal[is_new[equal["first"]] | is_new[equal["second"]]]
    equal = equal.assign(first=rows[equal["first"]], second=rows[equal["second"]])
    # New pictures are looked up among all, and the others among the new ones.
    found = [equal, HashIndex(hashes, rows).near_pairs(queries[is_new], rows[is_new])]
    if not is_new.all():
        found.append(HashIndex(hashes[is_new], rows[is_new]).near_pairs(queries[~is_new], rows[~is_new]))
    pairs = pd.concat(found, ignore_index=True).sort_values("bits", kind="stable")
    pairs["low"], pairs["high"] = (
        pairs[["first", "second"]].min(axis=1),
        pairs[["first", "second"]].max(axis=1),
    )
    return pairs.drop_duplicates(["low", "high"]).sort_values(["low", "high"], ignore_index=True)


class _PixelCheck:
    """Decides which candidates are copies."""

    def __init__(self, pictures: pd.DataFrame, folder: Path) -> None:
        self._folder = folder
        self._contents = pictures["sha256"].to_numpy()
        self._shapes = (pictures["width"] / pictures["height"]).to_numpy(dtype=np.float64)

    def by_hash(self, candidates: pd.DataFrame, progress: Progress) -> Iterator[NearPair]:
        """Those candidates that are copies."""
        blocks = [
            candidates.iloc[start : start + _PAIRS_TOGETHER]
            for start in range(0, len(candidates), _PAIRS_TOGETHER)
        ]
        yield from _on_every_core(self._check_by_hash, blocks, progress)

    def anyhow(self, pairs: Sequence[Ends], progress: Progress, looseness: float = 1.0) -> Iterator[NearPair]:
        """Those pairs that are copies, whichever shows more than the other, mirrored or not."""
        blocks = [
            np.array(pairs[start : start + _PAIRS_TOGETHER])
            for start in range(0, len(pairs), _PAIRS_TOGETHER)
        ]
        yield from _on_every_core(partial(self._check_anyhow, looseness), blocks, progress)

    def _check_by_hash(self, block: pd.DataFrame) -> list[NearPair]:
        ends, mirrored = block[["first", "second"]].to_numpy(), block["mirrored"].to_numpy()
        first, second = self._squares(ends)
        turned_over = mirrored[:, np.newaxis, np.newaxis, np.newaxis]
        second = np.where(turned_over, second[:, :, ::-1], second)
        begin, correlation = rough_windows(first, second, _starts(_NEAR_CUTS))
        worth = correlation >= _LEAST_ROUGHLY
        return list(
            self._copies(ends[worth], mirrored[worth], compare(first[worth], second[worth], begin[worth]))
        )

    def _check_anyhow(self, looseness: float, ends: np.ndarray) -> list[NearPair]:
        first, second = self._squares(ends)
        ways = []
        for turned, mirrored in _WAYS:
            whole, part = (second, first) if turned else (first, second)
            part = part[:, :, ::-1] if mirrored else part
            ways.append((whole, part, *rough_windows(whole, part, _starts(_FAR_CUTS))))
        best = np.argmax([correlation for *_, correlation in ways], axis=0)
        found: list[NearPair] = []
        for way, ((turned, mirrored), (whole, part, begin, correlation)) in enumerate(
            zip(_WAYS, ways, strict=True)
        ):
            tried = (best == way) & (correlation >= _LEAST_ROUGHLY)
            compared = compare(whole[tried], part[tried], begin[tried])
            ordered = ends[tried, ::-1] if turned else ends[tried]
            found += self._copies(ordered, np.full(len(ordered), mirrored), compared, looseness)
        return found

    def _squares(self, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The pictures of pairs of rows (P, 2); each is read once."""
        rows, places = np.unique(ends, return_inverse=True)
        squares = load_squares(self._folder, self._contents[rows])
        first, second = places.reshape(-1, 2).T
        return squares[first], squares[second]

    def _copies(
        self, ends: np.ndarray, mirrored: np.ndarray, found: Comparison, looseness: float = 1.0
    ) -> Iterator[NearPair]:
        limit = np.clip(_EXCESS_BY_DETAIL * found.detail, *_EXCESS_LIMITS)
        difference = found.excess / limit
        left, right, top, bottom = found.windows.T
        shape = self._shapes[ends[:, 0]] * (1 - left - right) / (1 - top - bottom)
        stretch = np.abs(np.log(shape / self._shapes[ends[:, 1]]))
        accepted = (
            (difference <= looseness)
            & (1 - found.correlation <= looseness * (1 - _LEAST_CORRELATION))
            & (found.tint <= looseness * _MOST_TINT)
            & (found.contrast >= LEAST_CONTRAST)
            & ((stretch <= np.log(_MOST_STRETCH)) | (np.abs(found.windows).max(axis=1) <= _WHOLE))
        )
        for place in np.flatnonzero(accepted):
            first, second = sorted(ends[place].tolist())
            yield NearPair(
                first=first,
                second=second,
                difference=float(difference[place]),
                mirrored=bool(mirrored[place]),
            )


def _leaders(
    pairs: Sequence[NearPair], quality: np.ndarray, check: _PixelCheck, progress: Progress
) -> np.ndarray:
    """int64: the row of the best picture of each picture's group."""
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
        found = {(pair.first, pair.second) for pair in check.anyhow(sorted(undecided), progress, _LOOSELY)}
        alike |= {pair: pair in found for pair in undecided}


def _on_every_core(
    check: Callable[[Any], list[NearPair]], blocks: Sequence[Any], progress: Progress
) -> Iterator[NearPair]:
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            for done, found in enumerate(pool.map(check, blocks), start=1):
                raise_if_stopped(progress)
                progress.advance(done, len(blocks))
                yield from found
        finally:
            pool.shutdown(cancel_futures=True)


def _starts(cuts: Sequence[float]) -> np.ndarray:
    """The whole picture, and windows at its corners, edges and centre: float32 (1 + 9 for each cut, 4)."""
    starts = [(0.0, 0.0, 0.0, 0.0)]
    for cut in cuts:
        sides = [(cut * share, cut * (1 - share)) for share in (0.0, 0.5, 1.0)]
        starts += [(*horizontal, *vertical) for horizontal in sides for vertical in sides]
    return np.array(starts, np.float32)
