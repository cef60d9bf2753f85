"""History of a dataset: its versions, and the difference between two of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

from core.data.dataset import Dataset, open_dataset
from core.data.images.depth import PixelRange
from core.data.labels.layout import Split
from core.data.version_record import Edit, read_version_header, version_numbers
from core.records import Record
from core.workspace import Project


@dataclass(frozen=True, kw_only=True)
class VersionInfo:
    """One version's entry in the history."""

    number: int
    # Seconds since the epoch; None in the oldest versions.
    created: float | None
    who: str
    edit: Edit
    pictures: int
    classes: int


def list_versions(project: Project) -> list[VersionInfo]:
    """List the versions, newest first."""
    return [version_info(project, number) for number in reversed(version_numbers(project.dataset))]


def version_info(project: Project, number: int) -> VersionInfo:
    """Read one version's entry in the history."""
    header = read_version_header(project.dataset, number)
    return VersionInfo(
        number=number,
        created=header.created,
        who=header.who,
        edit=header.edit,
        pictures=header.pictures,
        classes=len(header.class_names),
    )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Difference between two versions: ids, and old and new labels."""

    added: list[str]
    removed: list[str]
    relabelled: dict[str, tuple[str, str]]
    excluded: list[str]
    included: list[str]
    # Old and new part of the split.
    moved: dict[str, tuple[str, str]]
    # Old and new range of pictures with more than 8 bits, where both versions have one; None: it is the same.
    pixel_range: tuple[PixelRange, PixelRange] | None = None

    @property
    def is_empty(self) -> bool:
        return not any(asdict(self).values())


def compare_versions(project: Project, older: int, newer: int) -> Comparison:
    """Compare two versions, picture by picture.

    Raises:
        NotFoundError: there is no such version.
    """
    first, second = open_dataset(project, older), open_dataset(project, newer)
    before, after = first.all_pictures.set_index("id"), second.all_pictures.set_index("id")
    both = before.index.intersection(after.index)
    old, new = before.loc[both], after.loc[both]
    return Comparison(
        added=after.index.difference(before.index, sort=False).tolist(),
        removed=before.index.difference(after.index, sort=False).tolist(),
        relabelled=_differences(old["label"], new["label"]),
        excluded=both[~old["excluded"] & new["excluded"]].tolist(),
        included=both[old["excluded"] & ~new["excluded"]].tolist(),
        moved=_differences(old["split"], new["split"]),
        pixel_range=_changed_range(first, second),
    )


@dataclass(frozen=True, kw_only=True)
class VersionChanges(Record):
    """Changes from one version to a newer one: numbers of pictures, and the range of their values."""

    relabelled: int
    added: int
    # also those that were excluded
    removed: int
    # of all: test pictures of the older version that are none in the newer, or have another label
    test_changed: int
    # Values that are black and white in pictures with more than 8 bits.
    range_changed: bool = False

    @property
    def is_empty(self) -> bool:
        """True if a classifier would learn from the same pictures with the same labels."""
        return not (self.relabelled or self.added or self.removed or self.test_changed or self.range_changed)


def changes_between(older: Dataset, newer: Dataset) -> VersionChanges:
    """Count the changes of ``Dataset.pictures``."""
    before, after = (dataset.pictures.set_index("id")[["label", "split"]] for dataset in (older, newer))
    both = before.index.intersection(after.index)
    test = before[before["split"] == Split.TEST.value]
    kept = after.reindex(test.index)
    return VersionChanges(
        relabelled=int((before["label"].loc[both] != after["label"].loc[both]).sum()),
        added=len(after) - len(both),
        removed=len(before) - len(both),
        test_changed=int((kept.fillna("") != test).any(axis=1).sum()),
        range_changed=_changed_range(older, newer) is not None,
    )


def _changed_range(older: Dataset, newer: Dataset) -> tuple[PixelRange, PixelRange] | None:
    if older.pixel_range is None or newer.pixel_range is None or older.pixel_range == newer.pixel_range:
        return None
    return older.pixel_range, newer.pixel_range


def _differences(old: pd.Series, new: pd.Series) -> dict[str, tuple[str, str]]:
    changed = old != new
    pairs = zip(old[changed], new[changed], strict=True)
    return dict(zip(old.index[changed].tolist(), pairs, strict=True))
