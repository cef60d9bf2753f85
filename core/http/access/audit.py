"""Audit log of the API, in the workspace: ``audit.jsonl`` of who changed something, ``refused.jsonl`` of who was refused.

Lines are only appended. A full file becomes ``….1.jsonl`` and replaces the one before, so each log
takes at most twice its limit. They hold no secrets, no bodies and no query of an address.

Anybody can be refused as often as they like. So refusals have a file of their own, and push no
change out of the other; and of each caller one is written a minute, with the number of those before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.files import append_json_line
from core.records import Record
from core.workspace import home

MOST_BYTES = 5_000_000
# Between two lines about a caller who is refused again and again.
QUIET_SECONDS = 60.0
# Callers that are remembered; those whose line is the oldest are forgotten first.
_MOST_CALLERS = 10_000
_writing = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class AuditEntry(Record):
    """One request."""

    # Id of the token; "" without one.
    token: str
    address: str
    method: str
    path: str
    status: int
    # Seconds since the epoch.
    time: float = field(default_factory=time.time)
    # Further refusals of this caller since its line before.
    unlisted: int = 0


class Refusals:
    """Log of refused requests. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Time of the last line about a caller, and its refusals since.
        self._callers: dict[tuple[str, str, int], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def write(self, entry: AuditEntry) -> None:
        """Append an entry, or count it if the last line about its caller is not a minute old."""
        caller, now = (entry.token, entry.address, entry.status), self._clock()
        with self._lock:
            written, unlisted = self._callers.get(caller, (-QUIET_SECONDS, 0))
            if now - written < QUIET_SECONDS:
                self._callers[caller] = (written, unlisted + 1)
                return
            self._callers.pop(caller, None)
            if len(self._callers) >= _MOST_CALLERS:
                self._callers.pop(next(iter(self._callers)))
            self._callers[caller] = (now, 0)
        _append(refused_file(), replace(entry, unlisted=unlisted))


def write_entry(entry: AuditEntry) -> None:
    """Append a change."""
    _append(audit_file(), entry)


def audit_file() -> Path:
    return home() / "audit.jsonl"


def refused_file() -> Path:
    return home() / "refused.jsonl"


def _append(file: Path, entry: AuditEntry) -> None:
    with _writing:
        if file.exists() and file.stat().st_size > MOST_BYTES:
            file.replace(file.with_suffix(".1.jsonl"))
        file.parent.mkdir(parents=True, exist_ok=True)
        append_json_line(file, entry.to_json())
