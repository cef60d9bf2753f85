"""Actions on selected pictures, shared by all sections: buttons and the changes they make."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from core.data.dataset import Dataset
from core.data.editing.labels import add_label, exclude, include, relabel, take_label
from core.data.labels.label_sets import NONE_OF_THEM
from core.data.labels.task import Task
from core.workspace import Project
from pages.ui import state
from pages.ui.components.picture_grid import GridAction, GridEvent
from pages.ui.editing.changes import undo_last
from pages.ui.text import _


def label_action(dataset: Dataset, text: str | None = None, *, digits: bool = True) -> GridAction:
    """Build the action that assigns an existing or new class; with ``digits``, keys 1 to 9 assign the first nine."""
    return GridAction(
        id="label",
        label=text or _("Label …"),
        key="l",
        choices=(*dataset.all_class_names, *none_of_them(dataset)),
        allows_new=True,
        digits=digits,
    )


def none_of_them(dataset: Dataset) -> tuple[str, ...]:
    """Return the choice that a picture shows none of the classes; empty if each picture has exactly one class."""
    return (NONE_OF_THEM,) if dataset.task is Task.MULTI_LABEL else ()


def multi_label_actions(dataset: Dataset) -> list[GridAction]:
    """Build the actions that add or remove a label; none if each picture has exactly one class."""
    if dataset.task is not Task.MULTI_LABEL:
        return []
    names = dataset.all_class_names
    return [
        GridAction(id="also", label=_("Also …"), key="p", choices=names, allows_new=True),
        GridAction(id="not", label=_("Not …"), key="m", choices=names),
    ]


def exclude_action() -> GridAction:
    """Build the action that excludes pictures."""
    return GridAction(id="exclude", label=_("Exclude"), key="x")


def exclusion_actions(shown: pd.DataFrame) -> list[GridAction]:
    """Build the actions that exclude and include, without one that would change none of the shown pictures."""
    actions = []
    if not shown["excluded"].all():
        actions.append(exclude_action())
    if shown["excluded"].any():
        actions.append(GridAction(id="include", label=_("Take back"), key="b"))
    return actions


def undo_actions(project: Project, dataset: Dataset) -> list[GridAction]:
    """Build the action that undoes the last change, if this session made it."""
    if state.changed_version(project.name) != dataset.version:
        return []
    return [GridAction(id="undo", label=_("Undo"), key="z", needs_pictures=False)]


def changes_of(project: Project, dataset: Dataset, event: GridEvent) -> dict[str, Callable[[], Dataset]]:
    """Return the change that each action makes, by action id."""
    return {
        "label": lambda: relabel(project, event.ids, event.choice),
        "also": lambda: add_label(project, event.ids, event.choice),
        "not": lambda: take_label(project, event.ids, event.choice),
        "exclude": lambda: exclude(project, event.ids),
        "include": lambda: include(project, event.ids),
        "undo": lambda: undo_last(project, dataset),
    }
