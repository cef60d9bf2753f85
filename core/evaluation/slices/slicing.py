"""Assignment of test pictures to the slices of one kind, by value, by quantile or by category."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from core.formatting import decimal
from core.messages import N_, Message

_QUANTILES = (0.25, 0.5, 0.75)
# Of a category with many values, such as folders: those with most test pictures.
MOST_VALUES = 50
BELOW, BETWEEN, FROM = N_("below {high}"), N_("{low} to {high}"), N_("{low} or more")
BOTH = N_("{one}, {other}")


@dataclass(frozen=True, kw_only=True)
class SliceSource:
    """Everything that slices are made of; n is the number of test pictures."""

    # rows of the manifest: all pictures of the version that a classifier learns from
    pictures: pd.DataFrame
    # int64 (n,): those of the test pictures
    rows: np.ndarray
    # bool (n, classes): the picture shows the class
    targets: np.ndarray
    class_names: Sequence[str]
    # int64 (n,), from ``cluster_features``; None: the run was evaluated before clusters were computed
    clusters: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Slicing:
    """Slices of one kind: their names, and the test pictures in each, bool (slices, n)."""

    names: Sequence[Message]
    members: np.ndarray


def by_quantile(values: np.ndarray, rows: np.ndarray) -> Slicing | None:
    """Cut at the quartiles of all pictures; None where all values are equal.

    Args:
        values: float (pictures,) of the version, NaN where unknown.
        rows: int64 (n,) of the test pictures.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    # A cut at the smallest value would have nothing below it.
    cuts = [cut for cut in np.unique(np.quantile(known, _QUANTILES)) if cut > known.min()]
    if not cuts:
        return None
    tested = values[rows]
    bins = np.where(np.isnan(tested), -1, np.searchsorted(cuts, tested, side="right"))
    return Slicing(names=_range_names(cuts), members=bins == np.arange(len(cuts) + 1)[:, None])


def by_category(values: pd.Series, *, unnamed: str | None = None) -> Slicing | None:
    """One slice for each value of the test pictures, the largest first; None where all are equal.

    Args:
        values: str (n,).
        unnamed: name of the slice without a value; None: it is left out.
    """
    counts = values.value_counts()
    if unnamed is None:
        counts = counts.drop("", errors="ignore")
    if len(values.unique()) < 2 or counts.empty:
        return None
    chosen = counts.index[:MOST_VALUES]
    names = [Message(unnamed) if unnamed and not value else plain_name(value) for value in chosen]
    return Slicing(names=names, members=values.to_numpy() == chosen.to_numpy()[:, None])


def crossed(first: Slicing, second: Slicing, *, least: int) -> Slicing:
    """Pictures that are in a slice of one kind and in one of another.

    Args:
        least: pictures in both; smaller intersections are left out.
    """
    shared = first.members.astype(np.float32) @ second.members.astype(np.float32).T
    pairs = np.argwhere(shared >= least)
    names = [Message(BOTH, {"one": first.names[one], "other": second.names[other]}) for one, other in pairs]
    members = first.members[pairs[:, 0]] & second.members[pairs[:, 1]]
    return Slicing(names=names, members=members)


def plain_name(name: str) -> Message:
    """Message that is a name of the user's own, such as a class or a folder."""
    return Message("{name}", {"name": name})


def _range_names(cuts: Sequence[float]) -> list[Message]:
    texts = _told_apart(cuts)
    middle = [Message(BETWEEN, {"low": low, "high": high}) for low, high in pairwise(texts)]
    return [Message(BELOW, {"high": texts[0]}), *middle, Message(FROM, {"low": texts[-1]})]


def _told_apart(cuts: Sequence[float]) -> list[str]:
    """Write different numbers with as few digits as tell them apart, at least two."""
    for digits in range(2, 17):
        texts = [_written(cut, digits) for cut in cuts]
        if len(set(texts)) == len(cuts):
            break
    return texts


def _written(value: float, digits: int) -> str:
    """Round to so many significant digits, but not before the decimal point."""
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    text = decimal(value, max(0, digits - 1 - magnitude))
    return text.rstrip("0").rstrip(".") if "." in text else text
