"""One upload on disk, and the parts of files that grow in it.

Owns what stands in an upload's folder: ``files/`` holds what came whole,
``parts/`` what has only begun, ``files.jsonl`` which file was sent under which
path. A part's size on disk is the offset at which its file goes on, so neither a
dropped connection nor a full disk nor a crash loses what came.
"""

from __future__ import annotations

import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import (
    DarkroomError,
    NotFoundError,
    UploadConflictError,
    UploadError,
    UploadTooLargeError,
)
from core.files import append_json_line, read_json, read_json_lines, sha256_bytes
from core.messages import N_
from core.uploads.disk_space import disk_trouble, free_bytes, no_room
from core.uploads.names import Places

RECORD = "upload.json"
_ANNOUNCED = "announced.jsonl"
_MAX_PATH_BYTES = 2000
_MAX_PATH_DEPTH = 32


@dataclass(frozen=True, kw_only=True)
class ReceivedFile:
    """A file that came whole."""

    sent: str  # its path as the browser wrote it
    stored: str  # its path below the upload's ``files``, with "/" between folders
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class AnnouncedFile:
    """A file that a client will send, is sending or has sent."""

    id: str  # 32 hexadecimal digits, from the path
    path: str  # as the client wrote it
    size_bytes: int
    metadata: str = ""  # the header Upload-Metadata, returned to clients as it came


@dataclass(frozen=True, kw_only=True)
class FileState:
    """Number of bytes of a file that have arrived."""

    offset: int
    is_whole: bool


