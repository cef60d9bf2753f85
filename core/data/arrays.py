"""Pictures decoded once to the size a backbone takes, in a memory-mapped file."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.decoding import load_picture
from core.files import whole_file
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


def arrays_path(dataset: Dataset, size: int) -> Path:
    return dataset.folder / "arrays" / f"{dataset.digest}-{size}px.npy"


def _decode_all(dataset: Dataset, size: int, path: Path, progress: Progress) -> None:
    count = len(dataset.pictures)
    with whole_file(path) as temporary, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=(count, size, size, 3))

        def decode(row: int) -> None:
            array[row] = load_picture(dataset.picture_bytes(row), size)

        for start in range(0, count, _CHUNK):
            raise_if_stopped(progress)
            list(pool.map(decode, range(start, min(start + _CHUNK, count))))
            progress.advance(min(start + _CHUNK, count), count)
        array.flush()
