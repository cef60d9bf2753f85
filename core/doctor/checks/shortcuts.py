"""Classes that can be told without looking at what the pictures show.

If all cats are PNG files and all dogs JPEG, a classifier may learn the traces of
the format and will fail on other pictures. For each such fact a small decision
tree, judged on pictures it has not seen, says how far that fact alone tells the
classes apart. A class is given away if the tree finds most of its pictures and
names few others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.doctor.findings import Finding, FindingKind, Remedy, suspects_of
from core.messages import N_, Message

_FOLDS = 5
_LEAST_PICTURES = 10  # of a class; in fewer, a fact is shared by chance
_LEAST_LEAF = 3  # pictures that a rule of the tree must hold for
_LEAVES_A_CLASS = 3
_LEAST_RIGHT = 0.9  # of the pictures that a fact names for a class
_LEAST_SURPRISE = 0.5  # of what could be gained over always naming the class


@dataclass(frozen=True, kw_only=True)
class _Fact:
    """Something known of every picture that has little to do with what it shows."""

    headline: str
    explanation: str
    columns: tuple[str, ...]  # of the manifest: numbers, or one of names
    least_found: float  # of a class, for it to be given away


def find_shortcuts(pictures: pd.DataFrame) -> list[Finding]:
    """One finding for each fact that gives classes away.

    Args:
        pictures: labelled rows of a manifest, with every measure.
    """
    counts = pictures["label"].value_counts()
    pictures = pictures[pictures["label"].isin(counts.index[counts >= _LEAST_PICTURES])]
    if pictures["label"].nunique() < 2:
        return []
    folds = _deal_folds(pictures["group"])
    return [finding for fact in _FACTS if (finding := _examine(fact, pictures, folds)) is not None]


def _examine(fact: _Fact, pictures: pd.DataFrame, folds: np.ndarray) -> Finding | None:
    values = pictures[list(fact.columns)]
    if len(values.drop_duplicates()) < 2:
        return None
    class_names, labels = np.unique(pictures["label"].to_numpy(dtype=str), return_inverse=True)
    told = np.full(len(labels), -1)
    for fold in range(_FOLDS):
        held_out = folds == fold
        if held_out.any() and not held_out.all():
            told[held_out] = _told(values[~held_out], labels[~held_out], values[held_out])
    found = np.array([(told[labels == place] == place).mean() for place in range(len(class_names))])
    given_away = [place for place in range(len(class_names)) if _gives_away(fact, labels, told, place)]
    if not given_away:
        return None
    rows = pictures.iloc[np.flatnonzero(np.isin(labels, given_away) & (told == labels))]
    return Finding(
        kind=FindingKind.SHORTCUTS,
        headline=Message(
            fact.headline,
            {
                "classes": ", ".join(f"“{class_names[place]}”" for place in given_away),
                "percent": round(100 * float(found[given_away].mean())),
                "count": len(rows),
            },
        ),
        explanation=Message(fact.explanation),
        suspects=suspects_of(rows, [1.0] * len(rows)),
        classes=tuple(str(class_names[place]) for place in given_away),
        remedy=Remedy.NONE,
    )


def _gives_away(fact: _Fact, labels: np.ndarray, told: np.ndarray, place: int) -> bool:
    of_class, named = labels == place, told == place
    if not named.any():
        return False
    found, right, share = named[of_class].mean(), of_class[named].mean(), of_class.mean()
    surprise = (right - share) / (1 - share)
    return bool(found >= fact.least_found and right >= _LEAST_RIGHT and surprise >= _LEAST_SURPRISE)


def _told(known: pd.DataFrame, labels: np.ndarray, asked: pd.DataFrame) -> np.ndarray:
    """The class that the values of each picture asked about speak for, -1 for none; classes count alike."""
    if pd.api.types.is_numeric_dtype(known.iloc[:, 0]):
        from sklearn.tree import DecisionTreeClassifier  # 1 s to import

        tree = DecisionTreeClassifier(
            min_samples_leaf=_LEAST_LEAF,
            max_leaf_nodes=_LEAVES_A_CLASS * len(np.unique(labels)),
            class_weight="balanced",
            random_state=0,
        )
        told: np.ndarray = tree.fit(known.to_numpy(), labels).predict(asked.to_numpy())
        return told
    weights = 1.0 / np.bincount(labels)[labels]
    votes = pd.Series(weights).groupby([known.iloc[:, 0].to_numpy(), labels]).sum().unstack(fill_value=0)
    return asked.iloc[:, 0].map(votes.idxmax(axis=1)).fillna(-1).to_numpy(dtype=np.int64)


def _deal_folds(groups: pd.Series) -> np.ndarray:
    """A fold for every picture, int64: groups stay whole, or copies would vouch for each other."""
    codes, unique = pd.factorize(groups)
    order = np.random.default_rng(0).permutation(len(unique))
    folds: np.ndarray = order[codes] % _FOLDS
    return folds


_REMEDY_OF_FILES = N_(
    "A classifier may learn this instead of what the pictures show, and then fails on pictures for which it does "
    "not hold, although its measured accuracy is high. Bring pictures of every class from the same sources, or "
    "treat all files alike before you import them."
)
_REMEDY_OF_LOOKS = N_(
    "A classifier may learn this instead of what the pictures show. If it belongs to the class, as darkness does "
    "to night, all is well; if it comes from how the pictures were taken, take some of every class in the same way."
)
_FACTS = (
    _Fact(
        headline=N_(
            "The size in pixels alone gives classes away: {classes}. It tells {percent}% of their pictures"
        ),
        explanation=_REMEDY_OF_FILES,
        columns=("width", "height"),
        least_found=0.5,
    ),
    _Fact(
        headline=N_(
            "The file format alone gives classes away: {classes}. It tells {percent}% of their pictures"
        ),
        explanation=_REMEDY_OF_FILES,
        columns=("format",),
        least_found=0.5,
    ),
    _Fact(
        headline=N_(
            "The camera, as named in the files, alone gives classes away: {classes}. It tells {percent}% of their pictures"
        ),
        explanation=_REMEDY_OF_FILES,
        columns=("camera",),
        least_found=0.5,
    ),
    _Fact(
        headline=N_(
            "A border, or the lack of one, alone gives classes away: {classes}. It tells {percent}% of their pictures"
        ),
        explanation=_REMEDY_OF_FILES,
        columns=("border",),
        least_found=0.5,
    ),
    _Fact(
        headline=N_(
            "The brightness alone gives classes away: {classes}. It tells {percent}% of their pictures"
        ),
        explanation=_REMEDY_OF_LOOKS,
        columns=("brightness",),
        least_found=0.8,
    ),
    _Fact(
        headline=N_(
            "The sharpness alone gives classes away: {classes}. It tells {percent}% of their pictures"
        ),
        explanation=_REMEDY_OF_LOOKS,
        columns=("sharpness",),
        least_found=0.8,
    ),
)
