"""A full disk: how it is told from other trouble, and space kept for the last word."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from core.messages import N_, Message

FULL_DISK = {errno.ENOSPC, errno.EDQUOT}
_SENTENCES = tuple(os.strerror(number) for number in FULL_DISK)
_RESERVE_BYTES = 256 << 10
# Some libraries say only that fewer bytes were written than meant; then the disk itself is asked.
_FULL_BELOW_BYTES = 1 << 20


class Reserve:
    """A file that is there only to be removed: its space is for what must be written on a full disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self) -> None:
        """Raises OSError where the disk is full already."""
        with self._path.open("wb") as stream:
            stream.write(os.urandom(_RESERVE_BYTES))  # zeros may take no space
            stream.flush()
            os.fsync(stream.fileno())

    def give_back(self) -> None:
        self._path.unlink(missing_ok=True)


def is_disk_full(error: BaseException, folder: Path) -> bool:
    """Whether a full disk, or a used-up quota, is behind an error.

    Libraries wrap it: TensorFlow in an error of its own, HDF5 and Arrow in an
    ``OSError`` with a sentence, NumPy in one without a number.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, OSError) and (cause.errno in FULL_DISK or _is_out_of_room(cause, folder)):
            return True
        if any(sentence in str(cause) for sentence in _SENTENCES):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def disk_full_message(folder: Path, *, is_saved: bool) -> Message:
    """What the user should know and do.

    Args:
        folder: on the disk that is full.
        is_saved: the work goes on from what it has saved.
    """
    goes_on = N_(
        "The disk, or your share of it, is full: {free} MB are free at {folder}. "
        "Free some space, then resume; what was done so far is kept."
    )
    begins_anew = N_(
        "The disk, or your share of it, is full: {free} MB are free at {folder}. "
        "Free some space, then start this again."
    )
    free = shutil.disk_usage(folder).free
    values = {"free": f"{free / 1e6:.1f}", "folder": str(folder)}
    return Message(goes_on if is_saved else begins_anew, values)


def _is_out_of_room(error: OSError, folder: Path) -> bool:
    return error.errno is None and shutil.disk_usage(folder).free < _FULL_BELOW_BYTES
