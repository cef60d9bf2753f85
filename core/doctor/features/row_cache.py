"""Numbers about pictures, one row each, kept beside the dataset by what they were computed from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.files import whole_file


@dataclass(frozen=True, kw_only=True)
class KeptRows:
    """What was computed of n pictures."""

    ids: np.ndarray  # str (n,): the manifest's ids
    values: np.ndarray  # (n, …), in the same order


def write_rows(dataset_folder: Path, name: str, digest: str, kept: KeptRows) -> None:
    """Keep rows under a name and a digest of all that they depend on; those of other digests go.

    Raises:
        ValueError: not one row a picture.
    """
    if len(kept.ids) != len(kept.values):
        raise ValueError(f"{len(kept.values)} rows for {len(kept.ids)} pictures")
    path = _rows_file(dataset_folder, name, digest)
    with whole_file(path) as temporary:
        np.savez(temporary, ids=np.asarray(kept.ids, np.str_), values=kept.values)
    for other in path.parent.glob(f"{name}-*.npz"):
        if other != path:
            other.unlink(missing_ok=True)


def read_rows(dataset_folder: Path, name: str, digest: str) -> KeptRows | None:
    """What ``write_rows`` kept under the same name and digest, or None."""
    try:
        with np.load(_rows_file(dataset_folder, name, digest), allow_pickle=False) as arrays:
            return KeptRows(ids=arrays["ids"], values=arrays["values"])
    except FileNotFoundError:
        return None


def _rows_file(dataset_folder: Path, name: str, digest: str) -> Path:
    return dataset_folder / "doctor" / f"{name}-{digest}.npz"
