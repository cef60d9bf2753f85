"""Frozen features, computed once for each picture and backbone.

A frozen backbone gives the same answer for the same picture every time, so its
answers are kept on disk by the picture's content: in every later run and search
they are read, not computed. An interrupted extraction goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from core.data.arrays import arrays_bytes, decoded_ahead, decoded_pictures
from core.data.dataset import Dataset
from core.files import digest_of, whole_file
from core.models.augmentation import AugmentationConfig, augment
from core.models.engine import FeatureExtractor
from core.models.speeds import remember_speed
from core.progress import JobStopped, Progress, Stage, raise_if_stopped

_CHUNK = 512  # pictures between two writes
_BATCH = 32  # pictures augmented together
_MOST_ARRAYS_BYTES = 1 << 30  # beyond this, pictures are decoded while features are made, and not kept
_WORTH_TIMING = 64  # pictures: a rate over fewer says little


def cached_features(
    dataset: Dataset,
    engine: Path,
    progress: Progress,
    *,
    speed_key: str | None = None,
    keep_decoded: bool = True,
) -> np.ndarray:
    """The features of every picture of a dataset version.

    Args:
        engine: a converted feature extractor; its file name is the cache's key.
        speed_key: the backbone's key, if the speed is worth remembering.
        keep_decoded: False where these pictures are only some of a version's: their
            decoded pictures would take the place of the whole version's.
    Returns:
        float32, shape (number of pictures, feature size), in the dataset's order.
    Raises:
        JobStopped: the user asked to stop; what was computed stays cached.
    """
    folder = dataset.folder / "features" / engine.stem
    missing = _missing_rows(dataset, folder)
    if missing:
        _extract_missing(dataset, engine, missing, folder, progress, speed_key, keep_decoded)
    return _read_chunks(folder, dataset.pictures["sha256"].tolist())


def augmented_features(
    dataset: Dataset,
    rows: np.ndarray,
    engine: Path,
    config: AugmentationConfig,
    views: int,
    seed: int,
    progress: Progress,
) -> np.ndarray:
    """Features of changed copies of the pictures in ``rows``.

    Returns:
        float32, shape (views, number of rows, feature size).
    """
    hashes = dataset.pictures["sha256"].to_numpy()[rows].tolist()
    key = digest_of({"augmentation": config.to_json(), "seed": seed, "pictures": hashes})
    folder = dataset.folder / "features" / engine.stem / f"views-{key}"
    blocks = [(view, start) for view in range(views) for start in range(0, len(rows), _CHUNK)]
    missing = [block for block in blocks if not _block_path(folder, *block).exists()]
    if missing:
        progress.stage(Stage.AUGMENTING)
        pictures = decoded_pictures(dataset, FeatureExtractor(engine).input_size, progress)
        _extract_views(pictures, rows, engine, config, seed, folder, missing, progress)
    per_view = [
        np.concatenate([np.load(_block_path(folder, view, start)) for start in range(0, len(rows), _CHUNK)])
        for view in range(views)
    ]
    return np.stack(per_view)


def count_missing(dataset: Dataset, engine: Path | None) -> int:
    """How many pictures have no cached features yet: all, if there is no engine either."""
    if engine is None:
        return len(dataset.pictures)
    return len(_missing_rows(dataset, dataset.folder / "features" / engine.stem))


def _extract_missing(
    dataset: Dataset,
    engine: Path,
    missing: list[int],
    folder: Path,
    progress: Progress,
    speed_key: str | None,
    keep_decoded: bool,
) -> None:
    extractor = FeatureExtractor(engine)
    hashes = dataset.pictures["sha256"].to_numpy()
    all_missing = len(missing) == len(hashes)
    if keep_decoded and all_missing and arrays_bytes(dataset, extractor.input_size) <= _MOST_ARRAYS_BYTES:
        progress.stage(Stage.DECODING)
        decoded_pictures(dataset, extractor.input_size, progress)  # other networks of this size read it, too
    progress.stage(Stage.FEATURES)
    began, count_before = time.monotonic(), len(dataset.pictures) - len(missing)
    chunks = [missing[start : start + _CHUNK] for start in range(0, len(missing), _CHUNK)]
    done_before = count_before
    for rows, pictures in decoded_ahead(dataset, extractor.input_size, chunks):
        raise_if_stopped(progress)
        features = extractor.run(
            pictures,
            on_batch=partial(_advance_from, progress, done_before, len(dataset.pictures)),
            should_stop=progress.should_stop,
        )
        done = hashes[rows[: len(features)]]  # fewer than asked for once Stop was, and still worth keeping
        if len(done):
            with whole_file(folder / f"{digest_of(done.tolist())}.npz") as temporary:
                np.savez(temporary, sha256=done.astype("S64"), features=features)
        if len(done) < len(rows):
            raise JobStopped
        done_before += len(rows)
    if speed_key and len(missing) >= _WORTH_TIMING:
        remember_speed(speed_key, len(missing) / (time.monotonic() - began))


def _advance_from(progress: Progress, before: int, total: int, done: int) -> None:
    progress.advance(before + done, total)


def _extract_views(
    pictures: np.ndarray,
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
            features.append(extractor.run(augment(pictures[batch], config, batch_seed)))
            done += len(batch)
            progress.advance(done, total)
        with whole_file(_block_path(folder, view, start)) as temporary:
            np.save(temporary, np.concatenate(features))


def _batches(rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for offset in range(0, len(rows), _BATCH):
        yield offset, rows[offset : offset + _BATCH]


def _block_path(folder: Path, view: int, start: int) -> Path:
    return folder / f"{view:02d}-{start:07d}.npy"


def _missing_rows(dataset: Dataset, folder: Path) -> list[int]:
    """Rows of the dataset whose features are in no chunk."""
    known = {sha256 for path in _chunks(folder) for sha256 in _hashes_of(path)}
    return [row for row, sha256 in enumerate(dataset.pictures["sha256"]) if sha256 not in known]


def _read_chunks(folder: Path, hashes: list[str]) -> np.ndarray:
    """float32 (len(hashes), feature size): chunk by chunk, so that memory holds them once."""
    rows_of: dict[str, list[int]] = {}
    for row, sha256 in enumerate(hashes):
        rows_of.setdefault(sha256, []).append(row)
    features: np.ndarray | None = None
    for path in _chunks(folder):
        with np.load(path, allow_pickle=False) as chunk:
            content = chunk["features"]
        if features is None:
            features = np.empty((len(hashes), content.shape[1]), np.float32)
        for place, sha256 in enumerate(_hashes_of(path)):
            features[rows_of.get(sha256, [])] = content[place]
    if features is None:
        raise ValueError(f"no features in {folder}")
    return features


def _chunks(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.npz"))


def _hashes_of(chunk: Path) -> list[str]:
    with np.load(chunk, allow_pickle=False) as arrays:
        return [sha256.decode() for sha256 in arrays["sha256"]]
