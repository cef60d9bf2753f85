"""Audit log of the API: who changed something, and who was refused; ``audit.jsonl`` in the workspace.

Lines are only appended. A full file becomes ``audit.1.jsonl`` and replaces the one before, so the
log takes at most twice its limit. It holds no secrets, no bodies and no query of an address.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from core.files import append_json_line
from core.records import Record
from core.workspace import home

MOST_BYTES = 5_000_000
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


def write_entry(entry: AuditEntry) -> None:
    """Append an entry."""
    file = audit_file()
    with _writing:
        if file.exists() and file.stat().st_size > MOST_BYTES:
            file.replace(file.with_suffix(".1.jsonl"))
        file.parent.mkdir(parents=True, exist_ok=True)
        append_json_line(file, entry.to_json())


def audit_file() -> Path:
    return home() / "audit.jsonl"
