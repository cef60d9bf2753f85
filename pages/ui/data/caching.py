"""Cache keys for versions of a dataset."""

from __future__ import annotations

from core.data.dataset import Dataset
from core.data.version_record import version_file

VersionKey = tuple[str, int, int]


def version_key(dataset: Dataset) -> VersionKey:
    """Return the cache key of a version: folder, number and time of writing, because a new project may reuse the name."""
    written = version_file(dataset.folder, dataset.version).stat().st_mtime_ns
    return str(dataset.folder), dataset.version, written
