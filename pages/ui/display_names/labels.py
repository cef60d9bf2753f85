"""Labels of a picture as text."""

from __future__ import annotations

from core.data.labels.label_sets import NONE_OF_THEM, label_names
from core.data.labels.task import Task
from core.evaluation.foreign.outputs import OTHER_CLASS
from pages.ui.text import _


def label_text(label: str) -> str:
    """Format a label for users."""
    if label == NONE_OF_THEM:
        return _("none of the classes")
    return _(OTHER_CLASS) if label == OTHER_CLASS else label


def mistake_text(task: Task, label: str, answer: str) -> str:
    """Format a wrong answer: “cat → dog”; with several labels the missed and the wrongly added: “−dog +cat”."""
    if task is Task.MULTI_CLASS:
        given = answer or _("no answer")
        return f"{label} → {given}"
    shown, answered = label_names(label), label_names(answer)
    missed = [f"−{name}" for name in shown if name not in answered]
    added = [f"+{name}" for name in answered if name not in shown]
    return " ".join([*missed, *added])
