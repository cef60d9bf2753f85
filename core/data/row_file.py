"""One large array on disk, read and written row by row.

Through ``pread`` and ``pwrite``, not a memory map: what was read lies in the
system's cache, which gives way, and not in the process, whose memory therefore
stays the same however long the array is.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np


class RowFile:
    """A ``.npy`` file. Safe to share between threads."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        """Open a file that ``create`` or NumPy made."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
        with path.open("rb") as stream:
            version = np.lib.format.read_magic(stream)
            read_header = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
            self.shape, is_fortran, self.dtype = read_header[version[0]](stream)
            self._offset = stream.tell()
        if is_fortran:
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

    def read(self, rows: np.ndarray) -> np.ndarray:
        """The rows of these numbers, (B, …), each read by itself."""
        result = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for place, row in enumerate(rows.tolist()):
            if not 0 <= row < self.shape[0]:
                raise IndexError(f"row {row} of {self.shape[0]}")
            view = result[place : place + 1].view(np.uint8).data
            got = os.preadv(self._descriptor, [view], self._offset + row * self._row_bytes)
            if got != self._row_bytes:
                raise OSError(f"{self.path} ends within row {row}")
        return result

    def write(self, first: int, rows: np.ndarray) -> None:
        """Put rows (B, …) at ``first`` and after it."""
        data = np.ascontiguousarray(rows, self.dtype).view(np.uint8).data.cast("B")
        start = self._offset + first * self._row_bytes
        written = 0
        while written < len(data):
            written += os.pwrite(self._descriptor, data[written:], start + written)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
