"""Row files: large arrays on disk, read and written row by row.

Rows are read with ``preadv`` into new arrays, not through a memory map. Their bytes are in the
system's file cache, which shrinks when memory is short, so the memory of the process does not
depend on the array's length.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np


class RowFile:
    """A ``.npy`` file. Threads can share it. Close it, or use a ``with`` block."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        """Open a file that ``create`` or NumPy made.

        Raises:
            FileNotFoundError: the file does not exist.
        """
        self.path = path
        self._stream = path.open("r+b" if writable else "rb", buffering=0)
        version = np.lib.format.read_magic(self._stream)
        read_header = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
        self.shape, is_fortran, self.dtype = read_header[version[0]](self._stream)
        self._start = self._stream.tell()
        self._lock = threading.Lock()
        if is_fortran:
            self.close()
            raise ValueError(f"{path} is stored column by column")
        self._row_bytes = int(np.prod(self.shape[1:])) * self.dtype.itemsize

    @classmethod
    def create(cls, path: Path, shape: tuple[int, ...], dtype: np.dtype) -> RowFile:
        """Make a sparse file of zeros; a row takes disk space when it is written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            stream.truncate(stream.tell() + int(np.prod(shape)) * dtype.itemsize)
        return cls(path, writable=True)

    def read(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Read rows into a new array, shape (len(rows), …).

        Raises:
            IndexError: there is no such row.
            EOFError: the file was cut off.
        """
        result = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for index, row in enumerate(rows):
            if not 0 <= row < self.shape[0]:
                raise IndexError(f"there is no row {row} of {self.shape[0]}")
            target = memoryview(result[index : index + 1].view(np.uint8).data).cast("B")
            self._fill(target, self._start + int(row) * self._row_bytes)
        return result

    def write(self, first: int, rows: np.ndarray) -> None:
        """Write rows (B, …) from row ``first`` on; one thread at a time."""
        data = memoryview(np.ascontiguousarray(rows, self.dtype).view(np.uint8).data).cast("B")
        with self._lock:
            self._stream.seek(self._start + first * self._row_bytes)
            while len(data):
                data = data[self._stream.write(data) :]

    def sync(self) -> None:
        """Wait until the rows written so far outlive a power failure."""
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fill(self, target: memoryview, offset: int) -> None:
        """Fill ``target`` from an offset; the file's position is not used, because threads share it."""
        while len(target):
            count = self._read_at(target, offset)
            if not count:
                raise EOFError(f"{self.path} ends before its last row")
            target, offset = target[count:], offset + count

    def _read_at(self, target: memoryview, offset: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._stream.fileno(), [target], offset)
        # Windows has no preadv.
        with self._lock:
            self._stream.seek(offset)
            return self._stream.readinto(target)
