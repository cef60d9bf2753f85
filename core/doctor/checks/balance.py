"""Class balance: classes with too few pictures, absolutely or against the largest."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.labels.layout import Split
from core.doctor.findings import Finding, Remedy, Value, evidence_of_test, suspects_of
from core.doctor.sentences import FindingKind
from core.formatting import rounded_percent

# Pictures. With the default split, three are for the test.
SMALL_CLASS = 20
# Of the largest class to another one.
_MAX_RATIO = 5.0


def find_imbalance(pictures: pd.DataFrame) -> list[Finding]:
    """Find the classes that have far fewer pictures than the largest.

    Args:
        pictures: labelled rows of a manifest.
    """
    counts = pictures["label"].value_counts()
    rare = counts[counts * _MAX_RATIO < counts.max()]
    if rare.empty:
        return []
    largest, smallest = str(counts.index[0]), str(counts.index[-1])
    values: dict[str, Value] = {
        "largest": largest,
        "most": int(counts.iloc[0]),
        "smallest": smallest,
        "fewest": int(counts.iloc[-1]),
        "ratio": round(float(counts.iloc[0] / counts.iloc[-1]), 1),
        "percent": rounded_percent(float(counts.iloc[0] / counts.sum())),
    }
    return [
        Finding(
            kind=FindingKind.IMBALANCE,
            values=values,
            classes=tuple(str(label) for label in rare.index),
            remedy=Remedy.NONE,
        )
    ]


def find_small_classes(pictures: pd.DataFrame, classes: pd.Series | None = None) -> list[Finding]:
    """Find the classes with too few pictures for training or for a test.

    Args:
        pictures: rows of a manifest.
        classes: single classes, indexed like the pictures, with several rows for a picture of
            several classes (``named_classes``); by default the labels, none of which may be "".
    """
    classes = pictures["label"] if classes is None else classes
    counts = classes.value_counts()
    small = counts[counts < SMALL_CLASS].sort_values(kind="stable")
    if small.empty:
        return []
    tests = classes[pictures["split"].loc[classes.index] == Split.TEST.value].value_counts()
    reasons = {label: evidence_of_test(int(tests.get(label, 0))) for label in small.index}
    shown = classes[classes.isin(small.index)]
    shown = shown.iloc[np.argsort(shown.map(small).to_numpy(), kind="stable")]
    # A picture of several small classes counts for the smallest.
    shown = shown[~shown.index.duplicated()]
    suspects = suspects_of(
        pictures.loc[shown.index],
        [1.0 / int(small[label]) for label in shown],
        because=[reasons[label] for label in shown],
    )
    smallest = small.index[0]
    return [
        Finding(
            kind=FindingKind.SMALL_CLASSES,
            values={
                "limit": SMALL_CLASS,
                "classes": len(small),
                "label": str(smallest),
                "pictures": int(small.iloc[0]),
                "test_pictures": int(tests.get(smallest, 0)),
            },
            suspects=tuple(sorted(suspects, key=lambda suspect: -suspect.score)),
            classes=tuple(str(label) for label in small.index),
            remedy=Remedy.NONE,
        )
    ]
