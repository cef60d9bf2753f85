"""Labels that name several classes at once: how they are written, read and counted.

A manifest holds a picture's classes in one text, in the order of the classes:
“cat; dog”. “–” says that someone looked and it shows none of them, which is learnt
from; "" that nobody has said yet, which is not.
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
_PARTING_SIGNS = ";|；｜"  # what people put between labels, also on a Chinese keyboard
_PARTING = re.compile(f"[{re.escape(_PARTING_SIGNS)}]")
_NONE_WORDS = frozenset({NONE_OF_THEM, "-", "—", "none", "无"})


def label_names(label: str) -> tuple[str, ...]:
    """The classes that a manifest's label names; none for "" and for “–”."""
    return () if label in {"", NONE_OF_THEM} else tuple(label.split(SEPARATOR))


def join_names(names: Iterable[str], class_names: Sequence[str]) -> str:
    """The label that says of a labelled picture that it shows these classes, in the order of ``class_names``.

    Names that are no class yet stand last, in their own order.
    """
    places = {name: place for place, name in enumerate(class_names)}
    ordered = sorted(dict.fromkeys(names), key=lambda name: places.get(name, len(places)))
    return SEPARATOR.join(ordered) if ordered else NONE_OF_THEM


def split_cell(text: str, parting: re.Pattern[str] = _PARTING) -> tuple[str, ...] | None:
    """Parse a cell with several labels: its classes, () for none of them, None if the cell is empty.

    Labels are parted by “;” or “|”, narrow or wide. “–”, “-” and “none” say that it shows none of them.
    """
    names = tuple(dict.fromkeys(name for piece in parting.split(text) if (name := clean_label(piece))))
    if not names:
        return None
    if all(name.casefold() in _NONE_WORDS for name in names):
        return ()
    return tuple(name for name in names if name.casefold() not in _NONE_WORDS)


def union_of(one: str, other: str) -> str:
    """Combine two labels of the same picture."""
    if not (one and other):
        return one or other
    return join_names((*label_names(one), *label_names(other)), ())


def without(label: str, name: str) -> str:
    """Remove a class from a label; “–” if it named nothing else.

    Without a label it stays so: of the other classes nobody has said anything.
    """
    names = [other for other in label_names(label) if other not in label_names(name)]
    return label if len(names) == len(label_names(label)) else join_names(names, ())


def require_plain_names(names: Iterable[str], task: Task) -> None:
    """Refuse class names that would be read as several labels, or as none.

    Raises:
        ClassNameError: one of them is.
    """
    if task is not Task.MULTI_LABEL:
        return
    for name in names:
        if any(sign in name for sign in _PARTING_SIGNS):
            raise ClassNameError(
                N_(
                    "The class name “{name}” holds “;” or “|”, which stand between the labels of a picture here. "
                    "Choose a name without them."
                ),
                name=name,
            )
        if name.casefold() in _NONE_WORDS:
            raise ClassNameError(
                N_(
                    "A class cannot be called “{name}” here: that says of a picture that it shows none of the classes. "
                    "Choose another name."
                ),
                name=name,
            )


def named_classes(labels: pd.Series, task: Task) -> pd.Series:
    """The single classes that labels name: one row for each, with the index of its picture.

    Where a picture has one label that is that label. Pictures without a class have no row.
    """
    if task is not Task.MULTI_LABEL:
        return labels[labels != ""]
    names = labels.map({label: label_names(label) for label in labels.unique()}).explode().dropna()
    return names.astype("str")


def by_class(pictures: pd.DataFrame, task: Task) -> pd.DataFrame:
    """The rows of a manifest that show a class, each once for every class that it shows, as its ``label``."""
    named = named_classes(pictures["label"], task)
    return pictures.loc[named.index].assign(label=named.to_numpy())


def first_classes(labels: pd.Series, task: Task) -> pd.Series:
    """One class for each label, "" for those that name none: where a picture can stand in one place only."""
    if task is not Task.MULTI_LABEL:
        return labels
    first = {label: next(iter(label_names(label)), "") for label in labels.unique()}
    return labels.map(first).astype("str")


def shows_class(labels: pd.Series, name: str, task: Task) -> pd.Series:
    """bool, indexed alike: which labels name this class."""
    if task is not Task.MULTI_LABEL:
        return labels == name
    return labels.map({label: name in label_names(label) for label in labels.unique()}).astype(np.bool_)


def renamed(labels: pd.Series, new_names: Mapping[str, str], class_names: Sequence[str]) -> pd.Series:
    """Labels with classes called anew, in the order of ``class_names``.

    Args:
        new_names: for classes called anew; "" takes a class away. A picture that loses its
            last class so has no label any more: nobody said that it shows none of the others.
    """

    return labels.map(
        {label: renamed_label(label, new_names, class_names) for label in labels.unique()}
    ).astype("str")


def renamed_label(label: str, new_names: Mapping[str, str], class_names: Sequence[str]) -> str:
    """The same for one label."""
    names = label_names(label)
    if not names:
        return label
    kept = [name for name in (new_names.get(name, name) for name in names) if name]
    return join_names(kept, class_names) if kept else ""


def multi_hot(labels: pd.Series, class_names: Sequence[str]) -> np.ndarray:
    """float32, shape (number of labels, number of classes): 1 where a label names the class, else 0."""
    codes, unique = pd.factorize(labels)
    table = np.zeros((len(unique), len(class_names)), np.float32)
    places = {name: place for place, name in enumerate(class_names)}
    for row, label in enumerate(unique):
        for name in label_names(str(label)):
            if name in places:
                table[row, places[name]] = 1
    targets: np.ndarray = table[codes]
    return targets


def joined_labels(targets: np.ndarray, class_names: Sequence[str]) -> list[str]:
    """The opposite of ``multi_hot``: a label for each row; “–” where it names no class."""
    return [
        SEPARATOR.join(name for name, shows in zip(class_names, row, strict=True) if shows) or NONE_OF_THEM
        for row in np.asarray(targets)
    ]
