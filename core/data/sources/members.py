"""Files of an import source: safe names, size limits, lazy reads.

The same rules apply to every kind of source: safe names, leavings, and the sizes to which
one file and all files together can unpack.
"""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.leavings import leaving_of
from core.errors import ArchiveError, DataError
from core.messages import N_

PICTURE_SUFFIXES = (
    *(
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".pjpeg",
        ".pjp",
        ".png",
        ".gif",
        ".webp",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
    ),
    *(
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".jp2",
        ".j2k",
        ".jpx",
        ".jpf",
        ".ico",
        ".icns",
        ".pcx",
        ".psd",
        ".qoi",
    ),
    *(".sgi", ".tga", ".avif", ".heic", ".heif", ".hif", ".mpo", ".apng", ".pfm", ".jxl", ".dcm", ".dicom"),
    # Raw files of cameras, which are refused by name.
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".orf", ".rw2", ".raf"),
    *(".pef", ".srw", ".x3f", ".3fr", ".fff", ".iiq", ".mrw", ".kdc", ".dcr", ".erf", ".rwl", ".gpr"),
)
# Files that hold many pictures; see ``containers``.
PDF_SUFFIXES = (".pdf",)
VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".asf", ".flv"),
    *(".ogv", ".3gp", ".3g2", ".mts", ".m2ts"),
)
NIFTI_SUFFIXES = (".nii", ".nii.gz")
CONTAINER_SUFFIXES = (*PDF_SUFFIXES, *VIDEO_SUFFIXES, *NIFTI_SUFFIXES)
TABLE_SUFFIXES = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods")
# Files that hold the pictures themselves.
DATA_SUFFIXES = (".parquet", ".arrow", ".npz", ".npy")
# Files that datasets contain beside their pictures.
COMPANION_SUFFIXES = (
    *TABLE_SUFFIXES,
    *(".txt", ".json", ".xml", ".md", ".html", ".yaml", ".yml", ".py"),
    *(".jsonl", ".ndjson", ".manifest", ".labels", ".cls", ".names"),
    *DATA_SUFFIXES,
)
# Characters of a path. Longer ones are shortened in the middle.
MAX_SHOWN_LENGTH = 300
_SHOWN_BEGINNING, _SHOWN_END = 150, 100
CHUNK_BYTES = 1 << 20
# Zeros compress to a thousandth, pictures to a half and uncompressed drawings to a hundredth.
_BOMB_RATIO = 300
# Smaller files do no harm.
_BOMB_FILE_BYTES = 64 << 20
_BOMB_TOTAL_BYTES = 1 << 30
_DISK_CHECK_BYTES = 64 << 20
# Unicode controls of the writing direction.
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class UnreadableMemberError(Exception):
    """File whose bytes cannot be read, with the reason."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(str(reason))


class Content(Protocol):
    """Bytes of one file in an archive."""

    def chunks(self) -> Iterator[bytes]:
        """Read the file in chunks.

        Raises:
            UnreadableMemberError: the bytes cannot be read.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file of a source."""

    # The path as text, for people.
    name: str
    # The safe relative path.
    parts: tuple[str, ...]
    # Raises UnreadableMemberError.
    read: Callable[[], bytes]
    # Set for a file of an archive.
    content: Content | None = None
    # Set for a file of a folder.
    path: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Files of a source, and those refused before reading."""

    members: list[Member] = field(default_factory=list)
    refused: list[tuple[str, Reason]] = field(default_factory=list)
    # Files and folders of systems and programs, each without what is in it; see ``leavings``.
    leavings: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class SourceLimits:
    """Limits for one source. The sizes that an archive states are not trusted."""

    files: int = 1_000_000
    # Unpacked size of one file.
    file_bytes: int = 256 << 20
    # Unpacked size of all files.
    total_bytes: int = 200 << 30
    # Space that stays free on the disk.
    free_disk_bytes: int = 512 << 20


