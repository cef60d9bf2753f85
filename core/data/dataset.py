"""Dataset versions: a manifest with one row for each picture, and its record.

On disk: ``images/<aa>/<sha256>.<ext>`` as they came, ``thumbnails/`` beside
them, ``versions/0001.parquet`` (the manifest) with ``0001.json`` (what the
version is, who made it and what was left out). Versions are never changed: every
edit writes the next one, see ``editing``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.labels.label_sets import multi_hot, named_classes
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.skip_reasons import Reason, Skipped
from core.data.split.splitting import SplitConfig
from core.data.split.sufficiency import unusable_classes
from core.data.version_record import (
    Edit,
    VersionRecord,
    read_version_record,
    version_file,
    version_numbers,
)
from core.errors import NotFoundError
from core.files import digest_of, read_json, whole_file
from core.messages import N_
from core.records import write_record
from core.workspace import Project

MANIFEST_COLUMNS = (
    "id",  # names the picture in links and reports
    "sha256",  # of the file's bytes
    "name",  # the path it came under
    "label",  # "": nobody has said yet
    "width",  # pixels, upright
    "height",
    "size_bytes",
    "format",
    "extension",
    "group",  # pictures of one group never part in a split
    "supplied_split",
    "split",  # a ``Split``; "": not dealt yet
    "excluded",  # kept, but not learnt from
    "location",  # "": the copy in images/; else where the user's own file lies
    "frames",  # of which the first is taken
    "camera",  # maker and model, from EXIF
    "perceptual_hash",  # this and the following: see ``measures``
    "brightness",
    "contrast",
    "sharpness",
    "border",
)
# What manifests written by older Darkrooms lack.
_COLUMN_DEFAULTS: dict[str, Any] = {
    "excluded": False,
    "location": "",
    "frames": 1,
    "camera": "",
    "perceptual_hash": "",
    "brightness": np.nan,
    "contrast": np.nan,
    "sharpness": np.nan,
    "border": "",
}


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One version of a project's pictures.

    ``pictures`` are those that a classifier learns from: labelled, not excluded,
    of classes that are large enough (``class_names``). ``all_pictures`` are those
    and the others. Both have the manifest's columns, in a stable order;
    ``all_class_names`` are also the classes still too small, or empty.

    Where pictures have several labels (``task``), a class that is too small is not learnt,
    but its pictures are: they show, or do not show, the others. See ``label_sets``.
    """

    folder: Path
    version: int
    class_names: tuple[str, ...]
    all_class_names: tuple[str, ...]
    left_out_classes: dict[str, Reason]
    skipped: tuple[Skipped, ...]
    pictures: pd.DataFrame
    all_pictures: pd.DataFrame
    task: Task = Task.MULTI_CLASS

    @property
    def targets(self) -> np.ndarray:
        """float32, shape (number of pictures, number of classes): 1 where a picture shows the class, else 0."""
        if self.task is Task.MULTI_LABEL:
            return multi_hot(self.pictures["label"], self.class_names)
        return np.eye(len(self.class_names), dtype=np.float32)[self.label_indices]

    @property
    def label_indices(self) -> np.ndarray:
        """int64, shape (number of pictures,): each picture's place in ``class_names``.

        Raises:
            TypeError: pictures have several labels here; ask for ``targets``.
        """
        if self.task is Task.MULTI_LABEL:
            raise TypeError("a picture of a multi-label dataset has no single class: use Dataset.targets")
        return pd.Categorical(self.pictures["label"], categories=list(self.class_names)).codes.astype(
            np.int64
        )

    @cached_property
    def digest(self) -> str:
        """Names exactly these pictures in this order."""
        return digest_of(self.pictures["sha256"].tolist())

    def rows(self, split: Split) -> np.ndarray:
        """int64 row numbers of one part."""
        return np.flatnonzero(self.pictures["split"].to_numpy() == split.value)

    def counts(self) -> dict[str, int]:
        """Pictures a class, in the order of the classes; with several labels, a picture counts for each."""
        counts = named_classes(self.pictures["label"], self.task).value_counts()
        return {name: int(counts.get(name, 0)) for name in self.class_names}

    def over_all_pictures(self) -> Dataset:
        """The same version with every picture in ``pictures``, for work that does not need labels."""
        return replace(self, pictures=self.all_pictures)

    def picture_bytes(self, row: int) -> bytes:
        """The file as it came.

        Raises:
            NotFoundError: a picture that is only referenced has been moved or deleted.
        """
        path = self.image_path(row)
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(
                N_("The picture “{path}” is no longer there. Put it back, or exclude it on the Data page."),
                path=str(path),
            ) from error

    def image_path(self, row: int) -> Path:
        picture = self.pictures.iloc[row]
        return stored_path(self.folder, picture)

    def thumbnail(self, row: int) -> bytes:
        """A JPEG of at most 160 pixels a side."""
        return thumbnail_path(self.folder, self.pictures["sha256"].iloc[row]).read_bytes()


