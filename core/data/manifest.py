"""Manifests: tables with one row for each picture of a dataset version.

A version that changes little has no file of its own: its record holds the changed cells, and names
the earlier version whose manifest they belong to.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.version_record import ManifestChanges
from core.files import whole_file

MANIFEST_COLUMNS = (
    # Identifies the picture in links and reports.
    "id",
    # Of the file's bytes.
    "sha256",
    # Path in the source.
    "name",
    # "": unlabelled.
    "label",
    # Pixels, upright.
    "width",
    "height",
    "size_bytes",
    "format",
    "extension",
    # Pictures of one group stay in one part of the split.
    "group",
    "supplied_split",
    # A ``Split``; "": not drawn yet.
    "split",
    # Stays in the dataset, but is not used for training.
    "excluded",
    # Path of the user's own file; "": the copy in images/.
    "location",
    # Pixels that were cut out of the file ``name``: “left top right bottom”; "" for a whole file.
    "box",
    # Number of frames; the first is used.
    "frames",
    # Maker and model, from EXIF.
    "camera",
    # Further columns of the label table; see ``labels.further_columns``.
    "fields",
    # This and the following: see ``statistics``.
    "perceptual_hash",
    "brightness",
    "contrast",
    "sharpness",
    "border",
)
# Columns that a newer decoder can measure otherwise.
MEASURED_AGAIN = ("width", "height", "perceptual_hash", "brightness", "contrast", "sharpness", "border")
# Columns that older manifests do not have.
_COLUMN_DEFAULTS: dict[str, Any] = {
    "excluded": False,
    "location": "",
    "box": "",
    "frames": 1,
    "camera": "",
    "fields": "",
    "perceptual_hash": "",
    "brightness": np.nan,
    "contrast": np.nan,
    "sharpness": np.nan,
    "border": "",
}
# Columns that edits change: the fields of ``ManifestChanges``.
_EDITED = ("label", "group", "split", "excluded")
_UNEDITED = [name for name in MANIFEST_COLUMNS if name not in _EDITED]
# Cells in which a version may differ from a manifest. 10,000 pictures that are labelled one by one
# take 50 manifests of 1 MB and 10,000 records of 5 KB on average.
MOST_CHANGES = 200


def empty_manifest() -> pd.DataFrame:
    """Make a manifest without rows."""
    return complete_manifest(pd.DataFrame({column: [] for column in MANIFEST_COLUMNS}))


def complete_manifest(pictures: pd.DataFrame) -> pd.DataFrame:
    """Order the manifest's columns, convert their types and add missing ones with their defaults."""
    missing = {name: value for name, value in _COLUMN_DEFAULTS.items() if name not in pictures}
    complete = pictures.assign(**missing)[list(MANIFEST_COLUMNS)]
    numbers = {
        **dict.fromkeys(("width", "height", "size_bytes", "frames"), np.int64),
        **dict.fromkeys(("brightness", "contrast", "sharpness"), np.float64),
        "excluded": np.bool_,
    }
    return complete.astype({name: numbers.get(name, "str") for name in MANIFEST_COLUMNS}).reset_index(
        drop=True
    )


def manifest_file(folder: Path, version: int) -> Path:
    """Path of a version's manifest in a dataset's folder; a version with ``ManifestChanges`` has none."""
    return folder / "versions" / f"{version:04d}.parquet"


def measured_again_file(folder: Path) -> Path:
    """Path of the statistics that a newer decoder measured, by content (sha256)."""
    return folder / "measured_again.parquet"


def read_manifest(folder: Path, version: int) -> pd.DataFrame:
    """Read a version's manifest, with today's columns and statistics.

    Raises:
        FileNotFoundError: the version has none.
    """
    manifest = pd.read_parquet(manifest_file(folder, version))
    # Older versions of Darkroom stored the split in a file of its own.
    if "split" not in manifest:
        manifest = manifest.merge(pd.read_parquet(folder / "splits.parquet"), on="id", how="left")
    manifest, file = complete_manifest(manifest), measured_again_file(folder)
    if not file.exists():
        return manifest
    again = pd.read_parquet(file).set_index("sha256")
    new = {name: manifest["sha256"].map(again[name]).fillna(manifest[name]) for name in MEASURED_AGAIN}
    return complete_manifest(manifest.assign(**new))


def drop_contents(folder: Path, version: int, contents: Collection[str]) -> None:
    """Remove the rows of erased contents (sha256) from a version's manifest."""
    file = manifest_file(folder, version)
    manifest = pd.read_parquet(file)
    is_gone = manifest["sha256"].isin(contents)
    if is_gone.any():
        with whole_file(file) as temporary:
            manifest[~is_gone].to_parquet(temporary, index=False)


def changes_since(base: int, before: pd.DataFrame, after: pd.DataFrame) -> ManifestChanges | None:
    """Compare two complete manifests; None if a manifest of its own suits the later one better.

    Args:
        base: version whose manifest is ``before``.
    """
    ids = after["id"]
    if not (ids.is_unique and before[_UNEDITED].equals(after[_UNEDITED])):
        return None
    changed = {name: before[name] != after[name] for name in _EDITED}
    if sum(int(rows.sum()) for rows in changed.values()) > MOST_CHANGES:
        return None
    cells = {
        name: dict(zip(ids[rows].tolist(), after.loc[rows, name].tolist(), strict=True))
        for name, rows in changed.items()
    }
    return ManifestChanges(base=base, **cells)


def with_changes(manifest: pd.DataFrame, changes: ManifestChanges) -> pd.DataFrame:
    """Apply the changes of a version to the manifest of its base; pictures that it lacks are passed over."""
    changed = manifest.copy()
    for name in _EDITED:
        cells = getattr(changes, name)
        rows = manifest["id"].isin(cells.keys())
        if rows.any():
            changed.loc[rows, name] = [cells[one] for one in manifest.loc[rows, "id"]]
    return changed
