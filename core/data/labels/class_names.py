"""Names of classes: which can be borne, and in which order they stand."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from core.data.labels.label_sets import join_names, require_plain_names, split_cell
from core.data.labels.layout import clean_label
from core.data.labels.task import Task
from core.errors import ClassNameError
from core.messages import N_

MAX_CLASS_NAME_LENGTH = 120
_MOST_DIGITS = 4000  # of a number in a name; Python refuses to read more than 4300


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A sorting key by which class 2 stands before class 10."""
    pieces = [piece for piece in re.split(r"(\d+)", name.casefold()) if piece]
    return [(0, int(piece), "") if _is_number(piece) else (1, 0, piece) for piece in pieces]


def checked_class_name(name: str, others: Iterable[str]) -> str:
    """``name`` in the form it is kept, told apart from the names of the other classes.

    Raises:
        ClassNameError: it is empty, too long, or another class is called so.
    """
    clean = clean_label(name)
    if not clean:
        raise ClassNameError(N_("The class needs a name. Type one, such as “cats”."))
    if len(clean) > MAX_CLASS_NAME_LENGTH:
        raise ClassNameError(
            N_("The class name has {length} characters; at most {limit} are possible. Choose a shorter one."),
            length=len(clean),
            limit=MAX_CLASS_NAME_LENGTH,
        )
    for other in others:
        if other.casefold() == clean.casefold():
            raise ClassNameError(
                N_("There is already a class called “{name}”. Choose another name, or merge the two."),
                name=other,
            )
    return clean


def checked_label(text: str, class_names: Sequence[str], task: Task) -> str:
    """The label that ``text`` gives a picture, in the form it is kept; "" takes the label away.

    It may name classes that are new. Where pictures have several labels it may name several
    (“cat; dog”), or say “–” or “none”.

    Raises:
        ClassNameError: a new class cannot bear its name.
    """
    if task is not Task.MULTI_LABEL:
        return text if not text or text in class_names else checked_class_name(text, class_names)
    names = split_cell(text)
    if names is None:
        return ""
    checked: list[str] = []
    for name in names:
        checked.append(name if name in class_names else checked_class_name(name, [*class_names, *checked]))
    require_plain_names(checked, task)
    return join_names(checked, class_names)


def with_new_classes(names: Iterable[str], labels: Collection[str]) -> list[str]:
    """The classes in their order, with those that only pictures name so far.

    New ones are sorted in where the order is the natural one, and put last where the user chose it.
    """
    kept = list(names)
    new = sorted(set(labels) - set(kept) - {""}, key=natural_order)
    is_natural = kept == sorted(kept, key=natural_order)
    return sorted([*kept, *new], key=natural_order) if is_natural else [*kept, *new]


def _is_number(piece: str) -> bool:
    return piece.isdecimal() and len(piece) <= _MOST_DIGITS
