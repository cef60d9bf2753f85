"""How the pictures are spread over the classes: too few of some, too many of others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.labels.layout import Split
from core.doctor.findings import Finding, FindingKind, Remedy, suspects_of
from core.messages import N_, Message

SMALL_CLASS = 20  # pictures; with the usual split, three test
_MOST_IMBALANCE = 5.0  # times as many pictures in the largest class as in another
_CONFIDENCE = 0.95


def find_imbalance(pictures: pd.DataFrame) -> list[Finding]:
    """The classes that have far fewer pictures than the largest.

    Args:
        pictures: labelled rows of a manifest.
    """
    counts = pictures["label"].value_counts()
    rare = counts[counts * _MOST_IMBALANCE < counts.max()]
    if rare.empty:
        return []
    largest, smallest = str(counts.index[0]), str(counts.index[-1])
    values = {
        "largest": largest,
        "most": int(counts.iloc[0]),
        "smallest": smallest,
        "fewest": int(counts.iloc[-1]),
        "ratio": round(float(counts.iloc[0] / counts.iloc[-1]), 1),
    }
    share = {"largest": largest, "percent": round(100 * float(counts.iloc[0] / counts.sum()))}
    return [
        Finding(
            kind=FindingKind.IMBALANCE,
            headline=Message(
                N_(
                    "The classes are of very different size: “{largest}” has {most} pictures, "
                    "“{smallest}” {fewest}; that is {ratio} to 1"
                ),
                values,
            ),
            explanation=Message(
                N_(
                    "Who always answers “{largest}” is right for {percent}% of these pictures. A classifier learns that "
                    "as well and overlooks the rare classes. Add pictures of those; and judge it by each class's own "
                    "numbers, not by the accuracy over all."
                ),
                share,
            ),
            classes=tuple(str(label) for label in rare.index),
            remedy=Remedy.NONE,
        )
    ]


def find_small_classes(pictures: pd.DataFrame, classes: pd.Series | None = None) -> list[Finding]:
    """The classes with too few pictures to learn them, or to know how well they were learnt.

    Args:
        pictures: rows of a manifest.
        classes: those that they show, indexed like them, several rows for a picture that shows
            several; by default their labels, all of which must then name a class.
    """
    classes = pictures["label"] if classes is None else classes
    counts = classes.value_counts()
    small = counts[counts < SMALL_CLASS].sort_values(kind="stable")
    if small.empty:
        return []
    tests = classes[pictures["split"].loc[classes.index] == Split.TEST.value].value_counts()
    reasons = {label: _expectation(int(tests.get(label, 0))) for label in small.index}
    shown = classes[classes.isin(small.index)]
    shown = shown.iloc[np.argsort(shown.map(small).to_numpy(), kind="stable")]
    shown = shown[~shown.index.duplicated()]  # of several small classes, the smallest counts
    suspects = suspects_of(
        pictures.loc[shown.index],
        [1.0 / int(small[label]) for label in shown],
        because=[reasons[label] for label in shown],
    )
    smallest = small.index[0]
    return [
        Finding(
            kind=FindingKind.SMALL_CLASSES,
            headline=Message(
                N_(
                    "Classes with fewer than {limit} pictures: {classes}. The smallest, “{label}”, has {pictures}"
                ),
                {
                    "limit": SMALL_CLASS,
                    "classes": len(small),
                    "label": smallest,
                    "pictures": int(small.iloc[0]),
                    "count": len(suspects),
                },
            ),
            explanation=Message(
                N_(
                    "What so few pictures have in common by chance is taken for what makes the class. {expectation} "
                    "Add pictures, join the class with a similar one, or exclude it."
                ),
                {"expectation": reasons[smallest]},
            ),
            suspects=tuple(sorted(suspects, key=lambda suspect: -suspect.score)),
            classes=tuple(str(label) for label in small.index),
            remedy=Remedy.NONE,
        )
    ]


def _expectation(test_pictures: int) -> Message:
    """What a test on so few pictures can say."""
    if not test_pictures:
        return Message(N_("No picture of it tests, so nobody will know how well it was learnt."))
    # If all of k are told rightly, an accuracy below this would have been a 1 in 20 chance.
    surely = (1 - _CONFIDENCE) ** (1 / test_pictures)
    values = {"pictures": test_pictures, "percent": int(100 * surely)}
    return Message(
        N_(
            "Pictures of it to test with: {pictures}. Even if every one is told rightly, "
            "all that is known is that probably more than {percent}% of new ones will be."
        ),
        values,
    )
