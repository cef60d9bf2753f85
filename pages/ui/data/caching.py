"""Cache keys for versions of a dataset."""

from __future__ import annotations

from core.data.dataset import Dataset
from core.data.manifest import measured_again_file
from core.data.version_record import version_file

VersionKey = tuple[str, int, int]


def version_key(dataset: Dataset) -> VersionKey:
    """Return the cache key of a version: folder, number and time of writing, because a new project may reuse the name.

    A newer decoder can measure the pictures of a version again.
    """
    files = version_file(dataset.folder, dataset.version), measured_again_file(dataset.folder)
    written = max(file.stat().st_mtime_ns for file in files if file.exists())
    return str(dataset.folder), dataset.version, written
