"""Folders as import sources: their files, without leavings, and the links in them.

A link can lead anywhere on the computer, so none is followed unless the owner of the computer says
so, and then only into folders that they allow.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO

from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.leavings import leaving_of
from core.data.sources.members import (
    PICTURE_SUFFIXES,
    Allowance,
    Listing,
    Member,
    UnreadableMemberError,
    require_few_files,
    shown_name,
)
from core.errors import DataError
from core.messages import N_

FOLLOW_LINKS_OPTION = "--follow-links"
# Folders behind links in the path of a file. Each could double the number of files.
_MAX_LINKS_IN_A_PATH = 4


def list_folder(folder: Path, allowance: Allowance, link_roots: Sequence[Path] = ()) -> Listing:
    """List the files of a folder.

    Args:
        link_roots: resolved folders into which links may lead; none is followed without.
    Raises:
        DataError: the folder cannot be read, or one in it that may be a class.
        ArchiveError: there are too many files.
    """
    members: list[Member] = []
    refused: list[tuple[str, Reason]] = []
    leavings: list[str] = []
    unreadable: list[OSError] = []
    is_following = bool(link_roots)
    for directory, subfolders, files in os.walk(folder, followlinks=is_following, onerror=unreadable.append):
        here = Path(directory)
        above = here.relative_to(folder).parts
        names = {name: (*above, name) for name in (*subfolders, *files)}
        junk = {name: leaving for name, parts in names.items() if (leaving := leaving_of(parts))}
        leavings += [_shown((leaving,)) for leaving in junk.values()]
        refusals = {
            name: reason
            for name in names.keys() - junk.keys()
            if (reason := _refusal(here / name, folder, link_roots)) is not None
        }
        refused += [(_shown(names[name]), refusals[name]) for name in sorted(refusals)]
        # In place, so that ``os.walk`` opens neither leavings nor links that are not followed.
        subfolders[:] = sorted(set(subfolders) - junk.keys() - refusals.keys())
        for name in sorted(set(files) - junk.keys() - refusals.keys()):
            path, parts = here / name, names[name]
            read = partial(read_file, path, allowance)
            members.append(Member(name=_shown(parts), parts=parts, read=read, path=path))
        require_few_files(len(members), allowance)
    refused += [_refusal_of_unreadable(error, folder, members) for error in unreadable]
    return Listing(members=members, refused=refused, leavings=leavings)


def read_file(path: Path, allowance: Allowance) -> bytes:
    """Read a file of a folder.

    Raises:
        UnreadableMemberError: it cannot be opened, or is too large.
    """
    limit = allowance.limits.file_bytes
    try:
        with path.open("rb") as stream:
            # Asked for a number of bytes, Python makes room for all of them.
            is_small = os.fstat(stream.fileno()).st_size <= limit
            data = stream.read() if is_small else b""
    except OSError as error:
        reason = Reason(code=SkipReason.CANNOT_BE_OPENED, values={"error": error.strerror or ""})
        raise UnreadableMemberError(reason) from error
    if not is_small or len(data) > limit:
        raise UnreadableMemberError(Reason(code=SkipReason.FILE_TOO_LARGE, values={"limit": limit >> 20}))
    allowance.take(len(data))
    return data


def open_file(path: Path) -> IO[bytes]:
    """Open a file that is a whole source.

    Raises:
        DataError: it cannot be opened.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(
            N_("“{path}” cannot be opened: {error}. Change its permissions, or choose another file."),
            path=str(path),
            error=error.strerror,
        ) from error


def _refusal(path: Path, source: Path, link_roots: Sequence[Path]) -> Reason | None:
    """Reason against a file or folder before it is read; None if it is one to read."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            if (reason := _refusal_of_link(path, source, link_roots)) is not None:
                return reason
            mode = path.stat().st_mode
    # It vanished meanwhile.
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except OSError as error:
        return Reason(code=SkipReason.CANNOT_BE_OPENED, values={"error": error.strerror or ""})
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else Reason(code=SkipReason.DEVICE)


def _refusal_of_link(path: Path, source: Path, link_roots: Sequence[Path]) -> Reason | None:
    if not link_roots:
        return Reason(code=SkipReason.LINK_NOT_FOLLOWED, values={"option": FOLLOW_LINKS_OPTION})
    try:
        target = path.resolve(strict=True)
    # A ring of links is a RuntimeError before Python 3.13.
    except (OSError, RuntimeError):
        return Reason(code=SkipReason.LINK_LEADS_NOWHERE)
    if not any(target.is_relative_to(root) for root in link_roots):
        values = {"target": _shown((str(target),)), "variable": "DARKROOM_FOLDERS"}
        return Reason(code=SkipReason.LINK_LEADS_OUT, values=values)
    if target.is_dir() and _is_endless(path, target, source):
        return Reason(code=SkipReason.LINK_IN_A_CIRCLE)
    return None


def _is_endless(link: Path, target: Path, source: Path) -> bool:
    """True if a link leads to a folder on the way to it, or lies behind too many other links."""
    above = [source, *(source / part for part in _prefixes(link.parent.relative_to(source)))]
    links = sum(folder.is_symlink() for folder in above)
    return links >= _MAX_LINKS_IN_A_PATH or any(folder.resolve().is_relative_to(target) for folder in above)


def _prefixes(path: Path) -> list[Path]:
    return [Path(*path.parts[: depth + 1]) for depth in range(len(path.parts))]


def _shown(parts: tuple[str, ...]) -> str:
    """Format a path as text; bytes that are not UTF-8 become replacement characters."""
    return shown_name(os.fsencode("/".join(parts)).decode("utf-8", errors="replace"))


def _refusal_of_unreadable(error: OSError, source: Path, members: Sequence[Member]) -> tuple[str, Reason]:
    """Leave out a folder that cannot be read, unless a class would be missing without it.

    Raises:
        DataError: it is the source, or lies beside folders of pictures as the folder of a class does.
    """
    parts = Path(error.filename).relative_to(source).parts
    if parts and not _may_be_a_class(parts, members):
        reason = Reason(code=SkipReason.CANNOT_BE_OPENED, values={"error": error.strerror or ""})
        return _shown(parts), reason
    raise DataError(
        N_(
            "The folder “{path}” could not be read: {error}. Change its permissions, or move it out of the source."
        ),
        path=error.filename,
        error=error.strerror,
    ) from error


def _may_be_a_class(parts: tuple[str, ...], members: Sequence[Member]) -> bool:
    """True for a folder with folders of pictures beside it, but no picture."""
    above = parts[:-1]
    beside = [
        member.parts[len(above) :]
        for member in members
        if member.parts[: len(above)] == above and member.parts[-1].lower().endswith(PICTURE_SUFFIXES)
    ]
    return bool(beside) and all(len(path) > 1 for path in beside)
