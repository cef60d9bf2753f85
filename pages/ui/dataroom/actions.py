"""What can be done with selected pictures, the same in every section: the buttons, and the changes they make."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from core.data.dataset import Dataset
from core.data.editing import exclude, include, relabel
from core.workspace import Project
from pages.ui import state
from pages.ui.components.picture_grid import GridAction, GridEvent
from pages.ui.dataroom.changes import undo_last
from pages.ui.text import _


def label_action(dataset: Dataset, words: str | None = None, *, digits: bool = True) -> GridAction:
    """Give the pictures a class, old or new; with ``digits``, the first nine by their number."""
    return GridAction(
        id="label",
        label=words or _("Label …"),
        key="l",
        choices=dataset.all_class_names,
        allows_new=True,
        digits=digits,
    )


def exclude_action() -> GridAction:
    return GridAction(id="exclude", label=_("Exclude"), key="x")


def exclusion_actions(shown: pd.DataFrame) -> list[GridAction]:
    """Exclude and take back; what would change none of those shown is left away."""
    actions = []
    if not shown["excluded"].all():
        actions.append(exclude_action())
    if shown["excluded"].any():
        actions.append(GridAction(id="include", label=_("Take back"), key="b"))
    return actions


def undo_actions(project: Project, dataset: Dataset) -> list[GridAction]:
    """Take back the last change, if this session made it."""
    if state.changed_version(project.name) != dataset.version:
        return []
    return [GridAction(id="undo", label=_("Undo"), key="z", needs_pictures=False)]


def changes_of(project: Project, dataset: Dataset, event: GridEvent) -> dict[str, Callable[[], Dataset]]:
    """The change that each of these actions makes, by its id."""
    return {
        "label": lambda: relabel(project, event.ids, event.choice),
        "exclude": lambda: exclude(project, event.ids),
        "include": lambda: include(project, event.ids),
        "undo": lambda: undo_last(project, dataset),
    }
