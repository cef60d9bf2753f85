"""Leases: signs of life that other containers and machines can see on a shared workspace.

A process number means something only inside one process namespace of one running system. So a
holder also locks a file and touches it every few seconds. Whoever sees the holder's own namespace
looks the process up; everyone else believes the lock, and the time of the last touch. That time is
compared with the file system's own clock, so a wrong clock on one machine does no harm.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from core.errors import DamagedFileError, RecordError, SchemaVersionError
from core.processes import ProcessRecord
from core.records import read_record, write_record

with contextlib.suppress(ImportError):
    import fcntl
# Windows has other locks; there the touches alone are the sign of life.
_HAS_LOCKS = "fcntl" in sys.modules

_TOUCH_SECONDS = 5.0
# A holder on a busy machine or a slow network may miss several touches.
_EXPIRY_SECONDS = 60.0
_LOCK_ATTEMPTS, _LOCK_PAUSE_SECONDS = 20, 0.01


class Lease:
    """Lease of this process on a file that describes it, from construction to ``release``."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_record(path, ProcessRecord.of())
        self.path = path
        self._file = os.open(path, os.O_RDWR)
        for _ in range(_LOCK_ATTEMPTS):
            # Whoever looks at the lease just now has a lock on it for a moment.
            if _lock(self._file):
                break
            time.sleep(_LOCK_PAUSE_SECONDS)
        self._released = threading.Event()
        threading.Thread(target=self._touch, name="lease", daemon=True).start()

    def release(self) -> None:
        """Give the lease up and remove its file, unless another process took it over."""
        if not self._released.is_set():
            self._released.set()
            is_own = self._is_own()
            os.close(self._file)
            if is_own:
                self.path.unlink(missing_ok=True)

    def _is_own(self) -> bool:
        """False once another process took the lease over: this one did not touch it for too long."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def _touch(self) -> None:
        while not self._released.wait(_TOUCH_SECONDS):
            # Without times, a file server takes its own clock.
            with contextlib.suppress(OSError):
                os.utime(self.path)


def is_held(path: Path) -> bool:
    """True while the process that took the lease lives, on whatever machine."""
    try:
        holder = read_record(path, ProcessRecord)
    except (FileNotFoundError, DamagedFileError, RecordError, SchemaVersionError):
        return False
    return holder.is_alive() if holder.is_visible() else is_renewed(path)


def is_renewed(path: Path) -> bool:
    """True if the file is locked, or was touched lately by the file system's clock."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        # No permission: somebody else's.
        return True
    try:
        return (
            not _lock(file, shared=True)
            or abs(_now_there(path.parent) - os.fstat(file).st_mtime) < _EXPIRY_SECONDS
        )
    except OSError:
        # No room for a file that tells the time there.
        return True
    finally:
        os.close(file)


def _lock(file: int, *, shared: bool = False) -> bool:
    """Lock an open file until it is closed; False if another process holds it.

    Shared locks, of those who only look, do not exclude each other.

    A file system without locks answers as if the file were free; then the touches decide.
    """
    if not _HAS_LOCKS:
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _now_there(folder: Path) -> float:
    """Time by the clock of the folder's file system, seconds since the epoch."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        return os.fstat(probe.fileno()).st_mtime
