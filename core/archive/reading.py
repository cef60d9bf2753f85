"""Reading of a project archive: every name and sum is checked in a staging folder, then it is published.

Nothing in an archive is executed or unpickled.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.archive.records import MANIFEST, PROJECT, ArchiveManifest, RestoreResult
from core.data.sources.folders import open_file
from core.data.sources.members import (
    Allowance,
    Member,
    SourceLimits,
    UnreadableMemberError,
    counted,
    read_whole,
    shown_name,
)
from core.data.sources.zips import list_zip, open_zip
from core.errors import ArchiveError, DarkroomError, DataError, NotFoundError
from core.jobs.disk import FULL_DISK
from core.messages import N_
from core.progress import Progress, raise_if_stopped
from core.records import decode_record
from core.workspace import (
    Project,
    close_staging,
    home,
    open_staging,
    project_settings,
    publish_project,
    require_free_name,
)

# A project may have more files than one import, and larger ones.
_LIMITS = SourceLimits(files=10_000_000, file_bytes=1 << 30, total_bytes=100 << 40)


@dataclass(frozen=True, kw_only=True)
class OpenArchive:
    """An archive whose names are checked against its manifest; its sums are not yet."""

    # Name of the file, for people.
    name: str
    manifest: ArchiveManifest
    # All but the manifest, by their names there.
    members: Mapping[str, Member]
    allowance: Allowance
    # Unpacked, as the archive announces it.
    size_bytes: int


@contextmanager
def open_archive(path: Path) -> Iterator[OpenArchive]:
    """Open an archive and read its manifest.

    Raises:
        NotFoundError: there is no such file.
        DataError: the file cannot be opened.
        ArchiveError: it is not the archive of a project, or was changed.
        SchemaVersionError: a newer Darkroom wrote it.
    """
    if not path.is_file():
        raise NotFoundError(N_("There is no file {file}. Check its name."), file=str(path))
    with open_file(path) as stream:
        archive = open_zip(stream, path.name)
        if archive is None:
            raise _no_archive(path.name)
        with archive:
            yield _checked(archive, path)


def restore_archive(path: Path, name: str | None, progress: Progress) -> RestoreResult:
    """Make a project from an archive.

    Args:
        name: of the project; None: as in the archive.
    Raises:
        ProjectExistsError: there is a project of that name.
        ArchiveError: the archive was changed, or is no archive.
        SchemaVersionError: a newer Darkroom wrote it.
        DataError: the disk has not enough space.
        JobStopped: the user asked to stop; nothing remains.
    """
    with open_archive(path) as archive:
        clean = require_free_name(name or archive.manifest.project)
        _require_room(archive)
        staging = open_staging()
        try:
            _unpack(archive, staging, progress)
            unpacked = Project(name=clean, path=staging)
            _require_sound(unpacked, archive.name)
            publish_project(staging, clean, project_settings(unpacked))
        finally:
            close_staging(staging)
    return RestoreResult(
        project=clean,
        dataset_version=archive.manifest.dataset_version,
        runs=archive.manifest.runs,
        resumable=archive.manifest.resumable,
        missing_pictures=archive.manifest.missing_pictures,
    )


def _checked(archive: zipfile.ZipFile, path: Path) -> OpenArchive:
    allowance = Allowance(_LIMITS, path.name, home(), path.stat().st_size)
    listing = list_zip(archive, allowance)
    if listing.refused:
        name, reason = listing.refused[0]
        raise ArchiveError(
            N_("{file} holds “{name}”, which is refused: {reason}. Nothing was taken from it."),
            file=path.name,
            name=name,
            reason=reason.message,
        )
    # The name of a member is for people, and shortened if it is very long.
    members = {"/".join(member.parts): member for member in listing.members}
    own = members.pop(MANIFEST, None)
    if own is None:
        raise _no_archive(path.name)
    manifest = decode_record(_content_of(own, path.name, allowance), ArchiveManifest, path.name)
    if different := sorted(members.keys() ^ manifest.files.keys()):
        raise _was_changed(path.name, different[0])
    return OpenArchive(
        name=path.name,
        manifest=manifest,
        members=members,
        allowance=allowance,
        size_bytes=sum(info.file_size for info in archive.infolist()),
    )


def _content_of(member: Member, file: str, allowance: Allowance) -> bytes:
    assert member.content is not None
    try:
        return read_whole(member.content, allowance)
    except UnreadableMemberError as error:
        raise _was_changed(file, member.name) from error


def _require_room(archive: OpenArchive) -> None:
    folder = home()
    free = shutil.disk_usage(folder).free - _LIMITS.free_disk_bytes
    if archive.size_bytes > free:
        raise DataError(
            N_("{file} unpacks to {needed} MB; {free} MB are free at {folder}. Make room, then try again."),
            file=archive.name,
            needed=-(-archive.size_bytes // 10**6),
            free=max(0, free) // 10**6,
            folder=str(folder),
        )


def _unpack(archive: OpenArchive, folder: Path, progress: Progress) -> None:
    """Check the sum of every member, and write those of the project into a folder."""
    done = 0

    def advance(size: int) -> None:
        nonlocal done
        raise_if_stopped(progress)
        done += size
        progress.advance(min(done, archive.size_bytes), archive.size_bytes)

    for name, member in archive.members.items():
        expected = archive.manifest.files[name]
        is_of_project = member.parts[0] == PROJECT and len(member.parts) > 1
        target = folder.joinpath(*member.parts[1:]) if is_of_project else None
        if _copy(member, target, archive.allowance, advance) != expected.sha256:
            raise _was_changed(archive.name, name)
        if target is not None:
            os.utime(target, ns=(expected.modified, expected.modified))


def _copy(member: Member, target: Path | None, allowance: Allowance, advance: Callable[[int], None]) -> str:
    """Read a member and write it into a new file, if one is given.

    Returns:
        The SHA-256 of its content; "" for one that cannot be read.
    """
    assert member.content is not None
    digest = hashlib.sha256()
    try:
        with _new_file(target, allowance.source) if target else nullcontext() as stream:
            for chunk in counted(member.content, allowance):
                digest.update(chunk)
                if stream is not None:
                    stream.write(chunk)
                advance(len(chunk))
    except UnreadableMemberError:
        return ""
    return digest.hexdigest()


def _new_file(path: Path, archive: str) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in FULL_DISK:
            raise
        # Too long for this system, or the name of a file and of a folder.
        raise ArchiveError(
            N_("{file} holds “{name}”, which cannot be written here: {reason}"),
            file=archive,
            name=shown_name(path.name),
            reason=str(error)[:200],
        ) from error


def _require_sound(project: Project, file: str) -> None:
    """Check that an unpacked project can be opened.

    Raises:
        DarkroomError: see ``require_portable``.
        ArchiveError: a file of it is not what Darkroom writes.
    """
    # It loads pyarrow, which a page that only starts the job does not need.
    from core.archive.portable import require_portable

    try:
        require_portable(project, file)
    except DarkroomError:
        raise
    # Of JSON and Parquet that nobody's Darkroom wrote.
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(
            N_("{file} holds a project that cannot be opened: {reason}"),
            file=file,
            reason=f"{type(error).__name__}: {error}"[:200],
        ) from error


def _no_archive(file: str) -> ArchiveError:
    return ArchiveError(
        N_(
            "{file} is not a project that Darkroom saved: it has no {manifest}. Choose a file that was made with “Save the project as one file”; pictures are imported."
        ),
        file=file,
        manifest=MANIFEST,
    )


def _was_changed(file: str, name: str) -> ArchiveError:
    return ArchiveError(
        N_(
            "{file} was changed or damaged: “{name}” is not as it was saved. Nothing was taken from it; copy it again."
        ),
        file=file,
        name=shown_name(name),
    )
