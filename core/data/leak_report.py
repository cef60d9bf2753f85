"""Leak report: groups of pictures that stand in training and in test, and pictures moved to prevent it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.data.dataset import Dataset
from core.data.editing import leaking_rows
from core.data.split.splitting import first_of_group


@dataclass(frozen=True, kw_only=True)
class LeakReport:
    """Groups of related pictures, and their parts of the split.

    ``moved`` and ``straddling`` are records of ``id``, ``name``, ``split`` and, for those
    moved, the part in which they were supplied.
    """

    groups: int  # of two pictures or more
    grouped_pictures: int
    moved: list[dict[str, str]]
    straddling: list[dict[str, str]]  # they train, while others of their group measure


def leak_report(dataset: Dataset) -> LeakReport:
    """Check a version's split against its groups."""
    pictures = dataset.pictures
    sizes = pictures["group"].value_counts()
    supplied = pictures[pictures["supplied_split"] != ""]
    pulled = first_of_group(supplied["supplied_split"], supplied["group"]) != supplied["supplied_split"]
    return LeakReport(
        groups=int((sizes > 1).sum()),
        grouped_pictures=int(sizes[sizes > 1].sum()),
        moved=_records(supplied[pulled], ["id", "name", "supplied_split", "split"]),
        straddling=_records(pictures[leaking_rows(pictures)], ["id", "name", "split"]),
    )


def _records(pictures: pd.DataFrame, columns: list[str]) -> list[dict[str, str]]:
    return [dict(zip(columns, row, strict=True)) for row in pictures[columns].itertuples(index=False)]
