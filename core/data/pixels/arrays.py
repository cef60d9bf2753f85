"""Pictures decoded once to the size a backbone takes, in one file from which rows are read.

The file is read through the system's file cache, which belongs to no process and gives
way when memory is short: the memory that work takes is flat in the number of pictures.
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
from core.data.pixels.decoding import load_picture
from core.data.pixels.row_file import RowFile
from core.files import read_json, whole_file, write_json
from core.progress import Progress, raise_if_stopped

_CHUNK = 64  # pictures decoded between two looks at the stop button
_MOST_BYTES, _MOST_OF_FREE_DISK = 20 << 30, 0.25  # beyond either, pictures are decoded whenever they are read
DECODED_PER_SECOND = 400  # pictures, two cores, ordinary photographs: a first guess for time left


def decoded_pictures(dataset: Dataset, size: int, progress: Progress) -> np.ndarray:
    """All pictures of a dataset version, in its order.

    What is looked at of the map counts as memory of the process; to read many rows,
    take ``open_pictures``.

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


def open_pictures(dataset: Dataset, size: int, progress: Progress) -> PictureStore:
    """The pictures of a dataset version for reading row by row; decoded first, if the disk has room.

    Raises:
        JobStopped: the user asked to stop; nothing half-made remains.
    """
    path = arrays_path(dataset, size)
    if not path.exists() and has_room(dataset, size):
        _decode_all(dataset, size, path, progress)
    return PictureStore(dataset, size)


class PictureStore:
    """The pictures of a dataset version by row number, at one size.

    Rows come from the array file; where there is none, they are decoded each time, by
    every core. Either way the same rows give the same pixels. Safe to share between
    threads. To be closed, or used in a ``with`` block.
    """

    def __init__(self, dataset: Dataset, size: int) -> None:
        """Decodes nothing yet, and writes nothing ever."""
        self.size = size
        self._dataset = dataset
        self._file: RowFile | None = None
        self._decoders: ThreadPoolExecutor | None = None
        # Not asked beforehand: the decoding of a later version removes the file of an earlier one.
        with contextlib.suppress(FileNotFoundError):
            self._file = RowFile(arrays_path(dataset, size))
        if self._file is None:
            self._decoders = ThreadPoolExecutor(max_workers=os.cpu_count())

    def __len__(self) -> int:
        return len(self._dataset.pictures)

    def read(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """uint8 RGB (len(rows), size, size, 3), an array of its own.

        Raises:
            NotFoundError, UnreadableImageError: a picture has to be decoded and its file is gone, or spoilt.
        """
        if self._file is not None:
            return self._file.read(rows)
        pictures = np.empty((len(rows), self.size, self.size, 3), np.uint8)

        def decode(place: int) -> None:
            pictures[place] = load_picture(self._dataset.picture_bytes(int(rows[place])), self.size)

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
    """Chunks of pictures, the next one read while the last is used; nothing is written.

    Args:
        chunks: row numbers.
    Yields:
        the rows, and uint8 RGB, shape (len(rows), size, size, 3).
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
    """The disk space that ``decoded_pictures`` takes."""
    return len(dataset.pictures) * size * size * 3


def has_room(dataset: Dataset, size: int) -> bool:
    """True if the disk has enough free space for the decoded pictures."""
    free = shutil.disk_usage(dataset.folder).free
    return arrays_bytes(dataset, size) <= min(_MOST_BYTES, _MOST_OF_FREE_DISK * free)


def arrays_path(dataset: Dataset, size: int) -> Path:
    return dataset.folder / "arrays" / f"{dataset.digest}-{size}px.npy"


def _decode_all(dataset: Dataset, size: int, path: Path, progress: Progress) -> None:
    """Decode what an earlier version's array does not hold already; that array is then removed.

    Written piece by piece, not through a memory map: that would count as memory, and a
    full disk would kill the process instead of raising an error.
    """
    hashes = dataset.pictures["sha256"].tolist()
    earlier = _earlier_arrays(path, size)
    with whole_file(path) as temporary, contextlib.ExitStack() as stack:
        known = _Known(earlier, stack)
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=os.cpu_count()))
        stream = stack.enter_context(temporary.open("wb"))
        _write_header(stream, (len(hashes), size, size, 3))

        def picture(row: int) -> np.ndarray:
            found = known.find(hashes[row])
            return load_picture(dataset.picture_bytes(row), size) if found is None else found

        for start in range(0, len(hashes), _CHUNK):
            raise_if_stopped(progress)
            stop = min(start + _CHUNK, len(hashes))
            for decoded in pool.map(picture, range(start, stop)):
                stream.write(np.ascontiguousarray(decoded).data)
            progress.advance(stop, len(hashes))
    write_json(_hashes_file(path), hashes)
    for other in earlier:
        _hashes_file(other).unlink(missing_ok=True)
        with contextlib.suppress(PermissionError):  # Windows keeps a file that a run still reads
            other.unlink(missing_ok=True)


def _write_header(stream: BinaryIO, shape: tuple[int, ...]) -> None:
    """Build the header of a ``.npy`` file of uint8."""
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})


class _Known:
    """Index the rows of earlier versions' arrays by the pictures' contents."""

    def __init__(self, paths: list[Path], stack: contextlib.ExitStack) -> None:
        self._place: dict[str, tuple[RowFile, int]] = {}
        for path in paths:
            with contextlib.suppress(FileNotFoundError):  # another job may have taken it over just now
                hashes, file = read_json(_hashes_file(path)), RowFile(path)
                stack.callback(file.close)
                self._place |= {sha256: (file, row) for row, sha256 in enumerate(hashes)}

    def find(self, sha256: str) -> np.ndarray | None:
        """uint8 (S, S, 3), or None."""
        if sha256 not in self._place:
            return None
        file, row = self._place[sha256]
        picture: np.ndarray = file.read([row])[0]
        return picture


def _earlier_arrays(path: Path, size: int) -> list[Path]:
    found = path.parent.glob(f"[0-9a-f]*-{size}px.npy")
    return [other for other in found if other != path and _hashes_file(other).exists()]


def _hashes_file(path: Path) -> Path:
    """The contents (sha256) of an array's rows."""
    return path.with_suffix(".json")
