"""Disk space for uploads: free bytes, and the errors of a disk that refuses a write."""

from __future__ import annotations

import errno
import shutil

from core.errors import NoRoomError, WorkspaceError
from core.messages import N_
from core.workspace import home

# Stays free on the disk for importing and training.
RESERVE_BYTES = 2 * 10**9
_FULL_DISK = {errno.ENOSPC, errno.EDQUOT}


def free_bytes() -> int:
    """Bytes that may still be written to the workspace's disk; negative if the reserve is used."""
    home().mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(home()).free - RESERVE_BYTES


def disk_error(error: OSError) -> NoRoomError | WorkspaceError:
    """Turn a refused write into an error for the user."""
    if error.errno in _FULL_DISK:
        return disk_full()
    return WorkspaceError(
        N_("The workspace {folder} cannot be written: {error}. Set DARKROOM_HOME to another folder."),
        folder=str(home()),
        error=error.strerror or str(error),
    )


def disk_full() -> NoRoomError:
    """Error of a full disk."""
    return NoRoomError(
        N_("The disk of {folder} is full. Received data is kept: free some space, then continue."),
        folder=str(home()),
    )
