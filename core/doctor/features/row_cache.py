"""Cache of computed rows, one for each picture, keyed by a digest of their inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.files import whole_file


@dataclass(frozen=True, kw_only=True)
class CachedRows:
    """Computed values of n pictures."""

    # Of the manifest, str (n,).
    ids: np.ndarray
    # In the same order, (n, …).
    values: np.ndarray


def write_rows(dataset_folder: Path, name: str, digest: str, cached: CachedRows) -> None:
    """Write rows under a name and a digest of their inputs, and remove those of other digests.

    Raises:
        ValueError: the numbers of ids and rows differ.
    """
    if len(cached.ids) != len(cached.values):
        raise ValueError(f"{len(cached.values)} rows for {len(cached.ids)} pictures")
    path = _rows_file(dataset_folder, name, digest)
    with whole_file(path) as temporary:
        np.savez(temporary, ids=np.asarray(cached.ids, np.str_), values=cached.values)
    for other in path.parent.glob(f"{name}-*.npz"):
        if other != path:
            other.unlink(missing_ok=True)


def read_rows(dataset_folder: Path, name: str, digest: str) -> CachedRows | None:
    """Read the rows that ``write_rows`` wrote under the same name and digest; None without any."""
    try:
        with np.load(_rows_file(dataset_folder, name, digest), allow_pickle=False) as arrays:
            return CachedRows(ids=arrays["ids"], values=arrays["values"])
    except FileNotFoundError:
        return None


def _rows_file(dataset_folder: Path, name: str, digest: str) -> Path:
    return dataset_folder / "doctor" / f"{name}-{digest}.npz"
