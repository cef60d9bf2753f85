"""Shortcuts: classes that a classifier can recognise without the subject of the pictures.

If all cats are PNG files and all dogs JPEG, a classifier may learn the artefacts of the format,
and then fails on other pictures. For each such property a small decision tree, evaluated on
held-out pictures, shows how well that property alone separates the classes. A class has a
shortcut if the tree finds it with high recall and precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.doctor.findings import Finding, Remedy, suspects_of
from core.doctor.sentences import FindingKind, Shortcut
from core.formatting import rounded_percent
from core.messages import first_of

_FOLDS = 5
# Of a class. Fewer share a property by chance.
_MIN_PICTURES = 10
# Of a leaf of the tree.
_MIN_LEAF_PICTURES = 3
_LEAVES_A_CLASS = 3
_MIN_PRECISION = 0.9
# Of the possible gain in precision over always predicting the class.
_MIN_GAIN = 0.5


@dataclass(frozen=True, kw_only=True)
class _Property:
    """Property of pictures that should not depend on their subject."""

    shortcut: Shortcut
    # Columns of the manifest: numbers, or one column of names.
    columns: tuple[str, ...]
    # For a class to have a shortcut.
    min_recall: float


def find_shortcuts(pictures: pd.DataFrame) -> list[Finding]:
    """Make a finding of each property that identifies classes.

    Args:
        pictures: labelled rows of a manifest, with all image statistics.
    """
    counts = pictures["label"].value_counts()
    pictures = pictures[pictures["label"].isin(counts.index[counts >= _MIN_PICTURES])]
    if pictures["label"].nunique() < 2:
        return []
    folds = _deal_folds(pictures["group"])
    return [
        finding for attribute in _PROPERTIES if (finding := _examine(attribute, pictures, folds)) is not None
    ]


def _examine(attribute: _Property, pictures: pd.DataFrame, folds: np.ndarray) -> Finding | None:
    values = pictures[list(attribute.columns)]
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
    given_away = [index for index in indices if _gives_away(attribute, labels, predicted, index)]
    if not given_away:
        return None
    rows = pictures.iloc[np.flatnonzero(np.isin(labels, given_away) & (predicted == labels))]
    return Finding(
        kind=FindingKind.SHORTCUTS,
        shortcut=attribute.shortcut,
        values={
            "classes": first_of([f"“{class_names[index]}”" for index in given_away]),
            "percent": rounded_percent(float(recalls[given_away].mean())),
        },
        suspects=suspects_of(rows, [1.0] * len(rows)),
        classes=tuple(str(class_names[index]) for index in given_away),
        remedy=Remedy.NONE,
    )


def _gives_away(attribute: _Property, labels: np.ndarray, predicted: np.ndarray, index: int) -> bool:
    of_class, named = labels == index, predicted == index
    if not named.any():
        return False
    recall, precision, prevalence = named[of_class].mean(), of_class[named].mean(), of_class.mean()
    gain = (precision - prevalence) / (1 - prevalence)
    return bool(recall >= attribute.min_recall and precision >= _MIN_PRECISION and gain >= _MIN_GAIN)


def _predict(known: pd.DataFrame, labels: np.ndarray, queries: pd.DataFrame) -> np.ndarray:
    """Predict the class from a property with equal class weights: int64 (len(queries),), -1 for none."""
    if pd.api.types.is_numeric_dtype(known.iloc[:, 0]):
        # Takes 1 s to import.
        from sklearn.tree import DecisionTreeClassifier

        tree = DecisionTreeClassifier(
            min_samples_leaf=_MIN_LEAF_PICTURES,
            max_leaf_nodes=_LEAVES_A_CLASS * len(np.unique(labels)),
            class_weight="balanced",
            random_state=0,
        )
        predicted: np.ndarray = tree.fit(known.to_numpy(), labels).predict(queries.to_numpy())
        return predicted
    weights = 1.0 / np.bincount(labels)[labels]
    votes = pd.Series(weights).groupby([known.iloc[:, 0].to_numpy(), labels]).sum().unstack(fill_value=0)
    return queries.iloc[:, 0].map(votes.idxmax(axis=1)).fillna(-1).to_numpy(dtype=np.int64)


def _deal_folds(groups: pd.Series) -> np.ndarray:
    """Assign a fold to every picture, int64; groups stay in one fold, so copies cannot confirm each other."""
    codes, unique = pd.factorize(groups)
    order = np.random.default_rng(0).permutation(len(unique))
    folds: np.ndarray = order[codes] % _FOLDS
    return folds


_PROPERTIES = (
    _Property(shortcut=Shortcut.SIZE, columns=("width", "height"), min_recall=0.5),
    _Property(shortcut=Shortcut.FORMAT, columns=("format",), min_recall=0.5),
    _Property(shortcut=Shortcut.CAMERA, columns=("camera",), min_recall=0.5),
    _Property(shortcut=Shortcut.BORDER, columns=("border",), min_recall=0.5),
    _Property(shortcut=Shortcut.BRIGHTNESS, columns=("brightness",), min_recall=0.8),
    _Property(shortcut=Shortcut.SHARPNESS, columns=("sharpness",), min_recall=0.8),
)
