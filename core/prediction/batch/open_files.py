"""Files of batches that stay open between requests: a page asks for many pictures of one archive.

An archive is closed when its batch is deleted, when others were asked for since, and when nobody
has asked for a while: another process may have deleted the batch, or all of its project was deleted.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from pathlib import Path

from core.jobs.directory import JobDirectory
from core.prediction.batch.records import BatchRequest
from core.prediction.batch.sources import BatchFiles

_MOST_OPEN = 2
_IDLE_SECONDS = 60.0


class OpenFiles:
    """Files of the batches that were asked for last. Safe to share between threads."""

    def __init__(self, idle_seconds: float = _IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._open: OrderedDict[Path, BatchFiles] = OrderedDict()
        self._last_read = 0.0
        self._lock = threading.Lock()
        self._watch: threading.Timer | None = None

    def read(self, directory: Path, source: int, path: str, sha256: str | None) -> bytes:
        """Read a file of a batch, see ``BatchFiles.read``.

        Raises:
            NotFoundError: it is not there any more, or has changed.
        """
        with self._lock:
            if directory not in self._open:
                request = BatchRequest.from_json(JobDirectory(directory).config())
                self._open[directory] = BatchFiles(directory, request.sources)
            self._open.move_to_end(directory)
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)[1].close()
            self._last_read = time.monotonic()
            self._close_later(self._idle_seconds)
            return self._open[directory].read(source, path, sha256)

    def close(self, directory: Path) -> None:
        """Close the files of a batch, because it is deleted."""
        with self._lock:
            if directory in self._open:
                self._open.pop(directory).close()

    def _close_later(self, seconds: float) -> None:
        if self._watch is None:
            self._watch = threading.Timer(seconds, self._close_idle)
            self._watch.daemon = True
            self._watch.start()

    def _close_idle(self) -> None:
        with self._lock:
            self._watch = None
            left = self._last_read + self._idle_seconds - time.monotonic()
            if left > 0:
                self._close_later(left)
                return
            while self._open:
                self._open.popitem()[1].close()


# Of this process.
OPEN_FILES = OpenFiles()
