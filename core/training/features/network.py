"""Feature cache of one network: features of a frozen backbone, computed once per picture.

A frozen backbone gives the same features for the same picture, so they are stored by the
picture's content and read in every later run and search. An interrupted extraction
resumes where it stopped.

Memory holds one copy of the requested features: ``rows`` selects pictures, ``reduce``
pools each. 2 x 2 pooled features of 50,000 pictures are 1 GB, globally pooled 256 MB.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from core.data.dataset import Dataset
from core.data.pixels.arrays import PictureStore, arrays_bytes, decoded_ahead, decoded_pictures, open_pictures
from core.files import digest_of, whole_file
from core.models.augmentation import AugmentationConfig, augment
from core.models.head import pool_globally
from core.models.litert.engine import FeatureExtractor
from core.models.speeds import remember_speed
from core.progress import JobPaused, JobStopped, Progress, Stage, raise_if_stopped

_CHUNK = 512  # pictures between two writes
_BATCH = 32  # pictures augmented together
_MAX_ARRAYS_BYTES = 1 << 30  # of decoded pictures on disk; beyond, they are decoded as needed
_MIN_TIMED_PICTURES = 64  # a rate over fewer is noise
_UNUSED_SECONDS = 7 * 24 * 3600.0  # after which features of augmented copies are removed

Reduce = Literal["mean"]  # global average pooling, from the 2 x 2 cells


def network_features(
    dataset: Dataset,
    rows: np.ndarray,
    engine: Path,
    progress: Progress,
    *,
    speed_key: str | None,
    reduce: Reduce | None,
) -> np.ndarray:
    """Return the features of the pictures in ``rows``; missing ones are computed and cached.

    Args:
        rows: int64 (n,).
        engine: a converted feature extractor; its file name is the cache's key.
        speed_key: key under which ``core.models.speeds`` stores the speed; None: not stored.
        reduce: pooling while features are read; None: none.
    Returns:
        float32, shape (n, feature size), or (n, feature size / GRID_CELLS) where reduced.
    Raises:
        JobStopped, JobPaused: the user asked for it; computed features stay cached.
    """
    collected = _Collected(_keys(dataset, rows), reduce)
    folder = dataset.folder / "features" / engine.stem
    for path in _chunks(folder):
        collected.add_chunk(path)
    missing = rows[collected.missing()]
    if len(missing):
        _extract_missing(dataset, engine, missing, collected, folder, progress, speed_key)
    return collected.features


def features_of_rows(
    dataset: Dataset,
    rows: np.ndarray,
    engine: Path,
    progress: Progress,
    *,
    reduce: Reduce | None = None,
) -> np.ndarray:
    """Compute the features of the pictures in ``rows`` without caching them.

    For a network of one run alone. Advances the stage that the caller has begun.

    Returns:
        float32, shape (number of rows, feature size), in the order of ``rows``; pooled by ``reduce``.
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


def network_copies(
    dataset: Dataset,
    rows: np.ndarray,
    engine: Path,
    config: AugmentationConfig,
    copies: int,
    seed: int,
    progress: Progress,
    *,
    reduce: Reduce | None,
) -> np.ndarray:
    """Return features of augmented copies of the pictures in ``rows``, cached on disk.

    Each augmentation and seed has its own. Those that nobody asked for in a week are removed.

    Returns:
        float32, shape (copies, number of rows, feature size); pooled by ``reduce``.
    """
    key = digest_of({"augmentation": config.to_json(), "seed": seed, "pictures": _keys(dataset, rows)})
    folder = dataset.folder / "features" / engine.stem / f"views-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    _drop_unused_copies(dataset.folder)
    blocks = [(copy, start) for copy in range(copies) for start in range(0, len(rows), _CHUNK)]
    missing = [block for block in blocks if not _block_path(folder, *block).exists()]
    if missing:
        progress.stage(Stage.AUGMENTING)
        with open_pictures(dataset, FeatureExtractor(engine).input_size, progress) as pictures:
            _extract_copies(pictures, rows, engine, config, seed, folder, missing, progress)
    features: np.ndarray | None = None
    for copy, start in blocks:
        content = _reduced(np.load(_block_path(folder, copy, start)), reduce)
        if features is None:
            features = np.empty((copies, len(rows), content.shape[1]), np.float32)
        features[copy, start : start + _CHUNK] = content
    if features is None:
        raise ValueError("no copy of any picture was requested")
    return features


def stored_chunks(dataset: Dataset, engine: Path) -> Iterator[tuple[list[str], Callable[[], np.ndarray]]]:
    """Yield the chunks of the cache, for a search that needs little memory; nothing is computed.

    Yields:
        Keys of the pictures, see ``Dataset.decoded_keys``, and a function that reads their features:
        float32 (pictures, feature size).
    """
    for path in _chunks(dataset.folder / "features" / engine.stem):
        with np.load(path, allow_pickle=False) as chunk:
            hashes = _hashes_of(chunk)
        yield hashes, partial(_features_in, path)


def _keys(dataset: Dataset, rows: np.ndarray) -> list[str]:
    """Keys of some pictures in the cache, see ``Dataset.decoded_keys``."""
    return [dataset.decoded_keys[row] for row in rows]


