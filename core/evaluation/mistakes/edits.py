"""Changes of test pictures in later versions of the dataset than the one that a run was tested on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.data.dataset import Dataset
from core.data.labels.label_sets import label_names
from core.data.labels.layout import Split
from core.data.labels.task import Task


@dataclass(frozen=True, kw_only=True)
class LaterEdits:
    """Test pictures that were changed since, by id. The report of the run does not count the changes."""

    labels: Mapping[str, str]  # new label; "" for none
    excluded: frozenset[str]
    gone: frozenset[str]  # no longer in the project

    @property
    def count(self) -> int:
        """Number of changed pictures."""
        return len(self.labels.keys() | self.excluded | self.gone)


def later_edits(tested: Dataset, current: Dataset) -> LaterEdits:
    """Compare the test pictures of a version with the newest version."""
    before = tested.pictures.iloc[tested.rows(Split.TEST)].set_index("id")["label"]
    after = current.all_pictures.set_index("id")[["label", "excluded"]]
    ids = before.index.intersection(after.index, sort=False)
    old, new = before.loc[ids], after.loc[ids]
    changed = (old != new["label"]).to_numpy()
    columns = (ids[changed].tolist(), old[changed].tolist(), new["label"][changed].tolist())
    return LaterEdits(
        labels={
            identifier: label
            for identifier, before_label, label in zip(*columns, strict=True)
            if not _same(before_label, label, current.task)
        },
        excluded=frozenset(ids[new["excluded"]]),
        gone=frozenset(before.index.difference(after.index)),
    )


def _same(old: str, new: str, task: Task) -> bool:
    """Check that two labels name the same classes: their order changes with that of the classes."""
    if task is Task.MULTI_CLASS or "" in {old, new}:
        return old == new
    return set(label_names(old)) == set(label_names(new))
