"""Pictures decoded once to the size a backbone takes, in a memory-mapped file."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.decoding import load_picture
from core.files import read_json, whole_file, write_json
from core.progress import Progress, raise_if_stopped

_CHUNK = 64  # pictures decoded between two looks at the stop button
DECODED_PER_SECOND = 400  # pictures, two cores, ordinary photographs: a first guess for time left


def decoded_pictures(dataset: Dataset, size: int, progress: Progress) -> np.ndarray:
    """All pictures of a dataset version, in its order.

    Returns:
        uint8 RGB memory map, read only, shape (number of pictures, size, size, 3).
    Raises:
        JobStopped: the user asked to stop; nothing half-made remains.
    """
    path = arrays_path(dataset, size)
    if not path.exists():
        _decode_all(dataset, size, path, progress)
    array: np.ndarray = np.load(path, mmap_mode="r")
    return array


def decoded_ahead(
    dataset: Dataset, size: int, chunks: Iterable[Sequence[int]]
) -> Iterator[tuple[Sequence[int], np.ndarray]]:
    """Chunks of pictures, the next one decoded while the last is used; nothing is written.

    Args:
        chunks: row numbers.
    Yields:
        the rows, and uint8 RGB, shape (len(rows), size, size, 3).
    """
    path = arrays_path(dataset, size)
    if path.exists():
        array = np.load(path, mmap_mode="r")
        yield from ((rows, array[rows]) for rows in chunks)
        return
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as decoders, ThreadPoolExecutor(1) as ahead:

        def decode(rows: Sequence[int]) -> np.ndarray:
            return np.stack(
                list(decoders.map(lambda row: load_picture(dataset.picture_bytes(row), size), rows))
            )

        waiting: deque[tuple[Sequence[int], Future[np.ndarray]]] = deque()
        for rows in chunks:
            waiting.append((rows, ahead.submit(decode, rows)))
            if len(waiting) == 2:
                ready, future = waiting.popleft()
                yield ready, future.result()
        for ready, future in waiting:
            yield ready, future.result()


def arrays_bytes(dataset: Dataset, size: int) -> int:
    """The disk space that ``decoded_pictures`` takes."""
    return len(dataset.pictures) * size * size * 3


def arrays_path(dataset: Dataset, size: int) -> Path:
    return dataset.folder / "arrays" / f"{dataset.digest}-{size}px.npy"


def _decode_all(dataset: Dataset, size: int, path: Path, progress: Progress) -> None:
    """Decode what an earlier version's array does not hold already; that array is then removed."""
    hashes = dataset.pictures["sha256"].tolist()
    earlier = _earlier_arrays(path, size)
    with whole_file(path) as temporary, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        shape = (len(hashes), size, size, 3)
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        missing = _copy_known(array, hashes, earlier)

        def decode(row: int) -> None:
            array[row] = load_picture(dataset.picture_bytes(row), size)

        for start in range(0, len(missing), _CHUNK):
            raise_if_stopped(progress)
            list(pool.map(decode, missing[start : start + _CHUNK]))
            done = len(hashes) - len(missing) + min(start + _CHUNK, len(missing))
            progress.advance(done, len(hashes))
        array.flush()
    write_json(_hashes_file(path), hashes)
    for other in earlier:
        _hashes_file(other).unlink(missing_ok=True)
        with contextlib.suppress(PermissionError):  # Windows keeps a file that a run still reads
            other.unlink(missing_ok=True)


def _earlier_arrays(path: Path, size: int) -> list[Path]:
    found = path.parent.glob(f"[0-9a-f]*-{size}px.npy")
    return [other for other in found if other != path and _hashes_file(other).exists()]


def _hashes_file(path: Path) -> Path:
    """The contents (sha256) of an array's rows."""
    return path.with_suffix(".json")


def _copy_known(array: np.ndarray, hashes: list[str], earlier: list[Path]) -> list[int]:
    """Copy the rows that are decoded already; the rows that are not."""
    missing = list(range(len(hashes)))
    for path in earlier:
        row_of = {sha256: row for row, sha256 in enumerate(read_json(_hashes_file(path)))}
        source = np.load(path, mmap_mode="r")
        known = [row for row in missing if hashes[row] in row_of]
        for row in known:
            array[row] = source[row_of[hashes[row]]]
        missing = [row for row in missing if hashes[row] not in row_of]
    return missing
