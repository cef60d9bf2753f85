"""Full disks: detection among other errors, and space reserved for the last status."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from core.errors import DiskFullError
from core.messages import N_, Message

FULL_DISK = {errno.ENOSPC, errno.EDQUOT}
_SENTENCES = tuple(os.strerror(number) for number in FULL_DISK)
_RESERVE_BYTES = 256 << 10
# Some libraries report only that fewer bytes were written than requested. The free space decides then.
_FULL_BELOW_BYTES = 1 << 20


class Reserve:
    """Placeholder file, removed to make space for the last status on a full disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self) -> None:
        """Write the file.

        Raises:
            OSError: the disk is full already.
        """
        with self._path.open("wb") as stream:
            # Random bytes: zeros may take no space.
            stream.write(os.urandom(_RESERVE_BYTES))
            stream.flush()
            os.fsync(stream.fileno())

    def release(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


def is_disk_full(error: BaseException, folder: Path) -> bool:
    """True if an error comes from a full disk or a used-up quota.

    Libraries wrap it: TensorFlow in an error of its own, HDF5 and Arrow in an
    ``OSError`` with a sentence, NumPy in one without a number.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, OSError) and (cause.errno in FULL_DISK or _is_out_of_space(cause, folder)):
            return True
        if any(sentence in str(cause) for sentence in _SENTENCES):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def disk_full_message(folder: Path, *, is_saved: bool) -> Message:
    """Make the message about a full disk.

    Args:
        folder: a folder on the full disk.
        is_saved: the job can be resumed from its checkpoint.
    """
    resumes = N_(
        "The disk, or your share of it, is full: {free} MB are free at {folder}. "
        "Free some space, then resume; nothing that was done so far is lost."
    )
    starts_again = N_(
        "The disk, or your share of it, is full: {free} MB are free at {folder}. "
        "Free some space, then start this again."
    )
    free = shutil.disk_usage(folder).free
    values = {"free": f"{free / 1e6:.1f}", "folder": str(folder)}
    return Message(resumes if is_saved else starts_again, values)


def disk_full_error(folder: Path) -> DiskFullError:
    """Make the error of a job that cannot be started because the disk of ``folder`` is full."""
    return DiskFullError(
        N_("The disk is full: {free} MB are free at {folder}. Free some space, then try again."),
        free=f"{shutil.disk_usage(folder).free / 1e6:.1f}",
        folder=str(folder),
    )


def _is_out_of_space(error: OSError, folder: Path) -> bool:
    return error.errno is None and shutil.disk_usage(folder).free < _FULL_BELOW_BYTES