class Upload:
    """One upload: its files, and how far those have come that are not whole.

    Several threads use it at once. Whoever waits for ``_lock`` holds no part's lock.
    """

    def __init__(self, folder: Path) -> None:
        record = read_json(folder / RECORD)
        self.folder = folder
        self.token_sha256: str = record["token_sha256"]
        self.size_limit: int = record["size_limit"]
        self._lock = threading.Lock()
        self._places = Places()
        self._received: dict[str, ReceivedFile] = {}  # by the path as sent
        self._received_bytes = 0
        self._announced: dict[str, int] = {}  # by a part's digest: how large its file will be
        self._open: dict[str, Part] = {}  # by digest
        self._files: dict[str, AnnouncedFile] = {}  # by id
        self._read_ledger()

    @property
    def files(self) -> list[ReceivedFile]:
        """Complete files in the order of their completion."""
        with self._lock:
            return list(self._received.values())

    @property
    def size_bytes(self) -> int:
        """Everything that came, parts included."""
        with self._lock:
            return self._received_bytes + sum(map(self._part_size, self._announced))

    @property
    def content(self) -> Path:
        """The file or folder that was sent; the folder around them if there were several."""
        root = self.folder / "files"
        entries = list(root.iterdir())
        return entries[0] if len(entries) == 1 else root

    def state(self, path: str) -> FileState:
        """State of the file sent as ``path``."""
        with self._lock:
            return self._state(path)

    def states(self) -> list[tuple[AnnouncedFile, FileState]]:
        """Every announced file with its state, in the order of their announcement."""
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
        """Register a file before its first byte; an unfinished file of the same path begins again.

        Raises: as ``write_to``.
        """
        file = AnnouncedFile(id=_digest(path), path=path, size_bytes=size_bytes, metadata=metadata)
        state = self.state(path)
        if not state.is_whole:
            self._forget_part(file.id)
            self.write_to(path, offset=0, size_bytes=size_bytes).close()
        elif state.offset != size_bytes:
            self.write_to(path, offset=0, size_bytes=size_bytes)  # raises: it is another file
        with self._lock:
            if self._files.get(file.id) != file:  # a client may announce it again and again
                try:
                    append_json_line(self.folder / _ANNOUNCED, asdict(file))
                except OSError as error:
                    raise self._trouble(error) from error
            self._files[file.id] = file
        return file

    def remove(self, file: AnnouncedFile) -> None:
        """Remove a file, whether it is whole or not."""
        self._forget_part(file.id)
        with self._lock:
            received = self._received.pop(file.path, None)
            if received:
                self._received_bytes -= received.size_bytes
                (self.folder / "files" / received.stored).unlink(missing_ok=True)
            self._files.pop(file.id, None)

    def write_to(self, path: str, *, offset: int, size_bytes: int) -> Part:
        """Go on at ``offset`` with the file sent as ``path``, which will have ``size_bytes``.

        Of two connections that send the same file the newer goes on; the older
        is refused its next piece. The caller closes the part.

        Raises:
            UploadConflictError: the file goes on elsewhere; the value ``offset`` says where.
            UploadTooLargeError: it is more than was announced for the upload.
            NoRoomError: the disk has no room for the rest of the file.
            UploadError: no file can have that path or size.
            NotFoundError: the upload was removed.
        """
        _require_possible(path, offset, size_bytes)
        digest = _digest(path)
        with self._lock:
            older = self._open.get(digest)
        if older:
            older.close()
        with self._lock:
            self._require_fit(path, offset, size_bytes)
            try:
                part = Part(self, path, size_bytes, self._part_path(digest, size_bytes))
            except OSError as error:
                raise self._trouble(error) from error
            self._announced[digest] = size_bytes
            self._open[digest] = part
        return part

    def settle(self, part: Part) -> None:
        """Take back a part that was closed; if it is all there, it becomes a file. Called by the part.

        Raises:
            NotFoundError: the upload was removed meanwhile.
            NoRoomError, WorkspaceError: the disk refuses; writing nothing at the end tries again.
        """
        with self._lock:
            if self._open.get(_digest(part.path)) is part:
                del self._open[_digest(part.path)]
            try:
                os.utime(self.folder / RECORD)  # not abandoned
                if part.offset == part.size_bytes and part.path not in self._received:
                    self._finish(part)
            except OSError as error:
                raise self._trouble(error) from error

    def let_go(self) -> None:
        """Write no more: the upload is being removed."""
        with self._lock:
            parts = list(self._open.values())
        for part in parts:
            part.let_go()

    def _forget_part(self, digest: str) -> None:
        """End the connection that sends a part, and delete the part."""
        with self._lock:
            sending = self._open.get(digest)
        if sending:
            sending.close()
        with self._lock:
            size_bytes = self._announced.pop(digest, None)
            if size_bytes is not None:
                self._part_path(digest, size_bytes).unlink(missing_ok=True)

    def _finish(self, part: Part) -> None:
        """First the ledger: a file that it names and that is not there is still a part."""
        place = self._places.place(part.path)
        received = ReceivedFile(sent=part.path, stored=place, size_bytes=part.size_bytes)
        target = self.folder / "files" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        append_json_line(self.folder / "files.jsonl", asdict(received))
        part.file.replace(target)
        self._received[part.path] = received
        self._received_bytes += part.size_bytes
        del self._announced[_digest(part.path)]

    def _require_fit(self, path: str, offset: int, size_bytes: int) -> None:
        """Under the lock: the next piece belongs to this file, goes on where it ends, and has room."""
        digest, state = _digest(path), self._state(path)
        announced = state.offset if state.is_whole else self._announced.get(digest)
        if digest in self._open and not self._open[digest].is_closed:
            raise _superseded(path)
        if announced not in (None, size_bytes):
            raise UploadConflictError(
                N_(
                    "“{file}” was begun as a file of {announced} bytes and now has {size}. "
                    "If it has changed, start the upload afresh."
                ),
                file=path,
                announced=announced,
                size=size_bytes,
            )
        if offset != state.offset or state.is_whole:
            raise UploadConflictError(
                N_("“{file}” goes on at byte {offset}, not at byte {wanted}."),
                file=path,
                offset=state.offset,
                wanted=offset,
            )
        if announced is None:
            self._require_announced(path, size_bytes)
        if size_bytes - offset > free_bytes():
            raise no_room()

    def _require_announced(self, path: str, size_bytes: int) -> None:
        left = self.size_limit - self._received_bytes - sum(self._announced.values())
        if size_bytes > left:
            raise UploadTooLargeError(
                N_(
                    "“{file}” has {size} bytes; of the {limit} bytes announced for this upload, "
                    "{left} are left. Start the upload afresh."
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
        return FileState(offset=self._part_size(_digest(path)), is_whole=False)

    def _part_path(self, digest: str, size_bytes: int) -> Path:
        return self.folder / "parts" / f"{digest}-{size_bytes}"

    def _part_size(self, digest: str) -> int:
        try:
            return self._part_path(digest, self._announced[digest]).stat().st_size
        except (KeyError, FileNotFoundError):
            return 0

    def _read_ledger(self) -> None:
        """Read the files left by earlier requests, also of an earlier server."""
        for record in read_json_lines(self.folder / "files.jsonl"):
            received = ReceivedFile(**record)
            file = self.folder / "files" / received.stored
            if file.is_file() and file.stat().st_size == received.size_bytes:
                self._received[received.sent] = received
                self._places.remember(received.sent, received.stored)
        self._received_bytes = sum(file.size_bytes for file in self._received.values())
        for part in (self.folder / "parts").iterdir():
            digest, _, size = part.name.partition("-")
            self._announced[digest] = int(size)
        for record in read_json_lines(self.folder / _ANNOUNCED):
            announced = AnnouncedFile(**record)
            # A removed file has neither a part nor a place among the whole ones.
            if announced.id in self._announced or announced.path in self._received:
                self._files[announced.id] = announced

    def _trouble(self, error: OSError) -> DarkroomError:
        is_here = (self.folder / RECORD).exists()
        return disk_trouble(error) if is_here else upload_gone(self.folder.name)


class Part:
    """A file being received, open for one connection."""

    def __init__(self, upload: Upload, path: str, size_bytes: int, file: Path) -> None:
        # Unbuffered: after a failed write, the file's size still says what is in it.
        self._stream = file.open("ab", buffering=0)
        self.path = path
        self.file = file
        self.size_bytes = size_bytes
        self.offset = file.stat().st_size
        self._upload = upload
        self._lock = threading.Lock()

    @property
    def is_closed(self) -> bool:
        return self._stream.closed

    def write(self, data: bytes | bytearray) -> None:
        """Append ``data``.

        Raises:
            UploadTooLargeError: the file would be longer than announced; nothing of ``data`` is kept.
            UploadConflictError: another connection has taken over.
            NoRoomError, WorkspaceError: the disk refuses; what fitted is kept.
        """
        with self._lock:
            if self.is_closed:
                raise _superseded(self.path)
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
                raise disk_trouble(error) from error

    def close(self) -> None:
        """Bring to disk what came, and make a whole file of it if it is all. Again does nothing.

        Raises:
            NotFoundError: the upload was removed meanwhile.
            NoRoomError, WorkspaceError: the disk refuses; the file goes on where its size says.
        """
        with self._lock:
            if self.is_closed:
                return
            try:
                if self.offset:  # of a file that was only announced there is nothing to lose
                    os.fsync(self._stream.fileno())
            except OSError as error:
                raise disk_trouble(error) from error
            finally:
                self._stream.close()
        self._upload.settle(self)

    def let_go(self) -> None:
        """Write no more: the upload is being removed."""
        with self._lock:
            self._stream.close()


def upload_gone(upload: str) -> NotFoundError:
    return NotFoundError(N_("Upload “{upload}” is no longer here. Choose the files again."), upload=upload)


def _superseded(path: str) -> UploadConflictError:
    return UploadConflictError(
        N_("“{file}” is being sent by another connection. Wait for it, or close it."), file=path
    )


def _digest(path: str) -> str:
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
