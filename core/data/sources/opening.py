"""Opening of import sources: zip archives, tar archives and folders.

Detects the kind of a file, opens nested archives and lists folders. ``layout`` and
``importing`` interpret the names and bytes.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.folders import list_folder, open_file, read_file
from core.data.sources.members import (
    COMPANION_SUFFIXES,
    DATA_SUFFIXES,
    PDF_SUFFIXES,
    TABLE_SUFFIXES,
    Allowance,
    Listing,
    Member,
    SourceLimits,
    UnreadableMemberError,
    counted,
    require_few_files,
    shown_name,
)
from core.data.sources.subfiles import ClosedFile, Part, SharedFile
from core.data.sources.tars import is_compressed, is_tar, list_tar, unpacked_tar
from core.data.sources.thumbnails import without_thumbnails
from core.data.sources.zips import IS_A_DOCUMENT, IS_A_TABLE, list_zip, open_zip
from core.errors import ArchiveError, NotFoundError
from core.garbage import collection_paused
from core.messages import N_
from core.workspace import home

__all__ = ["Listing", "Member", "SourceLimits", "UnreadableMemberError", "open_source"]

# Enough to distinguish the kinds below.
_HEAD_BYTES = 16
_ARCHIVE_SUFFIXES = (
    *(".zip", ".tar", ".tgz", ".tar.gz", ".tbz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz"),
    *(".rar", ".7z"),
)
_ARCHIVE_KINDS = {b"Rar!": "RAR", b"7z\xbc\xaf": "7z", b"\x28\xb5\x2f\xfd": "Zstandard", b"MSCF": "CAB"}
_PICTURE_MAGICS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF", b"II*\x00", b"MM\x00*")
# Two lines of a table of pixels are in its beginning.
_BEGINNING_BYTES = 1 << 18
_NUMBER, _LEAST_PIXELS = re.compile(rb"\d+"), 64
# After "ftyp", from the ninth byte on.
_PICTURE_BRANDS = (b"heic", b"heix", b"mif1", b"avif")
_OLD_OFFICE_MAGIC = b"\xd0\xcf\x11\xe0"


def is_archive_name(name: str) -> bool:
    """True for a file name of an archive, also of a kind that cannot be read."""
    return name.lower().endswith(_ARCHIVE_SUFFIXES)


@contextmanager
def open_source(
    path: Path, limits: SourceLimits | None = None, link_roots: Sequence[Path] = ()
) -> Iterator[Listing]:
    """List the files of a zip archive, a tar archive (plain, gz, bz2, xz) or a folder.

    A single data file, such as Parquet or a table of pixels, is a source with one file.

    Archives inside it are opened, one level deep, if the source contains nothing else except
    tables, as with one archive for each class; each counts as a folder of its name. Files can
    be read in any order, each as a whole.

    Args:
        link_roots: resolved folders into which the links of a folder may lead; none is followed without.
    Raises:
        NotFoundError: the path does not exist.
        ArchiveError: the file is not such an archive, or is cut off, encrypted or empty.
            Reading a member raises it for an archive that is a bomb.
        DataError: the file or a folder cannot be read, or the disk is nearly full.
    """
    with ExitStack() as stack:
        with collection_paused():
            listing = _list(path, limits or SourceLimits(), link_roots, stack)
        yield listing


def _list(path: Path, limits: SourceLimits, link_roots: Sequence[Path], stack: ExitStack) -> Listing:
    """List the files of a source, which are open as long as ``stack``; see ``open_source``."""
    if path.is_dir():
        allowance = Allowance(limits, path.name, home(), packed_bytes=None)
        opener = _Opener(stack, allowance)
        listing = list_folder(path, allowance, link_roots)
    elif path.is_file() and (path.name.lower().endswith(DATA_SUFFIXES) or _holds_pixels(path)):
        allowance = Allowance(limits, path.name, home(), packed_bytes=None)
        opener = _Opener(stack, allowance)
        read = partial(read_file, path, allowance)
        member = Member(name=shown_name(path.name), parts=(path.name,), read=read, path=path)
        listing = Listing(members=[member])
    elif path.is_file():
        allowance = Allowance(limits, path.name, home(), packed_bytes=path.stat().st_size)
        opener = _Opener(stack, allowance)
        whole = SharedFile(stack.enter_context(open_file(path))).whole()
        listing = opener.list_archive(whole, path.name)
    else:
        raise NotFoundError(N_("There is no file or folder “{path}”. Check the name."), path=str(path))
    return without_thumbnails(opener.with_archives_opened(listing))


def _holds_pixels(path: Path) -> bool:
    """True for a CSV file whose second line has as many numbers as the smallest picture has pixels."""
    if not path.name.lower().endswith(".csv"):
        return False
    with open_file(path) as file:
        lines = file.read(_BEGINNING_BYTES).split(b"\n", 2)
    return len(lines) > 1 and len(_NUMBER.findall(lines[1])) >= _LEAST_PIXELS


class _Opener:
    """Opener of archives, which stay open as long as the source; unpacked ones share a temporary file."""

    def __init__(self, stack: ExitStack, allowance: Allowance) -> None:
        self._stack = stack
        self._allowance = allowance
        self._unpacking = allowance.afresh()
        self._spool: SharedFile | None = None

    def list_archive(self, part: Part, name: str) -> Listing:
        """List the files of the archive in ``part``.

        Raises:
            ArchiveError: the part is not an archive.
        """
        head = part.shared.read_at(part.start, min(part.size, _HEAD_BYTES))
        if not head:
            raise ArchiveError(
                N_("{file} is empty. Choose a zip file with one folder for each class."), file=name
            )
        if is_compressed(head):
            part = self._unpacked(unpacked_tar(part.open(), name, self._unpacking))
        if is_tar(part):
            return list_tar(part, name, self._allowance)
        archive = open_zip(part.open(), name)
        if archive is None:
            raise _no_archive(head, name)
        return list_zip(self._stack.enter_context(archive), self._allowance)

    def with_archives_opened(self, listing: Listing) -> Listing:
        """Replace the archives of a listing by their files, or refuse them."""
        archives = [member for member in listing.members if _is_archive(member)]
        if not archives:
            return listing
        members = [member for member in listing.members if not _is_archive(member)]
        refused, leavings = list(listing.refused), list(listing.leavings)
        beside = (*COMPANION_SUFFIXES, *PDF_SUFFIXES)
        can_open = all(member.parts[-1].lower().endswith(beside) for member in members)
        for archive in archives:
            if not can_open:
                refused.append((archive.name, Reason(code=SkipReason.ARCHIVE_BESIDE_FILES)))
                continue
            try:
                inner = self.list_archive(self._part_of(archive), archive.name)
            except UnreadableMemberError as error:
                refused.append((archive.name, error.reason))
            except ArchiveError as error:
                reason = Reason(code=SkipReason.UNREADABLE_ARCHIVE, values={"sentence": error.message})
                refused.append((archive.name, reason))
            else:
                inside = [_within(archive, member) for member in inner.members]
                members += [member for member in inside if not _is_archive(member)]
                refused += [
                    (member.name, Reason(code=SkipReason.ARCHIVE_TOO_DEEP))
                    for member in inside
                    if _is_archive(member)
                ]
                refused += [(f"{archive.name}/{name}", reason) for name, reason in inner.refused]
                leavings += [f"{archive.name}/{name}" for name in inner.leavings]
                require_few_files(len(members), self._allowance)
        return Listing(members=members, refused=refused, leavings=leavings)

    def _part_of(self, member: Member) -> Part:
        """Return a file of the source as a part with random access, unpacked if necessary."""
        if member.path is not None:
            return ClosedFile(member.path).whole()
        assert member.content is not None
        if isinstance(member.content, Part):
            return member.content
        return self._unpacked(counted(member.content, self._unpacking))

    def _unpacked(self, chunks: Iterable[bytes]) -> Part:
        if self._spool is None:
            folder = home() / "staging"
            folder.mkdir(parents=True, exist_ok=True)
            # Has no name on most systems, so it never remains.
            spool = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the stack closes it
            self._spool = SharedFile(self._stack.enter_context(spool))
        return self._spool.append(chunks)


def _is_archive(member: Member) -> bool:
    return is_archive_name(member.parts[-1])


def _within(archive: Member, member: Member) -> Member:
    """Return a file of an inner archive, with the archive as its folder."""
    name = archive.parts[-1]
    suffix = max((s for s in _ARCHIVE_SUFFIXES if name.lower().endswith(s)), key=len)
    folder = (*archive.parts[:-1], name[: -len(suffix)])
    return replace(member, name=f"{archive.name}/{member.name}", parts=(*folder, *member.parts))


def _no_archive(head: bytes, name: str) -> ArchiveError:
    """Build the error for a file that is not an archive: its real kind, and what to do."""
    kind = next((kind for magic, kind in _ARCHIVE_KINDS.items() if head.startswith(magic)), None)
    if kind is not None:
        return ArchiveError(
            N_(
                "{file} is a {kind} archive, which cannot be read here. Unpack it, zip the folders, and choose that zip file."
            ),
            file=name,
            kind=kind,
        )
    if is_compressed(head):
        return ArchiveError(
            N_(
                "{file} is compressed but holds no tar archive. Unpack it, put the class folders into a zip file, and choose that."
            ),
            file=name,
        )
    if head.startswith(_PICTURE_MAGICS) or (head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS):
        return ArchiveError(
            N_(
                "{file} is a single picture. Put pictures into one folder for each class, and zip the folders."
            ),
            file=name,
        )
    if head.startswith(b"%PDF") or (head.startswith(_OLD_OFFICE_MAGIC) and not _is_table(name)):
        return ArchiveError(IS_A_DOCUMENT, file=name)
    if head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return ArchiveError(
            N_(
                "{file} is a web page, not the archive that the page offers. Download the archive itself and choose that."
            ),
            file=name,
        )
    if _is_table(name):
        return ArchiveError(IS_A_TABLE, file=name)
    return ArchiveError(
        N_("{file} is not a zip or tar file. Put the class folders into a zip file and choose that."),
        file=name,
    )


def _is_table(name: str) -> bool:
    return name.lower().endswith(TABLE_SUFFIXES)
