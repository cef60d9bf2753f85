"""Summary of an addition, read from the version that it made."""

from __future__ import annotations

from dataclasses import dataclass

from core.data.dataset import open_dataset
from core.data.labels.label_sets import named_classes
from core.data.skip_reasons import Skipped, SkipReason
from core.data.version_record import version_numbers
from core.workspace import Project


@dataclass(frozen=True, kw_only=True)
class Addition:
    """Pictures that a version added, and the files that it left out."""

    # Number of pictures by class, in the order of the classes; "" for unlabelled ones.
    labels: dict[str, int]
    # Number of pictures, each counted once.
    count: int
    duplicates: tuple[Skipped, ...]
    left_out: tuple[Skipped, ...]
    # Number of pictures excluded because they are near duplicates of a test picture.
    excluded: int

    @property
    def needs_summary(self) -> bool:
        """True unless every file became a picture of the same class."""
        is_plain = len(self.labels) == 1 and "" not in self.labels
        return not is_plain or bool(self.duplicates or self.left_out or self.excluded)


def what_was_added(project: Project, version: int) -> Addition | None:
    """Summarise the additions of ``version``; None if it added nothing, or is the first.

    Raises:
        NotFoundError: there is no such version.
    """
    after = open_dataset(project, version)
    earlier = [number for number in version_numbers(project.dataset) if number < version]
    if not earlier:
        return None
    before = open_dataset(project, earlier[-1])
    new = after.all_pictures[~after.all_pictures["id"].isin(before.all_pictures["id"])]
    if new.empty:
        return None
    named = named_classes(new["label"], after.task)
    counts = named.value_counts().to_dict() | {"": int((~new.index.isin(named.index)).sum())}
    skipped = after.skipped[len(before.skipped) :]
    return Addition(
        labels={name: int(counts[name]) for name in (*after.all_class_names, "") if counts.get(name)},
        count=len(new),
        duplicates=tuple(file for file in skipped if file.reason.code is SkipReason.DUPLICATE),
        left_out=tuple(file for file in skipped if file.reason.code is not SkipReason.DUPLICATE),
        excluded=int(new["excluded"].sum()),
    )
