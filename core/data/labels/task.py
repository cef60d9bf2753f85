"""Classification tasks: one class or several labels for each picture."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """Kind of label that each picture of a dataset has."""

    # Exactly one class, of two or more.
    MULTI_CLASS = "multi_class"
    # Any number of classes at once, also none.
    MULTI_LABEL = "multi_label"
