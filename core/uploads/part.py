"""A file being received: bytes are appended until it has its announced size."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from core.errors import UploadConflictError, UploadTooLargeError
from core.messages import N_
from core.uploads.disk_space import disk_error


class Part:
    """A file being received, open for one connection."""

    def __init__(self, path: str, size_bytes: int, file: Path, *, on_close: Callable[[Part], None]) -> None:
        """Open the part.

        Args:
            path: path of the file as the client wrote it.
            size_bytes: size of the whole file.
            file: the part on disk.
            on_close: called once, after the part is closed and its bytes are on disk.
        """
        # Unbuffered: after a failed write the size on disk still equals the bytes in it.
        self._stream = file.open("ab", buffering=0)
        self.path = path
        self.file = file
        self.size_bytes = size_bytes
        self.offset = file.stat().st_size
        self._on_close = on_close
        self._lock = threading.Lock()

    @property
    def is_closed(self) -> bool:
        return self._stream.closed

    @property
    def is_complete(self) -> bool:
        return self.offset == self.size_bytes

    def write(self, data: bytes | bytearray) -> None:
        """Append ``data``.

        Raises:
            UploadTooLargeError: the file would be longer than announced; nothing is written.
            UploadConflictError: another connection has taken over.
            NoRoomError, WorkspaceError: the disk refuses; what fitted is kept.
        """
        with self._lock:
            if self.is_closed:
                raise taken_over(self.path)
            if self.offset + len(data) > self.size_bytes:
                raise UploadTooLargeError(
                    N_("“{file}” is longer than the {size} bytes announced for it."),
                    file=self.path,
                    size=self.size_bytes,
                )
            rest = memoryview(data)
            try:
                while rest:
                    written = self._stream.write(rest)
                    self.offset += written
                    rest = rest[written:]
            except OSError as error:
                raise disk_error(error) from error

    def close(self) -> None:
        """Flush the bytes to disk and report to ``on_close``. A second call does nothing.

        Raises:
            NotFoundError: the upload was removed meanwhile.
            NoRoomError, WorkspaceError: the disk refuses; the file resumes at its size on disk.
        """
        with self._lock:
            if self.is_closed:
                return
            try:
                if self.offset:  # a file that was only announced has nothing to lose
                    os.fsync(self._stream.fileno())
            except OSError as error:
                raise disk_error(error) from error
            finally:
                self._stream.close()
        self._on_close(self)

    def abort(self) -> None:
        """Close without a report: the upload is being removed."""
        with self._lock:
            self._stream.close()


def taken_over(path: str) -> UploadConflictError:
    """Error of a connection whose file is being sent by another one."""
    return UploadConflictError(
        N_("“{file}” is being sent by another connection. Wait for it, or close it."), file=path
    )
