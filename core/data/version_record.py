"""Version records of a dataset, ``versions/NNNN.json``: edit, classes and files left out.

The tables of the pictures belong to ``manifest``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from core.data.labels.task import Task
from core.data.legacy_sentences import EDITS
from core.data.notes import Note
from core.data.skip_reasons import Skipped, Value
from core.data.split.splitting import SplitConfig
from core.messages import N_, Message
from core.records import JsonObject, Record, read_record


class EditKind(StrEnum):
    """Code of the change that made a version."""

    IMPORTED = "imported"
    STARTED_EMPTY = "started_empty"
    ADDED = "added"
    ADDED_TO_CLASS = "added_to_class"
    ADDED_UNLABELLED = "added_unlabelled"
    CORRECTED = "corrected"
    NEW_PICTURES_SPLIT = "new_pictures_split"
    SPLIT_WITHOUT_COPIES = "split_without_copies"
    LABELLED = "labelled"
    LABELS_REMOVED = "labels_removed"
    LABEL_ADDED = "label_added"
    LABEL_REMOVED = "label_removed"
    SUGGESTIONS_ACCEPTED = "suggestions_accepted"
    EXCLUDED = "excluded"
    INCLUDED = "included"
    ERASED = "erased"
    CLASS_ADDED = "class_added"
    CLASS_REMOVED = "class_removed"
    CLASS_RENAMED = "class_renamed"
    CLASSES_MERGED = "classes_merged"
    CLASSES_REORDERED = "classes_reordered"
    SPLIT_REDRAWN = "split_redrawn"
    LEAKS_EXCLUDED = "leaks_excluded"
    RANGE_CHANGED = "range_changed"
    VERSION_RESTORED = "version_restored"
    # The oldest versions did not record their source.
    IMPORTED_UNRECORDED = "imported_unrecorded"
    # A sentence of an earlier version that has no code.
    OTHER = "other"


EDIT_SENTENCES: Mapping[EditKind, str] = {
    EditKind.IMPORTED: N_("Imported from {source}. Pictures: {count}"),
    EditKind.STARTED_EMPTY: N_("Started without pictures"),
    EditKind.ADDED: N_("Added from {source}. Pictures: {count}"),
    EditKind.ADDED_TO_CLASS: N_("Added to “{source}”. Pictures: {count}"),
    EditKind.ADDED_UNLABELLED: N_("Added without a label. Pictures: {count}"),
    EditKind.CORRECTED: N_(
        "Added to “{label}” after answers of {run}, which said: {answers}. Pictures: {count}"
    ),
    EditKind.NEW_PICTURES_SPLIT: N_("Divided new pictures. Pictures: {count}"),
    EditKind.SPLIT_WITHOUT_COPIES: N_(
        "Divided new pictures. Pictures: {count}. Excluded, because they look almost like a test picture or are of its group: {excluded}"
    ),
    EditKind.LABELLED: N_("Labelled “{label}”. Pictures: {count}"),
    EditKind.LABELS_REMOVED: N_("Labels removed. Pictures: {count}"),
    EditKind.LABEL_ADDED: N_("Also “{label}”. Pictures: {count}"),
    EditKind.LABEL_REMOVED: N_("No longer “{label}”. Pictures: {count}"),
    EditKind.SUGGESTIONS_ACCEPTED: N_("Suggested labels accepted. Pictures: {count}"),
    EditKind.EXCLUDED: N_("Excluded. Pictures: {count}"),
    EditKind.INCLUDED: N_("Taken back. Pictures: {count}"),
    EditKind.ERASED: N_("Deleted for good. Pictures: {count}"),
    EditKind.CLASS_ADDED: N_("New class “{name}”"),
    EditKind.CLASS_REMOVED: N_("Class “{name}” removed"),
    EditKind.CLASS_RENAMED: N_("Class “{old}” renamed to “{new}”"),
    EditKind.CLASSES_MERGED: N_("Classes {names} merged into “{into}”"),
    EditKind.CLASSES_REORDERED: N_("Classes put in another order"),
    EditKind.SPLIT_REDRAWN: N_("Divided anew: {validation} to validate, {test} to test, seed {seed}"),
    EditKind.LEAKS_EXCLUDED: N_("Leaks closed by excluding pictures: {count}"),
    EditKind.RANGE_CHANGED: N_("Range of the values changed: black up to {low}, white from {high}"),
    EditKind.VERSION_RESTORED: N_("Version {number} restored"),
    EditKind.IMPORTED_UNRECORDED: N_("Imported"),
    EditKind.OTHER: N_("{sentence}"),
}


_FIELDS_OF_FORMAT_1 = ("version", "created", "who", "task", "pictures", "class_names", "split")


@dataclass(frozen=True, kw_only=True)
class Edit(Record):
    """The change that made a version: a code with the values that its sentence names."""

    kind: EditKind
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> Message:
        """The sentence for people; it has the same code."""
        return Message(EDIT_SENTENCES[self.kind], dict(self.values), code=self.kind)


@dataclass(frozen=True, kw_only=True)
class ManifestChanges(Record):
    """Cells in which a version's pictures differ from an earlier version's manifest, by picture id."""

    # Version with a manifest. It has the same pictures in the same order, and left out the same files.
    base: int
    label: Mapping[str, str] = field(default_factory=dict)
    group: Mapping[str, str] = field(default_factory=dict)
    split: Mapping[str, str] = field(default_factory=dict)
    excluded: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VersionHeader(Record):
    """A version's record without the files left out, of which there may be very many."""

    # 3: a version can have changes instead of a manifest.
    schema_version: ClassVar[int] = 3

    version: int
    # Seconds since the epoch; None in the oldest records.
    created: float | None = None
    # The user name of the person who made the change.
    who: str = ""
    edit: Edit
    task: Task = Task.MULTI_CLASS
    pictures: int = 0
    class_names: tuple[str, ...]
    # Measured values that are black and white, see ``PixelRange``. None: no picture has more than
    # 8 bits, or it was imported by a version of Darkroom without ranges.
    pixel_range: tuple[float, float] | None = None
    # Range of all measured values, where the user chose another ``pixel_range``, such as a window of CT.
    measured_range: tuple[float, float] | None = None
    # Channels that are red, green and blue in pictures of many; None: the first three.
    channels: tuple[int, int, int] | None = None
    # Set where the split was drawn for this version.
    split: SplitConfig | None = None
    # None: the version has a manifest.
    changes: ManifestChanges | None = None

    @property
    def manifest_version(self) -> int:
        """Version whose manifest this one is read from."""
        return self.version if self.changes is None else self.changes.base

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Format 1 stored the change as its English template, under ``what``."""
        if "edit" in values:
            return {name: value for name, value in values.items() if name not in {"skipped", "notes"}}
        known: JsonObject = {name: values[name] for name in _FIELDS_OF_FORMAT_1 if name in values}
        return {**known, "edit": _upgraded_edit(values.get("what", ""))}


@dataclass(frozen=True, kw_only=True)
class VersionRecord(VersionHeader):
    """Content of ``versions/NNNN.json``; the file makes the version valid."""

    skipped: tuple[Skipped, ...] = ()
    # Facts about the labels that the import stated.
    notes: tuple[Note, ...] = ()

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        own: JsonObject = {name: values[name] for name in ("skipped", "notes") if name in values}
        return {**super().upgrade(values), **own}


def version_file(folder: Path, version: int) -> Path:
    """Path of the record that makes a version valid."""
    return folder / "versions" / f"{version:04d}.json"


def version_numbers(folder: Path) -> list[int]:
    """List the versions of the dataset in ``folder``, oldest first."""
    return sorted(int(path.stem) for path in (folder / "versions").glob("[0-9]*.json"))


def versions_with_manifest(folder: Path) -> list[int]:
    """List the versions whose manifests all versions are read from, oldest first."""
    headers = (read_version_header(folder, number) for number in version_numbers(folder))
    return sorted({header.manifest_version for header in headers})


def read_version_header(folder: Path, version: int) -> VersionHeader:
    """Read a version's record without the files left out.

    Raises:
        FileNotFoundError, SchemaVersionError, DamagedFileError: see ``read_record``.
    """
    return read_record(version_file(folder, version), VersionHeader)


def read_version_record(folder: Path, version: int) -> VersionRecord:
    """Read a version's record.

    Raises:
        FileNotFoundError, SchemaVersionError, DamagedFileError: see ``read_record``.
    """
    return read_record(version_file(folder, version), VersionRecord)


def drawn_split(folder: Path, version: int | None = None) -> SplitConfig:
    """Settings with which the split of a version, by default the newest, was drawn; the default if it never was."""
    numbers = [number for number in version_numbers(folder) if version is None or number <= version]
    headers = (read_version_header(folder, number) for number in reversed(numbers))
    return next((header.split for header in headers if header.split is not None), SplitConfig())


def _upgraded_edit(what: str | JsonObject) -> JsonObject:
    if isinstance(what, str):
        return {"kind": EditKind.IMPORTED_UNRECORDED}
    kind = EDITS.get(what["template"])
    if kind is None:
        return {"kind": EditKind.OTHER, "values": {"sentence": what}}
    return {"kind": kind, "values": what["values"]}
