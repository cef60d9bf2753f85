"""Frozen features, computed once for each picture and backbone.

A frozen backbone gives the same answer for the same picture every time, so its
answers are kept on disk by the picture's content: in every later run and search
they are read, not computed. An interrupted extraction goes on where it stopped.

Memory holds what is asked for, once: ``rows`` asks for some pictures, ``reduce`` for
less of each. All quarters of 50,000 pictures are 1 GB, their means 256 MB.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from core.data.dataset import Dataset
from core.data.pixels.arrays import PictureStore, arrays_bytes, decoded_ahead, decoded_pictures, open_pictures
from core.files import digest_of, whole_file
from core.models.augmentation import AugmentationConfig, augment
from core.models.head import mean_of_quarters
from core.models.litert.engine import FeatureExtractor
from core.models.speeds import remember_speed
from core.progress import JobPaused, JobStopped, Progress, Stage, raise_if_stopped

_CHUNK = 512  # pictures between two writes
_BATCH = 32  # pictures augmented together
_MOST_ARRAYS_BYTES = 1 << 30  # beyond this, pictures are decoded while features are made, and not kept
_WORTH_TIMING = 64  # pictures: a rate over fewer says little

Reduce = Literal["mean"]  # "mean": of the quarters, which is that of the whole picture


def cached_features(
    dataset: Dataset,
    engine: Path,
    progress: Progress,
    *,
    speed_key: str | None = None,
    rows: np.ndarray | None = None,
    reduce: Reduce | None = None,
) -> np.ndarray:
    """The features of a dataset version's pictures; what is not cached yet is computed, and cached.

    Args:
        engine: a converted feature extractor; its file name is the cache's key.
        speed_key: its name in ``core.models.speeds``, if the speed is worth remembering.
        rows: int (n,), the pictures that are asked for; None: every one, in the dataset's order.
        reduce: what to make of the features while they are read; None: nothing.
    Returns:
        float32, shape (n, feature size), or (n, feature size / QUARTERS) where reduced.
    Raises:
        JobStopped, JobPaused: the user asked for it; what was computed stays cached.
    """
    wanted = np.arange(len(dataset.pictures)) if rows is None else np.asarray(rows, np.int64)
    gathered = _Gathered(dataset.pictures["sha256"].to_numpy()[wanted].tolist(), reduce)
    folder = dataset.folder / "features" / engine.stem
    for path in _chunks(folder):
        gathered.add_chunk(path)
    missing = wanted[gathered.missing()]
    if len(missing):
        _extract_missing(dataset, engine, missing, gathered, folder, progress, speed_key)
    return gathered.features


def features_of_rows(
    dataset: Dataset,
    rows: np.ndarray,
    engine: Path,
    progress: Progress,
    *,
    reduce: Reduce | None = None,
) -> np.ndarray:
    """Features of the pictures in ``rows``, computed now and kept nowhere.

    For a network of one run alone. Advances the stage that the caller has begun.

    Returns:
        float32, shape (number of rows, feature size), in the order of ``rows``; reduced as asked for.
    Raises:
        JobStopped, JobPaused: the user asked for it.
    """
    extractor = FeatureExtractor(engine)
    features: np.ndarray | None = None
    done = 0
    for _, block in _extracted(dataset, extractor, rows.tolist(), progress, before=0, total=len(rows)):
        content = _reduced(block, reduce)
        if features is None:
            features = np.empty((len(rows), content.shape[1]), np.float32)
        features[done : done + len(content)] = content
        done += len(content)
    if done < len(rows):
        raise _interruption(progress)
    return (
        _reduced(np.empty((0, extractor.output_size), np.float32), reduce) if features is None else features
    )


def augmented_features(
    dataset: Dataset,
    rows: np.ndarray,
    engine: Path,
    config: AugmentationConfig,
    views: int,
    seed: int,
    progress: Progress,
    *,
    reduce: Reduce | None = None,
) -> np.ndarray:
    """Features of changed copies of the pictures in ``rows``.

    Returns:
        float32, shape (views, number of rows, feature size); reduced as asked for.
    """
    hashes = dataset.pictures["sha256"].to_numpy()[rows].tolist()
    key = digest_of({"augmentation": config.to_json(), "seed": seed, "pictures": hashes})
    folder = dataset.folder / "features" / engine.stem / f"views-{key}"
    blocks = [(view, start) for view in range(views) for start in range(0, len(rows), _CHUNK)]
    missing = [block for block in blocks if not _block_path(folder, *block).exists()]
    if missing:
        progress.stage(Stage.AUGMENTING)
        with open_pictures(dataset, FeatureExtractor(engine).input_size, progress) as pictures:
            _extract_views(pictures, rows, engine, config, seed, folder, missing, progress)
    answers: np.ndarray | None = None
    for view, start in blocks:
        content = _reduced(np.load(_block_path(folder, view, start)), reduce)
        if answers is None:
            answers = np.empty((views, len(rows), content.shape[1]), np.float32)
        answers[view, start : start + _CHUNK] = content
    if answers is None:
        raise ValueError("no view of any picture was asked for")
    return answers


def count_missing(dataset: Dataset, engine: Path | None) -> int:
    """How many pictures have no cached features yet: all, if there is no engine either."""
    if engine is None:
        return len(dataset.pictures)
    known: set[str] = set()
    for path in _chunks(dataset.folder / "features" / engine.stem):
        with np.load(path, allow_pickle=False) as chunk:
            known.update(_hashes_of(chunk))
    return sum(sha256 not in known for sha256 in dataset.pictures["sha256"])


class _Gathered:
    """The features asked for, filled in wherever they are found."""

    def __init__(self, hashes: list[str], reduce: Reduce | None) -> None:
        self.count, self._reduce = len(hashes), reduce
        self._places: dict[
            str, list[int]
        ] = {}  # of what is not found yet; a picture may stand in two classes
        for place, sha256 in enumerate(hashes):
            self._places.setdefault(sha256, []).append(place)
        self._features: np.ndarray | None = None

    @property
    def features(self) -> np.ndarray:
        """float32 (number of hashes, feature size)."""
        if self._features is None or self._places:
            raise ValueError(f"the features of {len(self._places)} pictures were not found")
        return self._features

    def missing(self) -> list[int]:
        """A place of each content that is not found yet."""
        return [places[0] for places in self._places.values()]

    def add_chunk(self, path: Path) -> None:
        """Take from a chunk what is asked for; opened once, its features are read only if it has some."""
        with np.load(path, allow_pickle=False) as chunk:
            hashes = _hashes_of(chunk)
            if any(sha256 in self._places for sha256 in hashes):
                self.add(hashes, chunk["features"])

    def add(self, hashes: Sequence[str], features: np.ndarray) -> None:
        """Take what is asked for of features float32 (len(hashes), feature size)."""
        content = _reduced(features, self._reduce)
        if self._features is None:
            self._features = np.empty((self.count, content.shape[1]), np.float32)
        for row, sha256 in zip(content, hashes, strict=True):
            self._features[self._places.pop(sha256, [])] = row


def _extract_missing(
    dataset: Dataset,
    engine: Path,
    missing: np.ndarray,
    gathered: _Gathered,
    folder: Path,
    progress: Progress,
    speed_key: str | None,
) -> None:
    extractor = FeatureExtractor(engine)
    hashes, total = dataset.pictures["sha256"].to_numpy(), gathered.count
    if len(missing) == len(hashes) and arrays_bytes(dataset, extractor.input_size) <= _MOST_ARRAYS_BYTES:
        progress.stage(Stage.DECODING)
        decoded_pictures(dataset, extractor.input_size, progress)  # other networks of this size read it, too
    progress.stage(Stage.FEATURES)
    began, found = time.monotonic(), 0
    for rows, features in _extracted(
        dataset, extractor, missing.tolist(), progress, before=total - len(missing), total=total
    ):
        done = hashes[rows].tolist()
        with whole_file(folder / f"{digest_of(done)}.npz") as temporary:
            np.savez(temporary, sha256=np.array(done, "S64"), features=features)
        gathered.add(done, features)
        found += len(done)
    if found < len(missing):
        raise _interruption(progress)
    if speed_key and len(missing) >= _WORTH_TIMING:
        remember_speed(speed_key, len(missing) / (time.monotonic() - began))


def _extracted(
    dataset: Dataset,
    extractor: FeatureExtractor,
    rows: list[int],
    progress: Progress,
    *,
    before: int,
    total: int,
) -> Iterator[tuple[list[int], np.ndarray]]:
    """Rows and their features, chunk by chunk; fewer than asked for once Stop, or Pause, was."""

    def is_interrupted() -> bool:
        return progress.should_stop() or progress.should_pause()

    chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
    for chunk, pictures in decoded_ahead(dataset, extractor.input_size, chunks):
        features = extractor.run(
            pictures,
            on_batch=partial(_advance_from, progress, before, total),
            should_stop=is_interrupted,
        )
        if len(features):
            yield list(chunk[: len(features)]), features  # a part of it is worth keeping as well
        if len(features) < len(chunk):
            return
        before += len(chunk)


def _advance_from(progress: Progress, before: int, total: int, done: int) -> None:
    progress.advance(before + done, total)


def _interruption(progress: Progress) -> Exception:
    """Why the extraction ended before its end."""
    return JobPaused() if progress.should_pause() and not progress.should_stop() else JobStopped()


def _extract_views(
    pictures: PictureStore,
    rows: np.ndarray,
    engine: Path,
    config: AugmentationConfig,
    seed: int,
    folder: Path,
    missing: list[tuple[int, int]],
    progress: Progress,
) -> None:
    extractor = FeatureExtractor(engine)
    total, done = sum(min(_CHUNK, len(rows) - start) for _, start in missing), 0
    for view, start in missing:
        block = rows[start : start + _CHUNK]
        features = []
        for offset, batch in _batches(block):
            raise_if_stopped(progress)
            # Seeded by place, not by turn: an interrupted run draws the same changes again.
            batch_seed = int(digest_of([seed, view, start + offset])[:7], 16)
            features.append(extractor.run(augment(pictures.read(batch), config, batch_seed)))
            done += len(batch)
            progress.advance(done, total)
        with whole_file(_block_path(folder, view, start)) as temporary:
            np.save(temporary, np.concatenate(features))


def _batches(rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for offset in range(0, len(rows), _BATCH):
        yield offset, rows[offset : offset + _BATCH]


def _block_path(folder: Path, view: int, start: int) -> Path:
    return folder / f"{view:02d}-{start:07d}.npy"


def _reduced(features: np.ndarray, reduce: Reduce | None) -> np.ndarray:
    return features if reduce is None else mean_of_quarters(features)


def _chunks(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.npz"))


def _hashes_of(chunk: Mapping[str, np.ndarray]) -> list[str]:
    return [sha256.decode() for sha256 in chunk["sha256"].tolist()]
