"""Files of an import source: safe names, size limits, lazy reads.

Owns the rules that hold for every kind of source: which names are safe, what is
junk, how much one file and all together may unpack to.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from core.data.skip_reasons import Reason, SkipReason
from core.errors import ArchiveError, DataError
from core.messages import N_

PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".ico", ".icns", ".pcx", ".psd", ".qoi"),
    *(".sgi", ".tga", ".avif", ".heic", ".heif"),
)
TABLE_SUFFIXES = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods")
# What datasets come with beside their pictures.
COMPANION_SUFFIXES = (
    *TABLE_SUFFIXES,
    *(".txt", ".json", ".xml", ".md", ".html", ".pdf", ".yaml", ".yml", ".py"),
)
MAX_SHOWN_LENGTH = 300  # characters of a path; of longer ones the beginning and the end are shown
_SHOWN_BEGINNING, _SHOWN_END = 150, 100
_JUNK_NAMES = {"thumbs.db", "desktop.ini", "__macosx"}  # and whatever is hidden by a dot
_DRIVE_LETTER = re.compile(r"^[A-Za-z]:")
CHUNK_BYTES = 1 << 20  # read at a time
# Zeros deflate to a thousandth, pictures to a half and uncompressed drawings to a hundredth.
_BOMB_RATIO = 300
_BOMB_FILE_BYTES = 64 << 20  # smaller ones do no harm
_BOMB_TOTAL_BYTES = 1 << 30
_BYTES_BETWEEN_LOOKS_AT_THE_DISK = 64 << 20
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # turn what follows around


class UnreadableMemberError(Exception):
    """A file whose bytes cannot be had; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(str(reason))


class Content(Protocol):
    """The bytes of one file in an archive."""

    def chunks(self) -> Iterator[bytes]:
        """
        Raises:
            UnreadableMemberError: they cannot be had.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file of a source. ``parts`` is its safe relative path, ``name`` the same to show."""

    name: str
    parts: tuple[str, ...]
    read: Callable[[], bytes]  # raises UnreadableMemberError
    content: Content | None = None  # the same piece by piece, of a file in an archive
    path: Path | None = None  # where it lies, if it is a file of its own


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a source, and those refused before reading."""

    members: list[Member] = field(default_factory=list)
    refused: list[tuple[str, Reason]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class SourceLimits:
    """Limits for one source. The sizes that an archive states are not trusted."""

    files: int = 1_000_000
    file_bytes: int = 256 << 20  # of one file, unpacked
    total_bytes: int = 200 << 30  # of all files, unpacked
    free_disk_bytes: int = 512 << 20  # left to the machine


class Allowance:
    """Counts the bytes that really come, and stops a source that floods the memory or the disk.

    Args:
        disk: the folder to which what is read will go.
        packed_bytes: the size of the archive; None for a folder, which can unpack to no more than it is.
    """

    def __init__(self, limits: SourceLimits, source: str, disk: Path, packed_bytes: int | None) -> None:
        self.limits = limits
        self.source = source
        self.disk = disk
        self._packed_bytes = packed_bytes
        self._taken = 0
        self._next_look = 0

    def afresh(self) -> Allowance:
        """The same limits for another pass over the source."""
        return Allowance(self.limits, self.source, self.disk, self._packed_bytes)

    def take(self, size: int) -> None:
        """Count ``size`` more bytes.

        Raises:
            ArchiveError: they are more than any set of pictures.
            DataError: the disk is nearly full.
        """
        self._taken += size
        if self._packed_bytes is not None:
            self._require_sane(self._packed_bytes)
        if self._taken >= self._next_look:
            self._next_look = self._taken + _BYTES_BETWEEN_LOOKS_AT_THE_DISK
            self._require_free_disk()

    def _require_sane(self, packed_bytes: int) -> None:
        if self._taken > max(_BOMB_TOTAL_BYTES, _BOMB_RATIO * packed_bytes):
            raise ArchiveError(
                N_(
                    "{file} unpacks to more than {ratio} times its size. That is no set of pictures but an attack, so nothing was taken from it."
                ),
                file=self.source,
                ratio=_BOMB_RATIO,
            )
        if self._taken > self.limits.total_bytes:
            raise ArchiveError(
                N_(
                    "{file} unpacks to more than {limit} GB. Split it and import the parts one after another."
                ),
                file=self.source,
                limit=self.limits.total_bytes >> 30,
            )

    def _require_free_disk(self) -> None:
        if shutil.disk_usage(_existing(self.disk)).free < self.limits.free_disk_bytes:
            raise DataError(
                N_(
                    "The disk that holds {folder} has less than {limit} MB left, so reading {source} stopped. Make room, then try again."
                ),
                folder=str(self.disk),
                limit=self.limits.free_disk_bytes >> 20,
                source=self.source,
            )


def read_whole(content: Content, allowance: Allowance, packed_bytes: int | None = None) -> bytes:
    """All bytes of one file, as long as they stay within what is allowed.

    Raises:
        UnreadableMemberError: they do not, or cannot be had.
        ArchiveError, DataError: the source as a whole is stopped.
    """
    parts: list[bytes] = []
    size = 0
    for chunk in content.chunks():
        size += len(chunk)
        if size > allowance.limits.file_bytes:
            limit = allowance.limits.file_bytes >> 20
            raise UnreadableMemberError(Reason(code=SkipReason.FILE_TOO_LARGE, values={"limit": limit}))
        if packed_bytes is not None and size > max(_BOMB_FILE_BYTES, _BOMB_RATIO * packed_bytes):
            reason = Reason(code=SkipReason.DECOMPRESSION_BOMB, values={"ratio": _BOMB_RATIO})
            raise UnreadableMemberError(reason)
        allowance.take(len(chunk))
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def counted(content: Content, allowance: Allowance) -> Iterator[bytes]:
    """The pieces of a file of any size, each counted before it is handed on."""
    for chunk in content.chunks():
        allowance.take(len(chunk))
        yield chunk


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file as an archive lists it, before its name is judged."""

    name: str
    content: Content
    packed_bytes: int | None = None  # its size in the archive, where that is compressed
    refusal: SkipReason | None = None  # a reason against it, whatever its name


