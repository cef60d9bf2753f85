"""A project's dataset as the rest of Darkroom reads it: one row a picture.

On disk: ``images/<aa>/<sha256>.<ext>`` as they came, ``thumbnails/`` beside
them, ``versions/0001.parquet`` (the manifest) with ``0001.json`` (what the
version is and what was left out), ``splits.parquet`` (frozen). Versions are
never changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.layout import Split
from core.errors import NotFoundError
from core.files import digest_of, read_json, whole_file, write_json
from core.messages import N_, Message
from core.workspace import SCHEMA_VERSION, Project

MANIFEST_COLUMNS = (
    "id",  # names the picture in links and reports
    "sha256",  # of the file's bytes
    "name",  # the path it came under
    "label",
    "width",  # pixels, upright
    "height",
    "size_bytes",
    "format",
    "extension",
    "group",  # pictures of one group never part in a split
    "supplied_split",
)


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A file that was left out, and why."""

    file: str
    reason: Message


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One version of a project's pictures.

    ``pictures`` has the manifest's columns and ``split``, in a stable order.
    """

    folder: Path
    version: int
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    pictures: pd.DataFrame

    @property
    def label_indices(self) -> np.ndarray:
        """int64, shape (number of pictures,): each picture's place in ``class_names``."""
        return pd.Categorical(self.pictures["label"], categories=list(self.class_names)).codes.astype(
            np.int64
        )

    @property
    def digest(self) -> str:
        """Names exactly these pictures in this order."""
        return digest_of(self.pictures["sha256"].tolist())

    def rows(self, split: Split) -> np.ndarray:
        """int64 row numbers of one part."""
        return np.flatnonzero(self.pictures["split"].to_numpy() == split.value)

    def counts(self) -> dict[str, int]:
        """Pictures a class, in the order of the classes."""
        counts = self.pictures["label"].value_counts()
        return {name: int(counts.get(name, 0)) for name in self.class_names}

    def picture_bytes(self, row: int) -> bytes:
        return self.image_path(row).read_bytes()

    def image_path(self, row: int) -> Path:
        picture = self.pictures.iloc[row]
        return image_path(self.folder, picture["sha256"], picture["extension"])

    def thumbnail(self, row: int) -> bytes:
        """A JPEG of at most 160 pixels a side."""
        return thumbnail_path(self.folder, self.pictures["sha256"].iloc[row]).read_bytes()


def image_path(folder: Path, sha256: str, extension: str) -> Path:
    return folder / "images" / sha256[:2] / f"{sha256}.{extension}"


def thumbnail_path(folder: Path, sha256: str) -> Path:
    return folder / "thumbnails" / sha256[:2] / f"{sha256}.jpg"


def write_version(
    folder: Path, pictures: pd.DataFrame, class_names: list[str], skipped: list[Skipped], what: dict[str, Any]
) -> int:
    """Write the next version: its manifest first, then the record that makes it count."""
    version = max(_versions(folder), default=0) + 1
    with whole_file(folder / "versions" / f"{version:04d}.parquet") as temporary:
        pictures[list(MANIFEST_COLUMNS)].to_parquet(temporary, index=False)
    record = {
        "schema_version": SCHEMA_VERSION,
        "version": version,
        "class_names": class_names,
        "skipped": [{"file": item.file, "reason": item.reason.to_json()} for item in skipped],
        **what,
    }
    write_json(folder / "versions" / f"{version:04d}.json", record)
    return version


def write_splits(folder: Path, pictures: pd.DataFrame) -> None:
    """Freeze the split: columns ``id`` and ``split``."""
    with whole_file(folder / "splits.parquet") as temporary:
        pictures[["id", "split"]].to_parquet(temporary, index=False)


def open_dataset(project: Project, version: int | None = None) -> Dataset:
    """The given version of the project's pictures, or the newest.

    Raises:
        NotFoundError: the project holds no such version.
    """
    number = version if version is not None else max(_versions(project.dataset), default=0)
    if number not in _versions(project.dataset):
        raise NotFoundError(
            N_("Project “{name}” has no pictures in version {version}. Import some on the Data page."),
            name=project.name,
            version=number,
        )
    return _read_version(project.dataset, number, (project.dataset / "splits.parquet").stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read_version(folder: Path, version: int, _splits_written: int) -> Dataset:
    record = read_json(folder / "versions" / f"{version:04d}.json")
    pictures = pd.read_parquet(folder / "versions" / f"{version:04d}.parquet")
    pictures = pictures.merge(pd.read_parquet(folder / "splits.parquet"), on="id", how="left", validate="1:1")
    return Dataset(
        folder=folder,
        version=version,
        class_names=tuple(record["class_names"]),
        skipped=tuple(
            Skipped(file=item["file"], reason=Message.from_json(item["reason"])) for item in record["skipped"]
        ),
        pictures=pictures,
    )


def _versions(folder: Path) -> list[int]:
    return [int(path.stem) for path in (folder / "versions").glob("[0-9]*.json")]
