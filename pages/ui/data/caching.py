"""What a cache of the pages may keep for a version of the pictures, and for no other."""

from __future__ import annotations

from core.data.dataset import Dataset
from core.data.version_record import version_file

VersionKey = tuple[str, int, int]


def version_key(dataset: Dataset) -> VersionKey:
    """Names a version: its project's folder, its number, and when it was written, for a project of the same name may follow."""
    written = version_file(dataset.folder, dataset.version).stat().st_mtime_ns
    return str(dataset.folder), dataset.version, written
