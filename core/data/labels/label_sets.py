"""Label sets: labels of multi-label datasets, written, parsed and counted.

A manifest stores a picture's classes as one text, in the order of the classes: “cat; dog”.
“–” is the label of a picture that shows none of them; training uses it. "" means unlabelled;
training does not use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from core.data.labels.layout import clean_label
from core.data.labels.task import Task
from core.errors import ClassNameError
from core.messages import N_

SEPARATOR = "; "
NONE_OF_THEM = "–"
# Separators that people type between labels, also on a Chinese keyboard.
_SEPARATORS = ";|；｜"
_ANY_SEPARATOR = re.compile(f"[{re.escape(_SEPARATORS)}]")
_NAMES_OF_NONE = frozenset({NONE_OF_THEM, "-", "—", "none", "无"})


def plain_name(name: str) -> str:
    """Replace the signs that separate labels in a class name by commas."""
    return _ANY_SEPARATOR.sub(",", name)


def label_names(label: str) -> tuple[str, ...]:
    """List the classes in a label; empty for "" and for “–”."""
    return () if label in {"", NONE_OF_THEM} else tuple(label.split(SEPARATOR))


def join_names(names: Iterable[str], class_names: Sequence[str]) -> str:
    """Join classes into a label, in the order of ``class_names``; “–” without any.

    Names that are not in ``class_names`` come last, in their own order.
    """
    indices = {name: index for index, name in enumerate(class_names)}
    ordered = sorted(dict.fromkeys(names), key=lambda name: indices.get(name, len(indices)))
    return SEPARATOR.join(ordered) if ordered else NONE_OF_THEM


def split_cell(text: str, separator: re.Pattern[str] = _ANY_SEPARATOR) -> tuple[str, ...] | None:
    """Parse a cell with several labels: its classes, () for none of them, None if the cell is empty.

    Labels are separated by “;” or “|”, narrow or wide. “–”, “-” and “none” mean none of the classes.
    """
    names = tuple(dict.fromkeys(name for piece in separator.split(text) if (name := clean_label(piece))))
    if not names:
        return None
    if all(name.casefold() in _NAMES_OF_NONE for name in names):
        return ()
    return tuple(name for name in names if name.casefold() not in _NAMES_OF_NONE)


def union_of(one: str, other: str) -> str:
    """Combine two labels of the same picture."""
    if not (one and other):
        return one or other
    return join_names((*label_names(one), *label_names(other)), ())


def without(label: str, name: str) -> str:
    """Remove a class from a label; “–” if it was the only one. An unlabelled picture stays unlabelled."""
    names = [other for other in label_names(label) if other not in label_names(name)]
    return label if len(names) == len(label_names(label)) else join_names(names, ())


def require_plain_names(names: Iterable[str], task: Task) -> None:
    """Refuse class names that would be parsed as several labels, or as none.

    Raises:
        ClassNameError: the first such name.
    """
    if task is not Task.MULTI_LABEL:
        return
    for name in names:
        if any(sign in name for sign in _SEPARATORS):
            raise ClassNameError(
                N_(
                    "The class name “{name}” contains “;” or “|”, which separate the labels of a picture here. "
                    "Choose a name without them."
                ),
                name=name,
            )
        if name.casefold() in _NAMES_OF_NONE:
            raise ClassNameError(
                N_(
                    "A class cannot be called “{name}” here, because that label means none of the classes. "
                    "Choose another name."
                ),
                name=name,
            )


def named_classes(labels: pd.Series, task: Task) -> pd.Series:
    """Expand labels into single classes: one row for each, with the index of its picture.

    Pictures without a class have no row.
    """
    if task is not Task.MULTI_LABEL:
        return labels[labels != ""]
    names = labels.map({label: label_names(label) for label in labels.unique()}).explode().dropna()
    return names.astype("str")


def by_class(pictures: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Repeat the rows of a manifest for each of their classes, with the class as ``label``."""
    named = named_classes(pictures["label"], task)
    return pictures.loc[named.index].assign(label=named.to_numpy())


def first_classes(labels: pd.Series, task: Task) -> pd.Series:
    """Return the first class of each label, "" if there is none, for sorting and colouring."""
    if task is not Task.MULTI_LABEL:
        return labels
    first = {label: next(iter(label_names(label)), "") for label in labels.unique()}
    return labels.map(first).astype("str")


def shows_class(labels: pd.Series, name: str, task: Task) -> pd.Series:
    """Mark the labels that contain this class: bool, indexed alike."""
    if task is not Task.MULTI_LABEL:
        return labels == name
    return labels.map({label: name in label_names(label) for label in labels.unique()}).astype(np.bool_)


def renamed(labels: pd.Series, new_names: Mapping[str, str], class_names: Sequence[str]) -> pd.Series:
    """Rename classes in labels; the result is in the order of ``class_names``.

    Args:
        new_names: new names by old ones; "" removes a class. A picture that loses its last
            class becomes unlabelled: it is unknown whether it shows none of the others.
    """
    return labels.map(
        {label: renamed_label(label, new_names, class_names) for label in labels.unique()}
    ).astype("str")


def renamed_label(label: str, new_names: Mapping[str, str], class_names: Sequence[str]) -> str:
    """Rename classes in one label; see ``renamed``."""
    names = label_names(label)
    if not names:
        return label
    remaining = [name for name in (new_names.get(name, name) for name in names) if name]
    return join_names(remaining, class_names) if remaining else ""


def multi_hot(labels: pd.Series, class_names: Sequence[str]) -> np.ndarray:
    """Encode labels as targets: float32, shape (labels, classes), 1 where a label contains the class, else 0."""
    codes, unique = pd.factorize(labels)
    table = np.zeros((len(unique), len(class_names)), np.float32)
    columns = {name: column for column, name in enumerate(class_names)}
    for row, label in enumerate(unique):
        for name in label_names(str(label)):
            if name in columns:
                table[row, columns[name]] = 1
    targets: np.ndarray = table[codes]
    return targets


def joined_labels(targets: np.ndarray, class_names: Sequence[str]) -> list[str]:
    """Decode targets into labels, the inverse of ``multi_hot``; “–” for a row without a class."""
    return [
        SEPARATOR.join(name for name, shows in zip(class_names, row, strict=True) if shows) or NONE_OF_THEM
        for row in np.asarray(targets)
    ]
