"""Writing of a project archive: one pass over the files, each hashed while it is packed."""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from core.archive.files import (
    ProjectFile,
    ReferredPicture,
    project_files,
    referred_pictures,
    require_at_rest,
    runs_of,
)
from core.archive.portable import portable_content
from core.archive.records import MANIFEST, PROJECT, ArchivedFile, ArchiveManifest, SaveRequest
from core.archive.reproduction import reproduction_of
from core.data.version_record import version_numbers
from core.errors import ArchiveError
from core.files import COPY_CHUNK_BYTES, sha256_bytes, whole_file
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.messages import N_
from core.progress import Progress, raise_if_stopped
from core.records import stored_values
from core.workspace import Project

# All others, such as pictures, weights and Parquet, would hardly become smaller.
_COMPRESSIBLE = {".json", ".jsonl", ".csv", ".md", ".txt", ".log", ".py"}
# The earliest time that a zip can store.
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def write_archive(project: Project, request: SaveRequest, path: Path, progress: Progress) -> ArchiveManifest:
    """Write a project to one file, which appears under its name when it is complete.

    Raises:
        BusyError: a job works on the project.
        NotFoundError: a run that was asked for does not exist.
        ArchiveError: the project changed meanwhile.
        JobStopped: the user asked to stop; nothing half-written remains.
    """
    require_at_rest(project)
    runs = runs_of(project, request)
    files = project_files(project, request)
    stored = {file.name for file in files}
    # An earlier version can have a copy of a picture to which the newest one only refers.
    referred = [picture for picture in referred_pictures(project) if picture.name not in stored]
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        size_bytes = sum(file.size_bytes for file in files) + sum(map(_size_bytes, referred))
        members = _Members(archive, progress, size_bytes)
        reproduction = reproduction_of(project, runs, request.reproduce)
        for name, content in reproduction.files if reproduction else ():
            members.add_content(name, content)
        for file in files:
            members.add_file(project, file)
        _require_unchanged(project, files)
        missing = sum(not members.add_picture(picture) for picture in referred)
        manifest = ArchiveManifest(
            project=project.name,
            created=time.time(),
            dataset_version=max(version_numbers(project.dataset)),
            runs=runs,
            resumable=_resumable(project, runs),
            reproduces=reproduction.run if reproduction else None,
            missing_pictures=missing,
            files=dict(members.files),
        )
        members.add_content(MANIFEST, json.dumps(stored_values(manifest), ensure_ascii=False).encode())
    return manifest


class _Members:
    """Members of an archive that is being written, with their sums."""

    def __init__(self, archive: zipfile.ZipFile, progress: Progress, total_bytes: int) -> None:
        self._archive, self._progress = archive, progress
        self._done, self._total = 0, total_bytes
        self.files: dict[str, ArchivedFile] = {}

    def add_file(self, project: Project, file: ProjectFile) -> None:
        """Add a file of the project, without places of this computer."""
        with ExitStack() as stack:
            try:
                content = portable_content(file.name, file.path)
                stream = io.BytesIO(content) if content is not None else file.path.open("rb")
            except FileNotFoundError as error:
                raise _has_changed(project, file.name) from error
            self._add(f"{PROJECT}/{file.name}", stack.enter_context(stream), file.modified)

    def add_picture(self, picture: ReferredPicture) -> bool:
        """Add a picture of the user's folders; False if it cannot be read there any more, or has changed."""
        try:
            content, modified = picture.path.read_bytes(), picture.path.stat().st_mtime_ns
        # Moved, of another user by now, or on a disk that is gone.
        except OSError:
            return False
        if sha256_bytes(content) != picture.sha256:
            return False
        self._add(f"{PROJECT}/{picture.name}", io.BytesIO(content), modified)
        return True

    def add_content(self, name: str, content: bytes) -> None:
        """Add a member that is no file of the project."""
        self._add(name, io.BytesIO(content), time.time_ns())

    def _add(self, name: str, stream: IO[bytes], modified: int) -> None:
        digest = hashlib.sha256()
        with self._archive.open(_member_info(name, modified), "w", force_zip64=True) as member:
            while chunk := stream.read(COPY_CHUNK_BYTES):
                raise_if_stopped(self._progress)
                digest.update(chunk)
                member.write(chunk)
                self._done += len(chunk)
                self._progress.advance(min(self._done, self._total), self._total)
        self.files[name] = ArchivedFile(sha256=digest.hexdigest(), modified=modified)


def _member_info(name: str, modified: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, max(_EARLIEST, time.localtime(modified / 1e9)[:6]))
    is_compressible = Path(name).suffix.lower() in _COMPRESSIBLE
    info.compress_type = zipfile.ZIP_DEFLATED if is_compressible else zipfile.ZIP_STORED
    info.external_attr = 0o644 << 16
    return info


def _size_bytes(picture: ReferredPicture) -> int:
    return picture.path.stat().st_size if picture.path.is_file() else 0


def _require_unchanged(project: Project, files: Sequence[ProjectFile]) -> None:
    for file in files:
        if not file.is_unchanged:
            raise _has_changed(project, file.name)


def _has_changed(project: Project, name: str) -> ArchiveError:
    return ArchiveError(
        N_("Project “{project}” changed while it was saved ({file}). Save it again."),
        project=project.name,
        file=name,
    )


def _resumable(project: Project, runs: Sequence[str]) -> tuple[str, ...]:
    at_rest = {JobState.PAUSED, JobState.INTERRUPTED}
    return tuple(name for name in runs if JobDirectory(project.runs / name).status().state in at_rest)