def stored_path(folder: Path, picture: pd.Series) -> Path:
    """Path of the file of a manifest's row."""
    if picture["location"]:
        return Path(picture["location"])
    return image_path(folder, picture["sha256"], picture["extension"])


def image_path(folder: Path, sha256: str, extension: str) -> Path:
    return folder / "images" / sha256[:2] / f"{sha256}.{extension}"


def thumbnail_path(folder: Path, sha256: str) -> Path:
    return folder / "thumbnails" / sha256[:2] / f"{sha256}.jpg"


def empty_manifest() -> pd.DataFrame:
    """A manifest without a row."""
    return complete_manifest(pd.DataFrame({column: [] for column in MANIFEST_COLUMNS}))


def complete_manifest(pictures: pd.DataFrame) -> pd.DataFrame:
    """The manifest's columns in their order and types; those that are missing get their defaults."""
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


def write_version(
    folder: Path,
    pictures: pd.DataFrame,
    class_names: Iterable[str],
    skipped: Sequence[Skipped],
    edit: Edit,
    *,
    who: str,
    task: Task = Task.MULTI_CLASS,
    split: SplitConfig | None = None,
) -> int:
    """Write the next version: its manifest first, then the record that makes it count.

    Args:
        who: the user name of the person who made the change.
        split: the settings, where the split was drawn for this version.
    """
    version = max(version_numbers(folder), default=0) + 1
    with whole_file(folder / "versions" / f"{version:04d}.parquet") as temporary:
        complete_manifest(pictures).to_parquet(temporary, index=False)
    record = VersionRecord(
        version=version,
        created=time.time(),
        who=who,
        edit=edit,
        task=task,
        pictures=len(pictures),
        class_names=tuple(class_names),
        skipped=tuple(skipped),
        split=split,
    )
    write_record(version_file(folder, version), record)
    return version


def open_dataset(project: Project, version: int | None = None) -> Dataset:
    """The given version of the project's pictures, or the newest.

    Raises:
        NotFoundError: the project holds no such version.
    """
    numbers = version_numbers(project.dataset)
    number = version if version is not None else max(numbers, default=0)
    if number not in numbers:
        raise NotFoundError(
            N_("Project “{name}” has no pictures in version {version}. Import some on the Data page."),
            name=project.name,
            version=number,
        )
    written = version_file(project.dataset, number).stat().st_mtime_ns  # another project may bear this name
    return _read_version(project.dataset, number, written, _erased_written(project.dataset))


def erased_file(folder: Path) -> Path:
    """The contents (sha256) that were deleted for good; no version shows them any more."""
    return folder / "erased.json"


def _erased_written(folder: Path) -> int:
    file = erased_file(folder)
    return file.stat().st_mtime_ns if file.exists() else 0


@lru_cache(maxsize=8)
def _read_version(folder: Path, version: int, _written: int, _erased_written: int) -> Dataset:
    record = read_version_record(folder, version)
    manifest = pd.read_parquet(folder / "versions" / f"{version:04d}.parquet")
    if "split" not in manifest:  # of a Darkroom that kept the split beside the versions
        manifest = manifest.merge(pd.read_parquet(folder / "splits.parquet"), on="id", how="left")
    manifest = complete_manifest(manifest)
    task = record.task
    usable = ~manifest["excluded"] & (manifest["label"] != "")
    shown = named_classes(manifest.loc[usable, "label"], task)
    left_out = unusable_classes(shown, manifest["split"].loc[shown.index])
    if task is Task.MULTI_CLASS:
        usable &= ~manifest["label"].isin(left_out)
    erased = set(read_json(erased_file(folder))) if erased_file(folder).exists() else set()
    kept = ~manifest["sha256"].isin(erased)
    with_pictures = set(shown) - left_out.keys()
    return Dataset(
        folder=folder,
        version=version,
        class_names=tuple(name for name in record.class_names if name in with_pictures),
        all_class_names=record.class_names,
        left_out_classes=left_out,
        skipped=record.skipped,
        pictures=manifest[usable & kept].reset_index(drop=True),
        all_pictures=manifest[kept].reset_index(drop=True),
        task=task,
    )
