"""Class names: validation, and their order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from core.data.labels.label_sets import join_names, require_plain_names, split_cell
from core.data.labels.layout import clean_label
from core.data.labels.task import Task
from core.errors import ClassNameError
from core.messages import N_
from core.natural_order import natural_order

MAX_CLASS_NAME_LENGTH = 120


def checked_class_name(name: str, others: Iterable[str]) -> str:
    """Check a class name and return it in the form that is stored.

    Raises:
        ClassNameError: the name is empty, too long, or that of another class.
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
    """Check a label and return it in the form that is stored; "" means no label.

    A label can name new classes. In a multi-label dataset it can name several (“cat; dog”), or
    none of them (“–” or “none”).

    Raises:
        ClassNameError: a new class has an invalid name.
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
    """Add classes that only labels name so far.

    They are inserted if the order is the natural one, and appended if the user chose the order.
    """
    known = list(names)
    new = sorted(set(labels) - set(known) - {""}, key=natural_order)
    is_natural = known == sorted(known, key=natural_order)
    return sorted([*known, *new], key=natural_order) if is_natural else [*known, *new]
