"""Dataset versions: a manifest with one row for each picture, and its record.

On disk: ``images/<aa>/<sha256>.<ext>`` (unchanged files), ``thumbnails/`` beside them,
``versions/0001.parquet`` (the manifest) and ``0001.json`` (the edit, its author and the files
left out, or the changed cells instead of a manifest). Versions never change: every edit writes the
next one, see ``editing``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.decoder_version import record_decoder
from core.data.group_salt import create_salt
from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.labels.label_sets import multi_hot, named_classes
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.manifest import (
    changes_since,
    complete_manifest,
    empty_manifest,
    manifest_file,
    measured_again_file,
    read_manifest,
    with_changes,
)
from core.data.notes import Note
from core.data.skip_reasons import Reason, Skipped
from core.data.split.splitting import SplitConfig
from core.data.split.sufficiency import unusable_classes
from core.data.version_record import (
    Edit,
    ManifestChanges,
    VersionRecord,
    read_version_header,
    read_version_record,
    version_file,
    version_numbers,
    versions_with_manifest,
)
from core.errors import NotFoundError
from core.files import digest_of, read_json, sha256_bytes, whole_file
from core.messages import N_
from core.records import write_record
from core.workspace import Project

# Formats that have no more than 8 bits a channel.
SHALLOW_FORMATS = {"JPEG", "MPO", "GIF", "WEBP", "BMP"}


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Ranges of pictures with more than 8 bits; see ``VersionHeader``."""

    pixel_range: PixelRange | None = None
    measured_range: PixelRange | None = None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One version of a project's pictures.

    ``pictures`` are those that a classifier learns from: labelled, not excluded, and of
    classes that are large enough (``class_names``). ``all_pictures`` adds the others. Both
    have the manifest's columns, in a stable order. ``all_class_names`` adds the classes that
    are too small, or empty.

    In a multi-label dataset (``task``), a class that is too small is not learnt, but its
    pictures stay: they are examples of the other classes. See ``label_sets``.
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
    # For ``load_picture`` and ``decode_picture``; None: their default.
    pixel_range: PixelRange | None = None
    # Of all values, where the user chose another ``pixel_range``.
    measured_range: PixelRange | None = None
    channels: ChannelMapping | None = None

    @property
    def ranges(self) -> Ranges:
        return Ranges(pixel_range=self.pixel_range, measured_range=self.measured_range)

    @property
    def targets(self) -> np.ndarray:
        """Targets of ``pictures``: float32, shape (pictures, classes), 1 where one shows the class, else 0."""
        if self.task is Task.MULTI_LABEL:
            return multi_hot(self.pictures["label"], self.class_names)
        return np.eye(len(self.class_names), dtype=np.float32)[self.label_indices]

    @property
    def label_indices(self) -> np.ndarray:
        """Index of each picture's class in ``class_names``: int64, shape (pictures,).

        Raises:
            TypeError: the dataset is multi-label; use ``targets``.
        """
        if self.task is Task.MULTI_LABEL:
            raise TypeError("a picture of a multi-label dataset has no single class: use Dataset.targets")
        return pd.Categorical(self.pictures["label"], categories=list(self.class_names)).codes.astype(
            np.int64
        )

    @property
    def groups(self) -> np.ndarray:
        """Group of each picture: int64, shape (pictures,), equal for pictures that belong together."""
        return pd.factorize(self.pictures["group"])[0].astype(np.int64)

    @cached_property
    def digest(self) -> str:
        """Digest of the pictures' decoded contents and order."""
        return digest_of(self.decoded_keys)

    @cached_property
    def decoded_keys(self) -> list[str]:
        """Keys of the decoded pictures, for caches: 64 hexadecimal digits of the file, the pixel range and the channels."""
        hashes: list[str] = self.pictures["sha256"].tolist()
        if self.pixel_range is None and self.channels is None:
            return hashes
        settings = " ".join(
            str(float(value)) for value in (*(self.pixel_range or ()), *(self.channels or ()))
        )
        return [
            # Neither range nor channels apply to these.
            sha256 if kind in SHALLOW_FORMATS else sha256_bytes(f"{sha256} {settings}".encode())
            for sha256, kind in zip(hashes, self.pictures["format"], strict=True)
        ]

    def rows(self, split: Split) -> np.ndarray:
        """Return the rows of one part of the split, int64."""
        return np.flatnonzero(self.pictures["split"].to_numpy() == split.value)

    def counts(self) -> dict[str, int]:
        """Count the pictures of each class, in order; a picture with several labels counts for each."""
        counts = named_classes(self.pictures["label"], self.task).value_counts()
        return {name: int(counts.get(name, 0)) for name in self.class_names}

    def over_all_pictures(self) -> Dataset:
        """Return the same version with every picture in ``pictures``, for work without labels."""
        return replace(self, pictures=self.all_pictures)

    def picture_bytes(self, row: int) -> bytes:
        """Read the unchanged file.

        Raises:
            NotFoundError: a referenced picture was moved or deleted.
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
        """Path of a picture's file."""
        picture = self.pictures.iloc[row]
        return stored_path(self.folder, picture)

    def thumbnail(self, row: int) -> bytes:
        """Read a picture's thumbnail, a JPEG of at most 160 pixels a side."""
        return thumbnail_path(self.folder, self.pictures["sha256"].iloc[row]).read_bytes()


def stored_path(folder: Path, picture: pd.Series) -> Path:
    """Path of a picture's file, copied or referenced."""
    if picture["location"]:
        return Path(picture["location"])
    return image_path(folder, picture["sha256"], picture["extension"])


def image_path(folder: Path, sha256: str, extension: str) -> Path:
    """Path of a picture's copy."""
    return folder / f"images/{sha256[:2]}/{sha256}.{extension}"


