"""One large array on disk, read and written row by row.

Read at a place and into arrays of its own, not through a memory map: what was read
lies in the system's cache, which gives way, and not in the process, whose memory
therefore stays the same however long the array is.
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
    """A ``.npy`` file. Safe to share between threads. To be closed, or used in a ``with`` block."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        """Open a file that ``create`` or NumPy made.

        Raises:
            FileNotFoundError: there is none.
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
        """Make a file of zeros; the disk gives room for a row when it is written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            stream.truncate(stream.tell() + int(np.prod(shape)) * dtype.itemsize)
        return cls(path, writable=True)

    def read(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """The rows of these numbers, (B, …), an array of its own.

        Raises:
            IndexError: there is no such row.
            EOFError: the file was cut off.
        """
        result = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for place, row in enumerate(rows):
            if not 0 <= row < self.shape[0]:
                raise IndexError(f"there is no row {row} of {self.shape[0]}")
            target = memoryview(result[place : place + 1].view(np.uint8).data).cast("B")
            self._fill(target, self._start + int(row) * self._row_bytes)
        return result

    def write(self, first: int, rows: np.ndarray) -> None:
        """Put rows (B, …) at ``first`` and after it; one thread at a time."""
        data = memoryview(np.ascontiguousarray(rows, self.dtype).view(np.uint8).data).cast("B")
        with self._lock:
            self._stream.seek(self._start + first * self._row_bytes)
            while len(data):
                data = data[self._stream.write(data) :]

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fill(self, target: memoryview, offset: int) -> None:
        """Read as many bytes as fit; at a place, so that threads do not move each other's."""
        while len(target):
            count = self._read_at(target, offset)
            if not count:
                raise EOFError(f"{self.path} ends before its last row")
            target, offset = target[count:], offset + count

    def _read_at(self, target: memoryview, offset: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._stream.fileno(), [target], offset)
        with self._lock:  # Windows
            self._stream.seek(offset)
            return self._stream.readinto(target)
