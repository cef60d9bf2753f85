"""Leak report: groups of pictures in two parts of the split, and pictures moved to prevent that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from core.data.dataset import Dataset
from core.data.editing.splits import leaking_rows
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
    is_moved = first_of_group(supplied["supplied_split"], supplied["group"]) != supplied["supplied_split"]
    return LeakReport(
        groups=int((sizes > 1).sum()),
        grouped_pictures=int(sizes[sizes > 1].sum()),
        moved=tuple(
            MovedPicture(id=identifier, name=name, split=split, supplied_split=supplied_split)
            for identifier, name, split, supplied_split in _rows(
                supplied[is_moved], "id", "name", "split", "supplied_split"
            )
        ),
        leaking=tuple(
            LeakingPicture(id=identifier, name=name, split=split)
            for identifier, name, split in _rows(pictures[leaking_rows(pictures)], "id", "name", "split")
        ),
    )


def _rows(pictures: pd.DataFrame, *columns: str) -> Iterator[tuple[str, ...]]:
    return zip(*(pictures[column] for column in columns), strict=True)
