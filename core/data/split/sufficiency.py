"""Minimum class sizes of a dataset, and the classes that are too small."""

from __future__ import annotations

import pandas as pd

from core.data.labels.layout import Split
from core.data.skip_reasons import Reason, SkipReason, Value
from core.data.split.splitting import MIN_PICTURES_PER_CLASS, without_lone_part
from core.errors import ErrorCode, TooFewClassesError, TooFewImagesError
from core.messages import N_

_ONE_CLASS = N_(
    "Only one class was found: “{label}”. A classifier tells classes apart, so it needs at least two. "
    "Put the pictures of each class into a folder of its own."
)
_NO_CLASS = N_(
    "None of the pictures has a label. Import them without labels and label them here, or export the labels again."
)
TOO_FEW_LABELS = N_(
    "Fewer than two classes of the labels can be learnt: each needs {minimum} pictures that show it, "
    "one of them for training. Add pictures, or check the labels: “;” or “|” separates those of one picture."
)
_MAY_TRAIN = ("", Split.TRAIN.value)


def unusable_classes(labels: pd.Series, splits: pd.Series) -> dict[str, Reason]:
    """List the classes that cannot be learnt, with the reasons.

    Args:
        labels: of the usable pictures.
        splits: their parts, drawn or supplied by the source; "" can still become training.
    """
    counts = labels.value_counts()
    to_train = labels[without_lone_part(splits).isin(_MAY_TRAIN)].value_counts()
    reasons: dict[str, Reason] = {}
    for label, count in counts.items():
        if count < MIN_PICTURES_PER_CLASS:
            values: dict[str, Value] = {
                "label": str(label),
                "count": int(count),
                "minimum": MIN_PICTURES_PER_CLASS,
            }
            reasons[str(label)] = Reason(code=SkipReason.CLASS_TOO_SMALL, values=values)
        elif not to_train.get(label, 0):
            reasons[str(label)] = Reason(
                code=SkipReason.CLASS_WITHOUT_TRAINING_PICTURES, values={"label": str(label)}
            )
    return reasons


def require_two_labels(named: pd.Series, left_out: dict[str, Reason]) -> None:
    """Require two learnable classes of a multi-label dataset.

    Args:
        named: from ``named_classes``.
    Raises:
        TooFewClassesError: fewer than two classes have enough pictures.
    """
    if named.nunique() - len(left_out) < 2:
        raise TooFewClassesError(TOO_FEW_LABELS, minimum=MIN_PICTURES_PER_CLASS)


def require_two_classes(labels: pd.Series, left_out: dict[str, Reason]) -> None:
    """Require two learnable classes.

    Raises:
        TooFewClassesError: all pictures are of one class, or of none.
        TooFewImagesError: fewer than two of the classes can be learnt.
    """
    counts = labels.value_counts()
    if not len(counts):
        raise TooFewClassesError(_NO_CLASS, code=ErrorCode.ONE_CLASS)
    if len(counts) == 1:
        raise TooFewClassesError(_ONE_CLASS, code=ErrorCode.ONE_CLASS, label=str(counts.index[0]))
    if len(counts) - len(left_out) >= 2:
        return
    small = [label for label in left_out if counts[label] < MIN_PICTURES_PER_CLASS]
    if small:
        label = min(small, key=lambda name: (int(counts[name]), name))
        raise TooFewImagesError(
            N_(
                "Class “{label}” has {count} usable pictures; at least {minimum} are needed in each of two classes. "
                "Add pictures to its folder and import again."
            ),
            label=label,
            count=int(counts[label]),
            minimum=MIN_PICTURES_PER_CLASS,
        )
    raise TooFewImagesError(
        N_(
            "Class “{label}” has no pictures to train on. Put some into its folder under “train” and import again."
        ),
        label=min(left_out),
    )
