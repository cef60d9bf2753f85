"""Changes of the pictures that a classifier learns from, between two versions of a dataset."""

from __future__ import annotations

from dataclasses import dataclass

from core.data.dataset import Dataset
from core.data.labels.layout import Split


@dataclass(frozen=True, kw_only=True)
class VersionChanges:
    """Numbers of pictures that changed from one version to a newer one."""

    relabelled: int
    added: int
    # also those that were excluded
    removed: int
    # of all: test pictures of the older version that are none in the newer, or have another label
    test_changed: int

    @property
    def is_empty(self) -> bool:
        """True if a classifier would learn from the same pictures with the same labels."""
        return not (self.relabelled or self.added or self.removed or self.test_changed)


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
    )
