"""Safe storing of an uploaded model: a file, a folder or an archive becomes a folder of plain files."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from tarfile import is_tarfile
from zipfile import is_zipfile

from core.data.sources.members import SourceLimits, UnreadableMemberError
from core.data.sources.opening import open_source
from core.errors import NotFoundError
from core.evaluation.foreign.faults import ForeignModelError, no_model, pickled
from core.evaluation.foreign.kinds import MODEL_SUFFIXES, PICKLE_SUFFIXES
from core.messages import N_

# Larger than any classifier that a computer at home runs.
LIMITS = SourceLimits(files=10_000, file_bytes=2 << 30, total_bytes=4 << 30)
_ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
# A file and a folder have the same name, or a name is too long or impossible here.
_NAME_ERRORS = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL}


def take_in(source: Path, folder: Path) -> None:
    """Copy a model file, the files of a folder, or those of an archive.

    Names that lead out of an archive, links and bombs are refused as in imports.

    Raises:
        NotFoundError: there is no such file or folder.
        ArchiveError: the archive cannot be read, or is an attack.
        ForeignModelError: it is no model, or a file in it cannot be read.
    """
    if not source.exists():
        raise NotFoundError(N_("There is no file or folder “{path}”. Check the name."), path=str(source))
    folder.mkdir(parents=True)
    if source.is_file() and source.suffix.lower() in MODEL_SUFFIXES:
        shutil.copyfile(source, folder / source.name)
        return
    if source.is_file() and source.suffix.lower() in PICKLE_SUFFIXES:
        raise pickled(source)
    if source.is_file() and not _is_archive(source):
        raise no_model()
    with open_source(source, LIMITS) as listing:
        for member in listing.members:
            target = folder.joinpath(*member.parts)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(member.read())
            except UnreadableMemberError as error:
                raise ForeignModelError(
                    N_("{file} cannot be read: {reason}"), file=member.name, reason=error.reason.message
                ) from error
            except OSError as error:
                if error.errno not in _NAME_ERRORS:
                    raise
                raise ForeignModelError(
                    N_("{file} cannot be read: {reason}"), file=member.name, reason=error.strerror
                ) from error


def _is_archive(file: Path) -> bool:
    """True by name too: what is wrong with a damaged archive is said by its opening."""
    return file.name.lower().endswith(_ARCHIVE_SUFFIXES) or is_zipfile(file) or is_tarfile(file)
