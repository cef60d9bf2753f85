"""Filters and sort orders for the pictures of a dataset.

Operations are on whole columns, so 50,000 pictures are filtered within milliseconds.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from core.data.dataset import Dataset
from core.data.labels.label_sets import NONE_OF_THEM, first_classes, shows_class
from core.data.labels.task import Task

# Of each number in a name. Camera counters and dates have fewer.
_DIGITS_COMPARED = 12


class Order(StrEnum):
    """Sort orders of pictures. Equal pictures stay in the order of the dataset."""

    CLASS = "class"
    # Picture 2 before picture 10.
    NAME = "name"
    # The one added last first.
    NEWEST = "newest"
    # By number of pixels.
    SMALLEST = "smallest"
    LARGEST = "largest"
    LEAST_SHARP = "least-sharp"
    DARKEST = "darkest"
    BRIGHTEST = "brightest"
    LEAST_CONTRAST = "least-contrast"


# Column, and True if the greatest value comes first.
_SORT_COLUMNS = {
    Order.LEAST_SHARP: ("sharpness", False),
    Order.DARKEST: ("brightness", False),
    Order.BRIGHTEST: ("brightness", True),
    Order.LEAST_CONTRAST: ("contrast", False),
}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Conditions that a picture must meet; None accepts any value."""

    # A class; "": unlabelled; “–”: labelled as none of the classes.
    label: str | None = None
    # "": not drawn yet.
    split: str | None = None
    excluded: bool | None = None
    # Part of the picture's name, regardless of case.
    name: str = ""
    ids: frozenset[str] | None = None


def matches(dataset: Dataset, selection: Selection) -> np.ndarray:
    """Mark the pictures that meet all conditions: bool, shape (all pictures,)."""
    pictures = dataset.all_pictures
    matching = np.ones(len(pictures), np.bool_)
    if selection.label is not None:
        label = selection.label
        is_whole = label in {"", NONE_OF_THEM}
        matching &= shows_class(
            pictures["label"], label, Task.MULTI_CLASS if is_whole else dataset.task
        ).to_numpy()
    if selection.split is not None:
        matching &= (pictures["split"] == selection.split).to_numpy()
    if selection.excluded is not None:
        matching &= (pictures["excluded"] == selection.excluded).to_numpy()
    if wanted := selection.name.strip():
        matching &= _contains(pictures["name"], wanted)
    if selection.ids is not None:
        matching &= pictures["id"].isin(selection.ids).to_numpy()
    return matching


def ordered_rows(dataset: Dataset, order: Order) -> np.ndarray:
    """Sort the rows of ``all_pictures``: int64, shape (all pictures,).

    Unlabelled pictures, and those without statistics, come last.
    """
    pictures = dataset.all_pictures
    if order is Order.NEWEST:
        return np.arange(len(pictures))[::-1]
    if order is Order.NAME:
        return _in_order(natural_keys(pictures["name"]))
    if order is Order.CLASS:
        labels = first_classes(pictures["label"], dataset.task)
        codes = pd.Categorical(labels, categories=list(dataset.all_class_names)).codes
        return _in_order(pd.Series(codes).replace(-1, len(dataset.all_class_names)))
    if order in _SORT_COLUMNS:
        column, greatest_first = _SORT_COLUMNS[order]
        return _in_order(pictures[column], greatest_first=greatest_first)
    pixels = pictures["width"] * pictures["height"]
    return _in_order(pixels, greatest_first=order is Order.LARGEST)


def natural_keys(names: pd.Series) -> pd.Series:
    """Make sort keys of names: numbers count by their value, letters regardless of case."""
    zeros = "0" * _DIGITS_COMPARED
    padded = names.str.lower().str.replace(r"(\d+)", zeros + r"\1", regex=True)
    return padded.str.replace(rf"0*(\d{{{_DIGITS_COMPARED}}})(\D|$)", r"\1\2", regex=True)


def _contains(names: pd.Series, wanted: str) -> np.ndarray:
    # An accented letter can have two encodings; macOS uses the decomposed one.
    if not wanted.isascii():
        names, wanted = names.str.normalize("NFC"), unicodedata.normalize("NFC", wanted)
    return names.str.contains(wanted, case=False, regex=False).to_numpy(np.bool_)


def _in_order(values: pd.Series, *, greatest_first: bool = False) -> np.ndarray:
    rows = values.reset_index(drop=True).sort_values(
        kind="stable", ascending=not greatest_first, na_position="last"
    )
    return rows.index.to_numpy(np.int64)
