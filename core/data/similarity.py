"""Which pictures of a dataset are nearly the same: recompressed, resized, cropped a little, lit otherwise.

Candidates come from perceptual hashes (``hash_search``) and, where there are any,
from features. Whether a candidate is a copy is decided on its pixels
(``alignment``). No step compares all pictures with all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from core.data.alignment import Comparison, best_windows, compare, load_squares
from core.data.hash_search import (
    HashIndex,
    cached_window_hashes,
    equal_pairs,
    hash_numbers,
    no_pairs,
    windows,
)
from core.data.measures import with_measures
from core.progress import Progress, QuietProgress, raise_if_stopped

LEAST_CONTRAST = 5.0  # grey levels: in flatter pictures there is nothing to compare
_PAIRS_TOGETHER = 256

# Measured on 650 photographs, faces, digits and screenshots with 16 kinds of copies of each: 95% of
# the copies exceed what is explained 0.1 to 0.7 times, different pictures that look alike 0.8 times and more.
# How much may differ grows with the detail: where there is little, many pictures look alike.
_EXCESS_BY_DETAIL = 1.6
_EXCESS_LIMITS = (0.4, 1.2)
_LEAST_CORRELATION = 0.9
_MOST_TINT = 10.0  # levels of 255
_MOST_STRETCH = 1.12  # the window's shape against the copy's, unless the copy shows everything
_WHOLE = 0.03  # margins below it: the copy shows everything
_LOOSELY = 2.0  # times the difference, for pictures of one group that are not copies of each other
_FAR_CUTS = (0.1, 0.2, 0.3)  # of the side, tried where no hash says what a copy shows


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
    proposed: Iterable[tuple[int, int]] = (),
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
        candidates = _candidates(pictures, folder, is_new, progress)
        pairs = list(check.by_window(candidates, progress))
        known = {(pair.first, pair.second) for pair in pairs}
        ordered = {(min(pair), max(pair)) for pair in proposed}
        pairs += check.anyhow(sorted(ordered - known), progress=progress)
    return sorted(pairs, key=lambda pair: (pair.difference, pair.first, pair.second))


def near_duplicate_groups(
    pictures: pd.DataFrame,
    folder: Path,
    pairs: Sequence[NearPair] | None = None,
    added: pd.Series | None = None,
) -> pd.Series:
    """A group key a picture, indexed like ``pictures``: the ``sha256`` of the best picture of its group.

    Groups are joined only if their best pictures look alike, too, so that no chain
    of small changes ties a whole dataset together.

    Args:
        pairs: what ``near_duplicates`` found in these pictures, if that is known already.
        added: bool, which are new: groups among the others are known, and not looked for again.
    """
    pictures = with_measures(pictures, folder)
    pairs = near_duplicates(pictures, folder, added=added) if pairs is None else pairs
    leaders = _leaders(pairs, picture_quality(pictures), _PixelCheck(pictures, folder))
    return pd.Series(pictures["sha256"].to_numpy()[leaders], index=pictures.index, name="group")


def picture_quality(pictures: pd.DataFrame) -> np.ndarray:
    """Which of several copies to keep, int64 (number of pictures,): the higher, the better.

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

    def by_window(self, candidates: pd.DataFrame, progress: Progress) -> Iterator[NearPair]:
        """Those candidates that are copies, if the hash was right about what they show."""
        for start in range(0, len(candidates), _PAIRS_TOGETHER):
            raise_if_stopped(progress)
            block = candidates.iloc[start : start + _PAIRS_TOGETHER]
            ends = block[["first", "second"]].to_numpy()
            mirrored = block["mirrored"].to_numpy()
            first, second = self._squares(ends)
            second = _mirrored_where(mirrored, second)
            begin = windows()[block["window"].to_numpy()]
            yield from self._copies(ends, mirrored, compare(first, second, begin))

    def anyhow(
        self, pairs: Sequence[tuple[int, int]], looseness: float = 1.0, progress: Progress | None = None
    ) -> Iterator[NearPair]:
        """Those pairs that are copies, whichever shows more than the other, mirrored or not."""
        for start in range(0, len(pairs), _PAIRS_TOGETHER):
            raise_if_stopped(progress or QuietProgress())
            ends = np.array(pairs[start : start + _PAIRS_TOGETHER])
            first, second = self._squares(ends)
            ways = []
            for turned, mirror in ((False, False), (True, False), (False, True), (True, True)):
                whole, part = (second, first) if turned else (first, second)
                part = part[:, :, ::-1] if mirror else part
                begin, correlation = best_windows(whole, part, _far_windows())
                ways.append((correlation, begin))
            best = np.argmax([correlation for correlation, _ in ways], axis=0)
            turned, mirrored = best % 2 == 1, best >= 2
            begin = np.stack([begin for _, begin in ways])[best, np.arange(len(ends))]
            turn = turned[:, np.newaxis, np.newaxis, np.newaxis]
            whole, part = np.where(turn, second, first), np.where(turn, first, second)
            compared = compare(whole, _mirrored_where(mirrored, part), begin)
            ends = np.where(turned[:, np.newaxis], ends[:, ::-1], ends)
            yield from self._copies(ends, mirrored, compared, looseness)

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


def _leaders(pairs: Sequence[NearPair], quality: np.ndarray, check: _PixelCheck) -> np.ndarray:
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
        found = {(pair.first, pair.second) for pair in check.anyhow(sorted(undecided), _LOOSELY)}
        alike |= {pair: pair in found for pair in undecided}


def _mirrored_where(mirrored: np.ndarray, squares: np.ndarray) -> np.ndarray:
    return np.where(mirrored[:, np.newaxis, np.newaxis, np.newaxis], squares[:, :, ::-1], squares)


def _far_windows() -> np.ndarray:
    """The whole picture, and windows at its corners, edges and centre: float32 (28, 4)."""
    cuts = [(0.0, 0.0, 0.0, 0.0)]
    for cut in _FAR_CUTS:
        sides = [(cut * share, cut * (1 - share)) for share in (0.0, 0.5, 1.0)]
        cuts += [(*horizontal, *vertical) for horizontal in sides for vertical in sides]
    return np.array(cuts, np.float32)
