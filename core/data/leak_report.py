"""Leak report: groups of pictures in two parts of the split, and pictures moved to prevent that."""

from __future__ import annotations

from dataclasses import dataclass

from core.data.dataset import Dataset
from core.data.editing import leaking_rows
from core.data.split.splitting import first_of_group
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class LeakingPicture(Record):
    """Picture that trains while another one of its group measures."""

    id: str
    name: str
    # A ``Split``; "" while it is not drawn.
    split: str


@dataclass(frozen=True, kw_only=True)
class MovedPicture(LeakingPicture):
    """Picture that was moved to another part of the split to keep its group together."""

    # The ``Split`` that the source gave.
    supplied_split: str


@dataclass(frozen=True, kw_only=True)
class LeakReport(Record):
    """Groups of related pictures, and their parts of the split."""

    # Of two pictures or more.
    groups: int
    grouped_pictures: int
    moved: tuple[MovedPicture, ...]
    leaking: tuple[LeakingPicture, ...]


def leak_report(dataset: Dataset) -> LeakReport:
    """Check a version's split against its groups."""
    pictures = dataset.pictures
    sizes = pictures["group"].value_counts()
    supplied = pictures[pictures["supplied_split"] != ""]
    pulled = first_of_group(supplied["supplied_split"], supplied["group"]) != supplied["supplied_split"]
    return LeakReport(
        groups=int((sizes > 1).sum()),
        grouped_pictures=int(sizes[sizes > 1].sum()),
        moved=tuple(
            MovedPicture(id=row.id, name=row.name, split=row.split, supplied_split=row.supplied_split)
            for row in supplied[pulled].itertuples(index=False)
        ),
        leaking=tuple(
            LeakingPicture(id=row.id, name=row.name, split=row.split)
            for row in pictures[leaking_rows(pictures)].itertuples(index=False)
        ),
    )
