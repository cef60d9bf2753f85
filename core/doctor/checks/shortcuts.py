"""Shortcuts: classes that a classifier can recognise without the subject of the pictures.

If all cats are PNG files and all dogs JPEG, a classifier may learn the traces of
the format and will fail on other pictures. For each such fact a small decision
tree, measured on held-out pictures, shows how far that fact alone separates the
classes. A class is given away if the tree finds most of its pictures and
names few others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.doctor.findings import Finding, Remedy, suspects_of
from core.doctor.sentences import FindingKind, Shortcut

_FOLDS = 5
_LEAST_PICTURES = 10  # of a class; in fewer, a fact is shared by chance
_LEAST_LEAF = 3  # pictures that a rule of the tree must hold for
_LEAVES_A_CLASS = 3
# precision of a fact for a class
_LEAST_PRECISION = 0.9
_LEAST_SURPRISE = 0.5  # of what could be gained over always naming the class


@dataclass(frozen=True, kw_only=True)
class _Fact:
    """Property of every picture that has little to do with its subject."""

    shortcut: Shortcut
    # of the manifest: numbers, or one of names
    columns: tuple[str, ...]
    # fraction of a class that the fact must find
    least_recall: float


def find_shortcuts(pictures: pd.DataFrame) -> list[Finding]:
    """Make a finding of each fact that gives classes away.

    Args:
        pictures: labelled rows of a manifest, with all image statistics.
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
    predicted = np.full(len(labels), -1)
    for fold in range(_FOLDS):
        held_out = folds == fold
        if held_out.any() and not held_out.all():
            predicted[held_out] = _predict(values[~held_out], labels[~held_out], values[held_out])
    indices = range(len(class_names))
    recalls = np.array([(predicted[labels == index] == index).mean() for index in indices])
    given_away = [index for index in indices if _gives_away(fact, labels, predicted, index)]
    if not given_away:
        return None
    rows = pictures.iloc[np.flatnonzero(np.isin(labels, given_away) & (predicted == labels))]
    return Finding(
        kind=FindingKind.SHORTCUTS,
        shortcut=fact.shortcut,
        values={
            "classes": ", ".join(f"“{class_names[index]}”" for index in given_away),
            "percent": round(100 * float(recalls[given_away].mean())),
        },
        suspects=suspects_of(rows, [1.0] * len(rows)),
        classes=tuple(str(class_names[index]) for index in given_away),
        remedy=Remedy.NONE,
    )


def _gives_away(fact: _Fact, labels: np.ndarray, predicted: np.ndarray, index: int) -> bool:
    of_class, named = labels == index, predicted == index
    if not named.any():
        return False
    recall, precision, prevalence = named[of_class].mean(), of_class[named].mean(), of_class.mean()
    surprise = (precision - prevalence) / (1 - prevalence)
    return bool(recall >= fact.least_recall and precision >= _LEAST_PRECISION and surprise >= _LEAST_SURPRISE)


def _predict(known: pd.DataFrame, labels: np.ndarray, asked: pd.DataFrame) -> np.ndarray:
    """Predict the class from a fact: int64 (len(asked),), -1 for none; every class weighs the same."""
    if pd.api.types.is_numeric_dtype(known.iloc[:, 0]):
        # takes 1 s to import
        from sklearn.tree import DecisionTreeClassifier

        tree = DecisionTreeClassifier(
            min_samples_leaf=_LEAST_LEAF,
            max_leaf_nodes=_LEAVES_A_CLASS * len(np.unique(labels)),
            class_weight="balanced",
            random_state=0,
        )
        predicted: np.ndarray = tree.fit(known.to_numpy(), labels).predict(asked.to_numpy())
        return predicted
    weights = 1.0 / np.bincount(labels)[labels]
    votes = pd.Series(weights).groupby([known.iloc[:, 0].to_numpy(), labels]).sum().unstack(fill_value=0)
    return asked.iloc[:, 0].map(votes.idxmax(axis=1)).fillna(-1).to_numpy(dtype=np.int64)


def _deal_folds(groups: pd.Series) -> np.ndarray:
    """Assign a fold to every picture, int64: groups stay whole, or copies would confirm each other."""
    codes, unique = pd.factorize(groups)
    order = np.random.default_rng(0).permutation(len(unique))
    folds: np.ndarray = order[codes] % _FOLDS
    return folds


_FACTS = (
    _Fact(shortcut=Shortcut.SIZE, columns=("width", "height"), least_recall=0.5),
    _Fact(shortcut=Shortcut.FORMAT, columns=("format",), least_recall=0.5),
    _Fact(shortcut=Shortcut.CAMERA, columns=("camera",), least_recall=0.5),
    _Fact(shortcut=Shortcut.BORDER, columns=("border",), least_recall=0.5),
    _Fact(shortcut=Shortcut.BRIGHTNESS, columns=("brightness",), least_recall=0.8),
    _Fact(shortcut=Shortcut.SHARPNESS, columns=("sharpness",), least_recall=0.8),
)
