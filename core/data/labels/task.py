"""What kind of answer a dataset asks for."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """What a picture is labelled with."""

    MULTI_CLASS = "multi_class"  # exactly one class, of two or more
    MULTI_LABEL = "multi_label"  # any number of classes at once, also none
