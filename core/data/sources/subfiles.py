"""Subfiles: parts of one open file, each read as a file, so that nested archives need no copies."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import CHUNK_BYTES, Member, UnreadableMemberError


class SharedFile:
    """Open file that several readers share, each with its own position."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def read_at(self, offset: int, size: int) -> bytes:
        with self._lock:
            self._stream.seek(offset)
            return self._stream.read(size)

    def whole(self) -> Part:
        with self._lock:
            size = self._stream.seek(0, io.SEEK_END)
        return Part(shared=self, start=0, size=size)

    def append(self, chunks: Iterable[bytes]) -> Part:
        """Append chunks and return them as a part. One caller at a time."""
        start = size = self.whole().size
        for chunk in chunks:
            with self._lock:
                self._stream.seek(size)
                size += self._stream.write(chunk)
        self._stream.flush()
        return Part(shared=self, start=start, size=size - start)


class ClosedFile(SharedFile):
    """File that is open only while it is read, so their number is not limited by the system."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read_at(self, offset: int, size: int) -> bytes:
        with self._path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(size)

    def whole(self) -> Part:
        return Part(shared=self, start=0, size=self._path.stat().st_size)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Range of bytes of a shared file."""

    shared: SharedFile
    start: int
    size: int

    def within(self, start: int, size: int) -> Part:
        return Part(shared=self.shared, start=self.start + start, size=size)

    def open(self) -> io.BufferedReader:
        return io.BufferedReader(_PartStream(self))

    def chunks(self) -> Iterator[bytes]:
        """Read the part in chunks.

        Raises:
            UnreadableMemberError: the file ends before the part does.
        """
        position, end = self.start, self.start + self.size
        while position < end:
            try:
                chunk = self.shared.read_at(position, min(CHUNK_BYTES, end - position))
            except OSError as error:
                raise UnreadableMemberError(Reason(code=SkipReason.DAMAGED_IN_ARCHIVE)) from error
            if not chunk:
                raise UnreadableMemberError(Reason(code=SkipReason.DAMAGED_IN_ARCHIVE))
            position += len(chunk)
            yield chunk


def opened(member: Member) -> IO[bytes]:
    """Open a file of a source for random access; one that is compressed in an archive is read whole.

    Raises:
        UnreadableMemberError: it cannot be read.
    """
    if member.path is not None:
        try:
            return member.path.open("rb")
        except OSError as error:
            reason = Reason(code=SkipReason.CANNOT_BE_OPENED, values={"error": error.strerror or str(error)})
            raise UnreadableMemberError(reason) from error
    if isinstance(member.content, Part):
        return member.content.open()
    return io.BytesIO(member.read())


class _PartStream(io.RawIOBase):
    """Read-only stream of a part."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._part.size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), max(0, self._part.size - self._position))
        data = self._part.shared.read_at(self._part.start + self._position, size)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