def thumbnail_path(folder: Path, sha256: str) -> Path:
    """Path of a picture's thumbnail."""
    return folder / f"thumbnails/{sha256[:2]}/{sha256}.jpg"


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
    notes: Sequence[Note] = (),
    ranges: Ranges | None = None,
    channels: ChannelMapping | None = None,
) -> int:
    """Write the next version: the manifest first, then the record that makes it valid.

    Where few cells change, the record holds them, and there is no manifest.

    Args:
        who: user name of the author of the change.
        split: settings of the split, if it was drawn for this version.
        notes: facts about the source that the import stated.
        ranges: of pictures with more than 8 bits.
        channels: those that are red, green and blue in pictures of many.
    Returns:
        The number of the version.
    """
    version = max(version_numbers(folder), default=0) + 1
    if version == 1:
        record_decoder(folder)
        create_salt(folder)
    manifest = complete_manifest(pictures)
    changes = _changes_since_last(folder, version - 1, manifest, skipped)
    own = manifest_file(folder, version)
    if changes is None:
        with whole_file(own) as temporary:
            manifest.to_parquet(temporary, index=False)
    else:
        # A crash may have left one.
        own.unlink(missing_ok=True)
    record = VersionRecord(
        version=version,
        created=time.time(),
        who=who,
        edit=edit,
        task=task,
        pictures=len(pictures),
        class_names=tuple(class_names),
        pixel_range=ranges.pixel_range if ranges else None,
        measured_range=ranges.measured_range if ranges else None,
        channels=channels,
        skipped=tuple(skipped) if changes is None else (),
        split=split,
        notes=tuple(notes),
        changes=changes,
    )
    write_record(version_file(folder, version), record)
    return version


def open_dataset(project: Project, version: int | None = None) -> Dataset:
    """Open a version of the project's pictures, by default the newest.

    Raises:
        NotFoundError: the project has no such version.
    """
    numbers = version_numbers(project.dataset)
    number = version if version is not None else max(numbers, default=0)
    if number not in numbers:
        raise NotFoundError(
            N_("Project “{name}” has no pictures in version {version}. Import some on the Data page."),
            name=project.name,
            version=number,
        )
    # Part of the cache's key, because another project can get this name.
    folder = project.dataset
    return _read_version(folder, number, _times(folder, number))


def erased_file(folder: Path) -> Path:
    """Path of the list of erased contents (sha256), which no version shows."""
    return folder / "erased.json"


def pictures_of_all_versions(folder: Path) -> pd.DataFrame:
    """Read the files of all versions' pictures: one row for each content, that of the newest version."""
    columns = ["sha256", "format", "extension", "location"]
    manifests = [
        pd.read_parquet(manifest_file(folder, version)).reindex(columns=columns).fillna("")
        for version in reversed(versions_with_manifest(folder))
    ]
    joined = pd.concat([empty_manifest()[columns], *manifests], ignore_index=True)
    return joined.drop_duplicates("sha256", ignore_index=True)


def _times(folder: Path, version: int) -> tuple[int, ...]:
    """Times of the files that a version is read from, for the keys of caches: they change when one does."""
    files = version_file(folder, version), erased_file(folder), measured_again_file(folder)
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


def _changes_since_last(
    folder: Path, last: int, manifest: pd.DataFrame, skipped: Sequence[Skipped]
) -> ManifestChanges | None:
    """Changes since the manifest that the last version is read from; None if the next one needs its own."""
    if last == 0:
        return None
    base = read_version_header(folder, last).manifest_version
    before, skipped_before = _read_base(folder, base, _times(folder, base))
    return changes_since(base, before, manifest) if skipped_before == tuple(skipped) else None


@lru_cache(maxsize=2)
def _read_base(
    folder: Path, version: int, _written: tuple[int, ...]
) -> tuple[pd.DataFrame, tuple[Skipped, ...]]:
    """Read the manifest of a version that has one, and the files that it left out."""
    return read_manifest(folder, version), read_version_record(folder, version).skipped


@lru_cache(maxsize=8)
def _read_version(folder: Path, version: int, _written: tuple[int, ...]) -> Dataset:
    record = read_version_record(folder, version)
    base = record.manifest_version
    try:
        manifest, skipped = _read_base(folder, base, _times(folder, base))
    except FileNotFoundError as error:
        raise NotFoundError(
            N_("Version {version} of the pictures changes version {base}, of which a file is gone: {file}."),
            version=version,
            base=base,
            file=error.filename or str(error),
        ) from error
    if record.changes is not None:
        manifest = with_changes(manifest, record.changes)
    task = record.task
    usable = ~manifest["excluded"] & (manifest["label"] != "")
    shown = named_classes(manifest.loc[usable, "label"], task)
    left_out = unusable_classes(shown, manifest["split"].loc[shown.index])
    if task is Task.MULTI_CLASS:
        usable &= ~manifest["label"].isin(left_out)
    erased = set(read_json(erased_file(folder))) if erased_file(folder).exists() else set()
    remaining = ~manifest["sha256"].isin(erased)
    with_pictures = set(shown) - left_out.keys()
    return Dataset(
        folder=folder,
        version=version,
        class_names=tuple(name for name in record.class_names if name in with_pictures),
        all_class_names=record.class_names,
        left_out_classes=left_out,
        skipped=skipped,
        pictures=manifest[usable & remaining].reset_index(drop=True),
        all_pictures=manifest[remaining].reset_index(drop=True),
        task=task,
        pixel_range=PixelRange(*record.pixel_range) if record.pixel_range else None,
        measured_range=PixelRange(*record.measured_range) if record.measured_range else None,
        channels=ChannelMapping(*record.channels) if record.channels else None,
    )