def listing_of(entries: Iterable[Entry], allowance: Allowance) -> Listing:
    """Judge every name of an archive. Of files with one name the last counts, as when unpacking."""
    members: dict[tuple[str, ...], Member] = {}
    refused: list[tuple[str, Reason]] = []
    for entry in entries:
        name = shown_name(entry.name)
        parts = safe_parts(entry.name)
        if parts is None:
            refused.append((name, Reason(code=SkipReason.UNSAFE_NAME)))
        elif is_junk(parts):
            continue
        elif entry.refusal is not None:
            refused.append((name, Reason(code=entry.refusal)))
        else:
            if members.pop(parts, None) is not None:
                refused.append((name, Reason(code=SkipReason.REPLACED_BY_LATER_FILE)))
            members[parts] = Member(
                name=shown_name("/".join(parts)),
                parts=parts,
                read=partial(read_whole, entry.content, allowance, entry.packed_bytes),
                content=entry.content,
            )
    return Listing(members=list(members.values()), refused=refused)


def require_few_files(count: int, allowance: Allowance) -> None:
    """
    Raises:
        ArchiveError: a source of ``count`` files is too large to list.
    """
    if count > allowance.limits.files:
        raise ArchiveError(
            N_("{file} holds {count} files; at most {limit} are possible. Split it."),
            file=allowance.source,
            count=count,
            limit=allowance.limits.files,
        )


def safe_parts(name: str) -> tuple[str, ...] | None:
    """The path's folders and file name, or None if it would leave the archive."""
    clean = name.replace("\\", "/")
    if clean.startswith("/") or _DRIVE_LETTER.match(clean) or "\x00" in clean:
        return None
    parts = tuple(part for part in clean.split("/") if part not in {"", "."})
    return None if ".." in parts or not parts else parts


def shown_name(name: str) -> str:
    """A name as one line of text that reads in its own order; a very long one is shortened."""
    if len(name) > MAX_SHOWN_LENGTH:
        name = f"{name[:_SHOWN_BEGINNING]}…{name[-_SHOWN_END:]}"
    if name.isprintable():
        return _REORDERING.sub("\ufffd", name)
    visible = (
        "\ufffd" if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} else character
        for character in name
    )
    return _REORDERING.sub("\ufffd", "".join(visible))


def is_junk(parts: tuple[str, ...]) -> bool:
    """True for what desktops and programs leave beside pictures."""
    return any(part.startswith(".") or part.lower() in _JUNK_NAMES for part in parts)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())