class Allowance:
    """Counter of unpacked bytes that stops a source before it fills the memory or the disk.

    Args:
        disk: the folder that the files are written to.
        packed_bytes: size of the archive; None for a folder.
    """

    def __init__(self, limits: SourceLimits, source: str, disk: Path, packed_bytes: int | None) -> None:
        self.limits = limits
        self.source = source
        self.disk = disk
        self._packed_bytes = packed_bytes
        self._taken = 0
        self._next_disk_check = 0

    def afresh(self) -> Allowance:
        """Return a new counter with the same limits, for another pass over the source."""
        return Allowance(self.limits, self.source, self.disk, self._packed_bytes)

    def take(self, size: int) -> None:
        """Count ``size`` more bytes.

        Raises:
            ArchiveError: the source unpacks to more than the limits.
            DataError: the disk is nearly full.
        """
        self._taken += size
        if self._packed_bytes is not None:
            self._require_sane(self._packed_bytes)
        if self._taken >= self._next_disk_check:
            self._next_disk_check = self._taken + _DISK_CHECK_BYTES
            self._require_free_disk()

    def _require_sane(self, packed_bytes: int) -> None:
        if self._taken > max(_BOMB_TOTAL_BYTES, _BOMB_RATIO * packed_bytes):
            raise ArchiveError(
                N_(
                    "{file} unpacks to more than {ratio} times its size. It is an attack, not a set of pictures, so nothing was imported from it."
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
    """Read one file, within the limits.

    Raises:
        UnreadableMemberError: the file is too large or cannot be read.
        ArchiveError, DataError: the source as a whole is too large.
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
    """Read a file of any size in chunks, and count them."""
    for chunk in content.chunks():
        allowance.take(len(chunk))
        yield chunk


# Not frozen, as the next one: an archive has up to a million, and frozen ones take three times as long.
@dataclass(kw_only=True, slots=True, eq=False)
class _WholeFile:
    """Reader of one file; a fifth of the memory of ``partial``."""

    content: Content
    allowance: Allowance
    packed_bytes: int | None

    def __call__(self) -> bytes:
        return read_whole(self.content, self.allowance, self.packed_bytes)


@dataclass(kw_only=True, slots=True, eq=False)
class Entry:
    """One file as an archive lists it, before its name is checked."""

    name: str
    content: Content
    # Compressed size.
    packed_bytes: int | None = None
    # Reason to refuse the file, independent of its name.
    refusal: SkipReason | None = None


def listing_of(entries: Iterable[Entry], allowance: Allowance) -> Listing:
    """Check every name of an archive. The last of several files with one name counts, as in unpacking."""
    members: dict[tuple[str, ...], Member] = {}
    refused: list[tuple[str, Reason]] = []
    leavings: dict[str, None] = {}
    for entry in entries:
        parts = safe_parts(entry.name)
        if parts is None:
            refused.append((shown_name(entry.name), Reason(code=SkipReason.UNSAFE_NAME)))
        elif (leaving := leaving_of(parts)) is not None:
            leavings[shown_name(leaving)] = None
        elif entry.refusal is not None:
            refused.append((shown_name(entry.name), Reason(code=entry.refusal)))
        else:
            if members.pop(parts, None) is not None:
                reason = Reason(code=SkipReason.REPLACED_BY_LATER_FILE)
                refused.append((shown_name(entry.name), reason))
            path = "/".join(parts)
            members[parts] = Member(
                # Usually the archive's own text, which is in memory already.
                name=shown_name(entry.name if entry.name == path else path),
                parts=parts,
                read=_WholeFile(content=entry.content, allowance=allowance, packed_bytes=entry.packed_bytes),
                content=entry.content,
            )
    return Listing(members=list(members.values()), refused=refused, leavings=list(leavings))


def require_few_files(count: int, allowance: Allowance) -> None:
    """Check the number of files.

    Raises:
        ArchiveError: the source has too many files.
    """
    if count > allowance.limits.files:
        raise ArchiveError(
            N_("{file} contains {count} files; at most {limit} are possible. Split it."),
            file=allowance.source,
            count=count,
            limit=allowance.limits.files,
        )


def safe_parts(name: str) -> tuple[str, ...] | None:
    """Split a path into folders and file name; None if it would leave the archive."""
    clean = name.replace("\\", "/")
    has_drive = clean[1:2] == ":" and clean[0].isascii() and clean[0].isalpha()
    if clean.startswith("/") or has_drive or "\x00" in clean:
        return None
    path, _, last = clean.rpartition("/")
    folders = _folders_of(path)
    parts = folders if last in {"", "."} else (*folders, last)
    return None if ".." in parts or not parts else parts


@lru_cache(maxsize=1_000)
def _folders_of(path: str) -> tuple[str, ...]:
    """Folders of a path. Many files share them, so their names are in memory once."""
    return tuple(sys.intern(part) for part in path.split("/") if part not in {"", "."})


def shown_name(name: str) -> str:
    """Make a name safe to show: one line, without direction controls, shortened if very long."""
    if len(name) > MAX_SHOWN_LENGTH:
        name = f"{name[:_SHOWN_BEGINNING]}…{name[-_SHOWN_END:]}"
    if name.isascii() and name.isprintable():
        return name
    if name.isprintable():
        return _REORDERING.sub("\ufffd", name)
    visible = (
        "\ufffd" if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} else character
        for character in name
    )
    return _REORDERING.sub("\ufffd", "".join(visible))


def _existing(folder: Path) -> Path:
    """Return the folder or its nearest existing parent."""
    return next(path for path in (folder, *folder.parents) if path.exists())
