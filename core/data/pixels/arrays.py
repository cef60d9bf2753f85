"""Decoded pictures of a dataset at one size, in one file that is read row by row.

Reads go through the system's file cache, which shrinks when memory is short, so the memory of
a process does not grow with the number of pictures.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from core.data.dataset import Dataset
from core.data.pixels.decoder_changes import drop_outdated
from core.data.pixels.decoding import load_picture
from core.data.pixels.row_file import RowFile
from core.files import read_json, whole_file, write_json
from core.progress import Progress, raise_if_stopped

# Pictures decoded between two checks for a stop request.
_CHUNK = 64
# Size, and share of the free disk. Beyond either, pictures are decoded at each reading.
_MAX_BYTES, _MAX_SHARE_OF_FREE_DISK = 20 << 30, 0.25
# Photographs on two cores, a first estimate for the time left.
DECODED_PER_SECOND = 400


def decoded_pictures(dataset: Dataset, size: int, progress: Progress) -> np.ndarray:
    """Decode all pictures of a dataset version, in its order.

    Pages read from the map count as memory of the process; use ``open_pictures`` to read many
    rows.

    Returns:
        uint8 RGB memory map, read only, shape (pictures, size, size, 3).
    Raises:
        JobStopped: the user stopped the work; no partial file remains.
    """
    drop_outdated(dataset, progress)
    path = arrays_path(dataset, size)
    if not path.exists():
        _decode_all(dataset, size, path, progress)
    array: np.ndarray = np.load(path, mmap_mode="r")
    return array


def open_pictures(dataset: Dataset, size: int, progress: Progress) -> PictureStore:
    """Open the pictures of a dataset version; they are decoded first if the disk has room.

    Raises:
        JobStopped: the user stopped the work; no partial file remains.
    """
    drop_outdated(dataset, progress)
    path = arrays_path(dataset, size)
    if not path.exists() and has_room(dataset, size):
        _decode_all(dataset, size, path, progress)
    return PictureStore(dataset, size)


class PictureStore:
    """Pictures of a dataset version by row number, at one size.

    Rows are read from the array file; without one they are decoded at each reading, on all
    cores. Both give the same pixels. Threads can share a store. Close it, or use a ``with`` block.
    """

    def __init__(self, dataset: Dataset, size: int) -> None:
        """Open the array file, if there is one. Nothing is decoded yet."""
        self.size = size
        self._dataset = dataset
        self._file: RowFile | None = None
        self._decoders: ThreadPoolExecutor | None = None
        # Not checked beforehand, because decoding of a later version removes the file.
        with contextlib.suppress(FileNotFoundError):
            self._file = RowFile(arrays_path(dataset, size))
        if self._file is None:
            self._decoders = ThreadPoolExecutor(max_workers=os.cpu_count())

    def __len__(self) -> int:
        return len(self._dataset.pictures)

    def read(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Read rows into a new array: uint8 RGB (len(rows), size, size, 3).

        Raises:
            NotFoundError, UnreadableImageError: the file of a picture to decode is missing or damaged.
        """
        if self._file is not None:
            return self._file.read(rows)
        pictures = np.empty((len(rows), self.size, self.size, 3), np.uint8)

        def decode(index: int) -> None:
            data = self._dataset.picture_bytes(int(rows[index]))
            pictures[index] = load_picture(data, self.size, self._dataset.pixel_range, self._dataset.channels)

        assert self._decoders is not None, "a store has a file or decoders"
        list(self._decoders.map(decode, range(len(rows))))
        return pictures

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._decoders is not None:
            self._decoders.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def decoded_ahead(
    dataset: Dataset, size: int, chunks: Iterable[Sequence[int]]
) -> Iterator[tuple[Sequence[int], np.ndarray]]:
    """Decode chunks of pictures, one ahead of its use; nothing is written.

    Args:
        chunks: row numbers.
    Yields:
        The rows, and uint8 RGB, shape (len(rows), size, size, 3).
    """
    with PictureStore(dataset, size) as store, ThreadPoolExecutor(1) as ahead:
        waiting: deque[tuple[Sequence[int], Future[np.ndarray]]] = deque()
        for rows in chunks:
            waiting.append((rows, ahead.submit(store.read, rows)))
            if len(waiting) == 2:
                ready, future = waiting.popleft()
                yield ready, future.result()
        for ready, future in waiting:
            yield ready, future.result()


