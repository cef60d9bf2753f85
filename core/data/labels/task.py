"""Classification tasks: one class or several labels for each picture."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """Kind of label that each picture of a dataset has."""

    MULTI_CLASS = "multi_class"  # exactly one class, of two or more
    MULTI_LABEL = "multi_label"  # any number of classes at once, also none
