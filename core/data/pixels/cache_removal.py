"""Removal of single pictures from the caches of a dataset: pixels, features, hashes, statistics.

The caches of ``core.training`` and ``core.doctor`` are known here by their files, because pictures
are erased below them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.manifest import measured_again_file
from core.files import read_json, whole_file

_Wanted = Callable[[str], bool]
# Outputs of frozen stems, below a project; those of runs that rest stay until they end.
_ACTIVATIONS = (
    "runs/*/activations",
    "searches/*/trials/*/activations",
    "searches/*/trials/*/fold-*/activations",
)


def keep_pixels(folder: Path, is_kept: _Wanted) -> None:
    """Remove decoded pictures and features, except those whose key (``Dataset.decoded_keys``) is kept.

    Decoded pictures of one size are one file, which is removed as a whole.
    """
    for arrays in (folder / "arrays").glob("[0-9a-f]*.npy"):
        keys = arrays.with_suffix(".json")
        if not keys.exists() or not all(map(is_kept, read_json(keys))):
            arrays.unlink(missing_ok=True)
            keys.unlink(missing_ok=True)
    for chunk in (folder / "features").glob("*/[0-9a-f]*.npz"):
        _keep_rows(chunk, is_kept)
    # Features of augmented copies do not say which pictures they are of.
    for views in (folder / "features").glob("*/views-*"):
        shutil.rmtree(views, ignore_errors=True)


def keep_hashes(folder: Path, is_kept: _Wanted) -> None:
    """Remove the hashes of the search for near duplicates, except those whose content (sha256) is kept."""
    for windows in (folder / "similarity").glob("*.npz"):
        _keep_rows(windows, is_kept)


def forget_pictures(
    folder: Path, contents: Collection[str], keys: Collection[str], ids: Collection[str]
) -> None:
    """Remove erased pictures from every cache, also from the map and the groups to label.

    Args:
        folder: a project's dataset folder.
        contents: sha256 of the files.
        keys: of their decoded pictures, see ``Dataset.decoded_keys``.
        ids: of the pictures.
    """
    keep_pixels(folder, lambda key: key not in keys)
    keep_hashes(folder, lambda sha256: sha256 not in contents)
    measured = measured_again_file(folder)
    if measured.exists():
        again = pd.read_parquet(measured)
        with whole_file(measured) as temporary:
            again[~again["sha256"].isin(contents)].to_parquet(temporary, index=False)
    for rows in (folder / "doctor").glob("[!.]*.npz"):
        _blank_rows(rows, ids)
    # They are computed again. A run at work has its file open, and removes it at its end.
    for pattern in _ACTIVATIONS:
        for outputs in folder.parent.glob(pattern):
            shutil.rmtree(outputs, ignore_errors=True)


def _keep_rows(path: Path, is_kept: _Wanted) -> None:
    """Keep the rows of some pictures alone in a file of arrays, one of which names them (``sha256``)."""
    with np.load(path, allow_pickle=False) as arrays:
        kept = np.array([is_kept(digest.decode()) for digest in arrays["sha256"].tolist()], bool)
        if kept.all():
            return
        rows = {name: arrays[name][kept] for name in arrays.files}
    if not kept.any():
        path.unlink(missing_ok=True)
        return
    with whole_file(path) as temporary:
        np.savez(temporary, **rows)


def _blank_rows(path: Path, ids: Collection[str]) -> None:
    """Replace what the doctor computed of some pictures by zeros; others refer to rows by their numbers."""
    with np.load(path, allow_pickle=False) as arrays:
        rows = np.isin(arrays["ids"], list(ids))
        if not rows.any():
            return
        names, values = arrays["ids"], arrays["values"]
    values[rows] = 0
    with whole_file(path) as temporary:
        np.savez(temporary, ids=names, values=values)
