"""Where pictures come from: the files of a zip or a folder, one after another.

Owns opening, refusing what is unsafe and ignoring what is junk. Gives names and
bytes; what they mean is decided in ``layout`` and ``importing``.
"""

from __future__ import annotations

import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import ArchiveError, DataError, NotFoundError
from core.messages import N_, Message

MAX_FILE_BYTES = 256 << 20
MAX_MEMBERS = 1_000_000
_JUNK_NAMES = {"thumbs.db", "desktop.ini", "__macosx"}  # and whatever is hidden by a dot
_DRIVE_LETTER = re.compile(r"^[A-Za-z]:")
_ZIP_MAGIC = b"PK\x03\x04"
# What zipfile raises on damaged or hostile archives, found by feeding it such.
_ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)

UNSAFE_NAME = N_("its name points outside the archive")
IS_A_LINK = N_("it is a link, not a file")
IS_TOO_LARGE = N_("it is larger than {limit} MB")
IS_DAMAGED = N_("it is damaged inside the archive")


class UnreadableMemberError(Exception):
    """A file whose bytes cannot be had; ``reason`` says why."""

    def __init__(self, reason: Message) -> None:
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of a source. ``parts`` is its safe relative path."""

    name: str
    parts: tuple[str, ...]
    read: Callable[[], bytes]  # raises UnreadableMemberError


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a source, and those refused before reading."""

    members: list[Member]
    refused: list[tuple[str, Message]]


@contextmanager
def open_source(path: Path) -> Iterator[Listing]:
    """List the files of a zip archive or a folder.

    Raises:
        NotFoundError: nothing is there.
        ArchiveError: a file that is no zip, is cut off, encrypted or empty.
    """
    if path.is_dir():
        yield _list_folder(path)
    elif path.is_file():
        with _open_zip(path) as archive:
            yield _list_zip(archive, path.name)
    else:
        raise NotFoundError(N_("There is no file or folder “{path}”. Check the name."), path=str(path))


def _open_zip(path: Path) -> zipfile.ZipFile:
    with path.open("rb") as stream:
        head = stream.read(len(_ZIP_MAGIC))
    if not head:
        raise ArchiveError(
            N_("{file} is empty. Choose a zip file with one folder for each class."), file=path.name
        )
    try:
        return zipfile.ZipFile(path)
    except _ARCHIVE_ERRORS as error:
        if head == _ZIP_MAGIC:
            raise ArchiveError(
                N_("{file} is cut off: its end is missing. Copy or download it again."), file=path.name
            ) from error
        raise ArchiveError(
            N_("{file} is not a zip file. Put the class folders into a zip file and choose that."),
            file=path.name,
        ) from error


def _list_zip(archive: zipfile.ZipFile, name: str) -> Listing:
    infos = [info for info in archive.infolist() if not info.filename.endswith(("/", "\\"))]
    if len(infos) > MAX_MEMBERS:
        raise ArchiveError(
            N_("{file} holds {count} files; at most {limit} are possible. Split it."),
            file=name,
            count=len(infos),
            limit=MAX_MEMBERS,
        )
    if any(info.flag_bits & 0x1 for info in infos):
        raise ArchiveError(
            N_(
                "{file} is encrypted. Unpack it with its password, zip the folders without one, and try again."
            ),
            file=name,
        )
    members: list[Member] = []
    refused: list[tuple[str, Message]] = []
    for info in infos:
        parts = _safe_parts(info.filename)
        if parts is None:
            refused.append((info.filename, Message(UNSAFE_NAME)))
        elif _is_junk(parts):
            continue
        elif stat.S_ISLNK(info.external_attr >> 16):
            refused.append((info.filename, Message(IS_A_LINK)))
        else:
            members.append(Member(name=info.filename, parts=parts, read=_zip_reader(archive, info)))
    return Listing(members=members, refused=refused)


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as stream:
                # The size an archive claims may be a lie: count what really comes.
                data = stream.read(MAX_FILE_BYTES + 1)
        except _ARCHIVE_ERRORS as error:
            raise UnreadableMemberError(Message(IS_DAMAGED)) from error
        return _within_limit(data)

    return read


def _list_folder(folder: Path) -> Listing:
    members: list[Member] = []
    refused: list[tuple[str, Message]] = []
    for directory, subfolders, files in os.walk(folder, followlinks=False, onerror=_raise_unreadable):
        subfolders.sort()
        links = [path for path in (Path(directory) / name for name in subfolders) if path.is_symlink()]
        refused += [(_shown(path.relative_to(folder).parts), Message(IS_A_LINK)) for path in links]
        for file in sorted(files):
            path = Path(directory) / file
            parts = path.relative_to(folder).parts
            if _is_junk(parts):
                continue
            if path.is_symlink() or not path.is_file():
                refused.append((_shown(parts), Message(IS_A_LINK)))
            else:
                members.append(Member(name=_shown(parts), parts=parts, read=_file_reader(path)))
    return Listing(members=members, refused=refused)


def _shown(parts: tuple[str, ...]) -> str:
    """A path as text; bytes that are none, as old disks hold them, become question marks."""
    return os.fsencode("/".join(parts)).decode("utf-8", errors="replace")


def _file_reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            reason = Message(N_("it could not be opened: {error}"), {"error": error.strerror or ""})
            raise UnreadableMemberError(reason) from error
        return _within_limit(data)

    return read


def _within_limit(data: bytes) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableMemberError(Message(IS_TOO_LARGE, {"limit": MAX_FILE_BYTES >> 20}))
    return data


def _safe_parts(name: str) -> tuple[str, ...] | None:
    """The path's folders and file name, or None if it would leave the archive."""
    clean = name.replace("\\", "/")
    if clean.startswith("/") or _DRIVE_LETTER.match(clean) or "\x00" in clean:
        return None
    parts = tuple(part for part in clean.split("/") if part not in {"", "."})
    return None if ".." in parts or not parts else parts


def _is_junk(parts: tuple[str, ...]) -> bool:
    return any(part.lower() in _JUNK_NAMES or part.startswith(".") for part in parts)


def _raise_unreadable(error: OSError) -> None:
    raise DataError(
        N_("The folder “{path}” could not be read: {error}."), path=error.filename, error=error.strerror
    ) from error