class _Collected:
    """Requested features, filled in as chunks are read or computed."""

    def __init__(self, hashes: list[str], reduce: Reduce | None) -> None:
        self.count, self._reduce = len(hashes), reduce
        # Indices of missing features, by content; a picture may stand in two classes.
        self._missing: dict[str, list[int]] = {}
        for index, sha256 in enumerate(hashes):
            self._missing.setdefault(sha256, []).append(index)
        self._features: np.ndarray | None = None

    @property
    def features(self) -> np.ndarray:
        """float32 (number of hashes, feature size)."""
        if self._features is None or self._missing:
            raise ValueError(f"the features of {len(self._missing)} pictures are missing")
        return self._features

    def missing(self) -> list[int]:
        """Return an index of each content that is missing."""
        return [indices[0] for indices in self._missing.values()]

    def add_chunk(self, path: Path) -> None:
        """Add a chunk's requested features; the array is read only if it has some."""
        with np.load(path, allow_pickle=False) as chunk:
            hashes = _hashes_of(chunk)
            if any(sha256 in self._missing for sha256 in hashes):
                self.add(hashes, chunk["features"])

    def add(self, hashes: Sequence[str], features: np.ndarray) -> None:
        """Add the requested ones of features float32 (len(hashes), feature size)."""
        content = _reduced(features, self._reduce)
        if self._features is None:
            self._features = np.empty((self.count, content.shape[1]), np.float32)
        for row, sha256 in zip(content, hashes, strict=True):
            self._features[self._missing.pop(sha256, [])] = row


def _extract_missing(
    dataset: Dataset,
    engine: Path,
    missing: np.ndarray,
    collected: _Collected,
    folder: Path,
    progress: Progress,
    speed_key: str | None,
) -> None:
    extractor = FeatureExtractor(engine)
    total = collected.count
    if (
        len(missing) == len(dataset.pictures)
        and arrays_bytes(dataset, extractor.input_size) <= _MAX_ARRAYS_BYTES
    ):
        progress.stage(Stage.DECODING)
        decoded_pictures(dataset, extractor.input_size, progress)  # for other networks of this size too
    progress.stage(Stage.FEATURES)
    began, count = time.monotonic(), 0
    for rows, features in _extracted(
        dataset, extractor, missing.tolist(), progress, before=total - len(missing), total=total
    ):
        done = _keys(dataset, np.asarray(rows))
        with whole_file(folder / f"{digest_of(done)}.npz") as temporary:
            np.savez(temporary, sha256=np.array(done, "S64"), features=features)
        collected.add(done, features)
        count += len(done)
    if count < len(missing):
        raise _interruption(progress)
    if speed_key and len(missing) >= _MIN_TIMED_PICTURES:
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
    """Yield rows and their features chunk by chunk; ends early after a stop or pause request."""

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
            yield list(chunk[: len(features)]), features  # part of a chunk is worth storing too
        if len(features) < len(chunk):
            return
        before += len(chunk)


def _advance_from(progress: Progress, before: int, total: int, done: int) -> None:
    progress.advance(before + done, total)


def _interruption(progress: Progress) -> Exception:
    """Return the exception for an extraction that was stopped or paused."""
    return JobPaused() if progress.should_pause() and not progress.should_stop() else JobStopped()


def _extract_copies(
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
    for copy, start in missing:
        block = rows[start : start + _CHUNK]
        features = []
        for offset, batch in _batches(block):
            raise_if_stopped(progress)
            # Seeded by position, so that an interrupted run augments the same way again.
            batch_seed = int(digest_of([seed, copy, start + offset])[:7], 16)
            features.append(extractor.run(augment(pictures.read(batch), config, batch_seed)))
            done += len(batch)
            progress.advance(done, total)
        with whole_file(_block_path(folder, copy, start)) as temporary:
            np.save(temporary, np.concatenate(features))


def _drop_unused_copies(dataset_folder: Path) -> None:
    oldest = time.time() - _UNUSED_SECONDS
    for views in (dataset_folder / "features").glob("*/views-*"):
        # Another job may remove it as well.
        with contextlib.suppress(FileNotFoundError):
            if views.stat().st_mtime < oldest:
                shutil.rmtree(views, ignore_errors=True)


def _batches(rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for offset in range(0, len(rows), _BATCH):
        yield offset, rows[offset : offset + _BATCH]


def _block_path(folder: Path, copy: int, start: int) -> Path:
    return folder / f"{copy:02d}-{start:07d}.npy"


def _reduced(features: np.ndarray, reduce: Reduce | None) -> np.ndarray:
    return features if reduce is None else pool_globally(features)


def _chunks(folder: Path) -> list[Path]:
    # A name that begins with a dot is a chunk being written, or left by a crash.
    return sorted(path for path in folder.glob("*.npz") if path.name[0] != ".")


def _features_in(path: Path) -> np.ndarray:
    with np.load(path, allow_pickle=False) as chunk:
        features: np.ndarray = chunk["features"]
    return features


def _hashes_of(chunk: Mapping[str, np.ndarray]) -> list[str]:
    return [sha256.decode() for sha256 in chunk["sha256"].tolist()]
