"""Upload: a folder that holds received files and unfinished parts.

``files/`` holds complete files, ``parts/`` unfinished ones, ``files.jsonl`` the path
that each complete file was sent under, ``announced.jsonl`` the files that clients
announced. The size of a part on disk is the offset at which its file resumes: a
dropped connection, a full disk or a crash loses no bytes.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from core.errors import (
    DarkroomError,
    NotFoundError,
    UploadConflictError,
    UploadError,
    UploadTooLargeError,
)
from core.files import append_json_line, read_json_lines, sha256_bytes
from core.messages import N_
from core.records import Record, read_record
from core.uploads.disk_space import disk_error, disk_full, free_bytes
from core.uploads.names import StoredPaths
from core.uploads.part import Part, taken_over

RECORD = "upload.json"
_COMPLETE = "files.jsonl"
_ANNOUNCED = "announced.jsonl"
_MAX_PATH_BYTES = 2000
_MAX_PATH_DEPTH = 32


@dataclass(frozen=True, kw_only=True)
class UploadRecord(Record):
    """Token and size of an upload, as stored in ``upload.json``."""

    token_sha256: str  # of the token in UTF-8, hexadecimal
    size_limit: int  # bytes of all files together


@dataclass(frozen=True, kw_only=True)
class ReceivedFile(Record):
    """A complete file."""

    # Path as the client wrote it.
    sent: str
    # Path below the upload's ``files``, with "/" between folders.
    stored: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class AnnouncedFile(Record):
    """A file that a client will send, is sending or has sent."""

    # 32 hexadecimal digits, a digest of the path.
    id: str
    # Path as the client wrote it.
    path: str
    size_bytes: int
    # The header Upload-Metadata, returned to clients unchanged.
    metadata: str = ""


@dataclass(frozen=True, kw_only=True)
class FileState(Record):
    """Number of bytes of a file that have arrived."""

    offset: int
    is_whole: bool


class Upload:
    """One upload: its complete files and its unfinished parts.

    Several threads use it at once. A thread that waits for ``_lock`` holds no part's lock.
    """

    def __init__(self, folder: Path) -> None:
        record = read_record(folder / RECORD, UploadRecord)
        self.folder = folder
        self.token_sha256 = record.token_sha256
        self.size_limit = record.size_limit
        self._lock = threading.Lock()
        self._stored_paths = StoredPaths()
        self._received: dict[str, ReceivedFile] = {}  # by the path as sent
        self._received_bytes = 0
        self._announced_bytes: dict[str, int] = {}  # size of each unfinished file, by its id
        self._open: dict[str, Part] = {}  # by id
        self._files: dict[str, AnnouncedFile] = {}  # by id
        self._read_folder()

    @property
    def files(self) -> list[ReceivedFile]:
        """Complete files in the order of their completion."""
        with self._lock:
            return list(self._received.values())

    @property
    def size_bytes(self) -> int:
        """Bytes received, parts included."""
        with self._lock:
            return self._received_bytes + sum(map(self._part_size, self._announced_bytes))

    @property
    def content(self) -> Path:
        """The file or folder that was sent; their common folder if several were sent."""
        root = self.folder / "files"
        entries = list(root.iterdir())
        return entries[0] if len(entries) == 1 else root

    def state(self, path: str) -> FileState:
        """State of the file sent as ``path``."""
        with self._lock:
            return self._state(path)

    def states(self) -> list[tuple[AnnouncedFile, FileState]]:
        """Announced files with their states, in the order of announcement."""
        with self._lock:
            return [(file, self._state(file.path)) for file in self._files.values()]

    def announced(self, file_id: str) -> AnnouncedFile:
        """The announced file with this id.

        Raises:
            NotFoundError: no such file was announced, or it was removed.
        """
        with self._lock:
            if file_id not in self._files:
                raise NotFoundError(N_("This upload has no file “{file}”."), file=file_id[:40])
            return self._files[file_id]

    def announce(self, path: str, size_bytes: int, *, metadata: str = "") -> AnnouncedFile:
        """Register a file before its first byte; an unfinished file of the same path restarts.

        Raises: as ``write_to``.
        """
        file = AnnouncedFile(id=_file_id(path), path=path, size_bytes=size_bytes, metadata=metadata)
        state = self.state(path)
        if not state.is_whole:
            self._remove_part(file.id)
            self.write_to(path, offset=0, size_bytes=size_bytes).close()
        elif state.offset != size_bytes:
            self.write_to(path, offset=0, size_bytes=size_bytes)  # raises: this is another file
        with self._lock:
            if self._files.get(file.id) != file:  # a client may announce it again and again
                try:
                    append_json_line(self.folder / _ANNOUNCED, file.to_json())
                except OSError as error:
                    raise self._disk_error(error) from error
            self._files[file.id] = file
        return file

    def remove(self, file: AnnouncedFile) -> None:
        """Remove a file, complete or not."""
        self._remove_part(file.id)
        with self._lock:
            received = self._received.pop(file.path, None)
            if received:
                self._received_bytes -= received.size_bytes
                (self.folder / "files" / received.stored).unlink(missing_ok=True)
            self._files.pop(file.id, None)

    def write_to(self, path: str, *, offset: int, size_bytes: int) -> Part:
        """Resume the file sent as ``path`` at ``offset``; it will have ``size_bytes``.

        Of two connections that send the same file the newer one continues; the next
        write of the older one is refused. The caller closes the part.

        Raises:
            UploadConflictError: the file resumes elsewhere, at the error's value ``offset``.
            UploadTooLargeError: the upload would be larger than announced.
            NoRoomError: the disk has no room for the rest of the file.
            UploadError: no file can have that path or size.
            NotFoundError: the upload was removed.
        """
        _require_possible(path, offset, size_bytes)
        file_id = _file_id(path)
        with self._lock:
            older = self._open.get(file_id)
        if older:
            older.close()
        with self._lock:
            self._require_fit(path, offset, size_bytes)
            try:
                part = Part(
                    path, size_bytes, self._part_path(file_id, size_bytes), on_close=self._part_closed
                )
            except OSError as error:
                raise self._disk_error(error) from error
            self._announced_bytes[file_id] = size_bytes
            self._open[file_id] = part
        return part

    def abort(self) -> None:
        """Refuse further writes: the upload is being removed."""
        with self._lock:
            parts = list(self._open.values())
        for part in parts:
            part.abort()

    def _part_closed(self, part: Part) -> None:
        """Turn a closed part into a file if it is complete.

        Raises:
            NotFoundError: the upload was removed meanwhile.
            NoRoomError, WorkspaceError: the disk refuses; an empty write at the end tries again.
        """
        file_id = _file_id(part.path)
        with self._lock:
            if self._open.get(file_id) is part:
                del self._open[file_id]
            try:
                os.utime(self.folder / RECORD)  # not abandoned
                if part.is_complete and part.path not in self._received:
                    self._finish(part)
            except OSError as error:
                raise self._disk_error(error) from error

    def _remove_part(self, file_id: str) -> None:
        """End the connection that sends a part, and delete the part."""
        with self._lock:
            sending = self._open.get(file_id)
        if sending:
            sending.close()
        with self._lock:
            size_bytes = self._announced_bytes.pop(file_id, None)
            if size_bytes is not None:
                self._part_path(file_id, size_bytes).unlink(missing_ok=True)

    def _finish(self, part: Part) -> None:
        """Move a complete part to ``files/``.

        ``files.jsonl`` is written first: a file that it lists and that is missing is still a part.
        """
        stored = self._stored_paths.path_for(part.path)
        received = ReceivedFile(sent=part.path, stored=stored, size_bytes=part.size_bytes)
        target = self.folder / "files" / stored
        target.parent.mkdir(parents=True, exist_ok=True)
        append_json_line(self.folder / _COMPLETE, received.to_json())
        part.file.replace(target)
        self._received[part.path] = received
        self._received_bytes += part.size_bytes
        del self._announced_bytes[_file_id(part.path)]

    def _require_fit(self, path: str, offset: int, size_bytes: int) -> None:
        """Check that a write belongs to this file, starts at its end and has room. Call under the lock."""
        file_id, state = _file_id(path), self._state(path)
        announced = state.offset if state.is_whole else self._announced_bytes.get(file_id)
        if file_id in self._open and not self._open[file_id].is_closed:
            raise taken_over(path)
        if announced not in (None, size_bytes):
            raise UploadConflictError(
                N_(
                    "“{file}” had {announced} bytes when its upload started and now has {size}. "
                    "If it has changed, start the upload again."
                ),
                file=path,
                announced=announced,
                size=size_bytes,
            )
        if offset != state.offset or state.is_whole:
            raise UploadConflictError(
                N_("“{file}” resumes at byte {offset}, not at byte {wanted}."),
                file=path,
                offset=state.offset,
                wanted=offset,
            )
        if announced is None:
            self._require_announced(path, size_bytes)
        if size_bytes - offset > free_bytes():
            raise disk_full()

    def _require_announced(self, path: str, size_bytes: int) -> None:
        left = self.size_limit - self._received_bytes - sum(self._announced_bytes.values())
        if size_bytes > left:
            raise UploadTooLargeError(
                N_(
                    "“{file}” has {size} bytes; of the {limit} bytes announced for this upload, "
                    "{left} are left. Start the upload again."
                ),
                file=path,
                size=size_bytes,
                limit=self.size_limit,
                left=left,
            )

    def _state(self, path: str) -> FileState:
        received = self._received.get(path)
        if received:
            return FileState(offset=received.size_bytes, is_whole=True)
        return FileState(offset=self._part_size(_file_id(path)), is_whole=False)

    def _part_path(self, file_id: str, size_bytes: int) -> Path:
        return self.folder / "parts" / f"{file_id}-{size_bytes}"

    def _part_size(self, file_id: str) -> int:
        try:
            return self._part_path(file_id, self._announced_bytes[file_id]).stat().st_size
        except (KeyError, FileNotFoundError):
            return 0

    def _read_folder(self) -> None:
        """Read what earlier requests left, also those to an earlier server."""
        for values in read_json_lines(self.folder / _COMPLETE):
            received = ReceivedFile.from_json(values)
            file = self.folder / "files" / received.stored
            if file.is_file() and file.stat().st_size == received.size_bytes:
                self._received[received.sent] = received
                self._stored_paths.add(received.sent, received.stored)
        self._received_bytes = sum(file.size_bytes for file in self._received.values())
        for part in (self.folder / "parts").iterdir():
            file_id, _, size = part.name.partition("-")
            self._announced_bytes[file_id] = int(size)
        for values in read_json_lines(self.folder / _ANNOUNCED):
            announced = AnnouncedFile.from_json(values)
            # A removed file is neither a part nor complete.
            if announced.id in self._announced_bytes or announced.path in self._received:
                self._files[announced.id] = announced

    def _disk_error(self, error: OSError) -> DarkroomError:
        is_here = (self.folder / RECORD).exists()
        return disk_error(error) if is_here else upload_not_found(self.folder.name)


def upload_not_found(upload: str) -> NotFoundError:
    """Error of an upload that was removed or never existed."""
    return NotFoundError(N_("Upload “{upload}” is no longer here. Choose the files again."), upload=upload)


def _file_id(path: str) -> str:
    return sha256_bytes(path.encode())[:32]


def _require_possible(path: str, offset: int, size_bytes: int) -> None:
    length, depth = len(path.encode()), path.count("/") + 1
    if length > _MAX_PATH_BYTES or depth > _MAX_PATH_DEPTH:
        raise UploadError(
            N_(
                "A path of {length} bytes in {depth} levels cannot be stored; at most {most} bytes in "
                "{levels} levels are possible. Shorten the names of the folders."
            ),
            length=length,
            depth=depth,
            most=_MAX_PATH_BYTES,
            levels=_MAX_PATH_DEPTH,
        )
    if not 0 <= offset <= size_bytes:
        raise UploadError(
            N_("Byte {offset} is not within a file of {size} bytes."), offset=offset, size=size_bytes
        )