def arrays_bytes(dataset: Dataset, size: int) -> int:
    """Compute the size of the array file."""
    return len(dataset.pictures) * size * size * 3


def has_room(dataset: Dataset, size: int) -> bool:
    """True if the disk has enough free space for the decoded pictures."""
    free = shutil.disk_usage(dataset.folder).free
    return arrays_bytes(dataset, size) <= min(_MAX_BYTES, _MAX_SHARE_OF_FREE_DISK * free)


def arrays_path(dataset: Dataset, size: int) -> Path:
    """Path of the array file."""
    return dataset.folder / "arrays" / f"{dataset.digest}-{size}px.npy"


def _decode_all(dataset: Dataset, size: int, path: Path, progress: Progress) -> None:
    """Write the array file; rows of an earlier version's file are copied, and that file is removed.

    Rows are written in chunks, not through a memory map, which would count as memory and turn
    a full disk into a crash instead of an error.
    """
    keys = dataset.decoded_keys
    earlier = _earlier_arrays(path, size)
    with whole_file(path) as temporary, contextlib.ExitStack() as stack:
        known = _EarlierRows(earlier, stack)
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=os.cpu_count()))
        stream = stack.enter_context(temporary.open("wb"))
        _write_header(stream, (len(keys), size, size, 3))

        def picture(row: int) -> np.ndarray:
            decoded = known.find(keys[row])
            if decoded is not None:
                return decoded
            return load_picture(dataset.picture_bytes(row), size, dataset.pixel_range, dataset.channels)

        for start in range(0, len(keys), _CHUNK):
            raise_if_stopped(progress)
            stop = min(start + _CHUNK, len(keys))
            for decoded in pool.map(picture, range(start, stop)):
                stream.write(np.ascontiguousarray(decoded).data)
            progress.advance(stop, len(keys))
        # Before the arrays are there, because arrays without keys would never be removed.
        write_json(_keys_file(path), keys)
    for other in earlier:
        _keys_file(other).unlink(missing_ok=True)
        # Windows keeps a file that a run still reads.
        with contextlib.suppress(PermissionError):
            other.unlink(missing_ok=True)


def _write_header(stream: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the header of a ``.npy`` file of uint8."""
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})


class _EarlierRows:
    """Rows of earlier versions' array files, by the pictures' keys."""

    def __init__(self, paths: list[Path], stack: contextlib.ExitStack) -> None:
        self._rows: dict[str, tuple[RowFile, int]] = {}
        for path in paths:
            # Another job may have removed it.
            with contextlib.suppress(FileNotFoundError):
                keys, file = read_json(_keys_file(path)), RowFile(path)
                stack.callback(file.close)
                self._rows |= {key: (file, row) for row, key in enumerate(keys)}

    def find(self, key: str) -> np.ndarray | None:
        """Read a picture, uint8 (size, size, 3); None if it is in no file."""
        if key not in self._rows:
            return None
        file, row = self._rows[key]
        picture: np.ndarray = file.read([row])[0]
        return picture


def _earlier_arrays(path: Path, size: int) -> list[Path]:
    arrays = path.parent.glob(f"[0-9a-f]*-{size}px.npy")
    return [other for other in arrays if other != path and _keys_file(other).exists()]


def _keys_file(path: Path) -> Path:
    """Path of the list of the keys of an array's rows, see ``Dataset.decoded_keys``."""
    return path.with_suffix(".json")
