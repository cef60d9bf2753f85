"""Pictures of a cell of the confusion matrix, or of all mistakes, to look at and put right."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import relabel_each
from core.data.labels.label_sets import label_names
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.doctor.report import dismiss, dismissals, undismiss
from core.doctor.sentences import FindingKind
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.mistakes.cells import ConfusionCells, all_mistakes, pictures_of_cell
from core.evaluation.mistakes.edits import later_edits
from core.workspace import Project, project_of
from pages.ui import state
from pages.ui.components.picture_grid import GridAction, GridEvent, picture_grid
from pages.ui.confusion_chart import CellTexts
from pages.ui.editing.actions import (
    changes_of,
    exclusion_actions,
    label_action,
    multi_label_actions,
    undo_actions,
)
from pages.ui.editing.changes import apply_change, last_change
from pages.ui.evaluate.failures.closer_look import look_action, look_closer, show_looked_at
from pages.ui.evaluate.failures.tiles import TestTiles
from pages.ui.text import _, escape, ngettext, number

_PER_PAGE = 48
_TILE_PIXELS = 150


@st.fragment
def show_cell_pictures(evaluated: EvaluatedRun, cells: ConfusionCells) -> None:
    """Draw the pictures of the chosen cell, or all mistakes. A fragment: acting on them redraws nothing else."""
    project = project_of(evaluated.run)
    current = open_dataset(project)
    edits = later_edits(evaluated.dataset, current)
    cell = _chosen_cell(evaluated, cells)
    pictures = _pictures(evaluated, cell)
    if cell is not None or len(pictures):
        _heading(evaluated, cell, len(pictures))
    last_change(project, current)
    if not len(pictures):
        return
    tiles = TestTiles(
        project=project,
        evaluated=evaluated,
        edits=edits,
        right={id_ for kind, id_ in dismissals(project) if kind == FindingKind.WRONG_LABELS.value},
    )
    st.caption(_counts_later(edits.count))
    name = f"{evaluated.run.name}-{'all' if cell is None else '-'.join(map(str, cell))}"
    shown = _page(name, pictures)
    shown = np.array([index for index in shown if tiles.id_of(index) not in edits.gone], np.int64)
    event = picture_grid(
        tiles.tiles(shown, in_cell=cell is not None),
        key=f"mistakes-{name}",
        label=_("Test pictures"),
        actions=_actions(tiles, current, shown),
        tile_pixels=_TILE_PIXELS,
        whole_captions=True,
    )
    if event is not None:
        _act(tiles, current, event)
    show_looked_at(evaluated)


def _chosen_cell(evaluated: EvaluatedRun, cells: ConfusionCells) -> tuple[int, int] | None:
    """Return row and column of the chosen cell; None for all mistakes."""
    mark = state.chosen_cell(evaluated.run.name)
    if mark is None or mark >= cells.counts.size:
        return None
    row, column = divmod(mark, len(cells.counts))
    return (row, column) if cells.counts[row, column] else None


def _pictures(evaluated: EvaluatedRun, cell: tuple[int, int] | None) -> np.ndarray:
    """List the test pictures to show, int64 (n,)."""
    if cell is not None:
        return pictures_of_cell(evaluated.test, *cell)
    ids = evaluated.dataset.pictures["id"].iloc[evaluated.rows(Split.TEST)]
    confidence = evaluated.predictions.set_index("id")["confidence"].loc[ids]
    return all_mistakes(evaluated.test, confidence.to_numpy())


def _heading(evaluated: EvaluatedRun, cell: tuple[int, int] | None, count: int) -> None:
    pictures = ngettext("{n} picture", "{n} pictures", count).format(n=number(count))
    if cell is None:
        st.subheader(_("All mistakes"), anchor=False, help=_mistakes_help(evaluated.dataset.task))
        st.markdown(
            _(
                "{pictures}, the surest answers first. Sometimes the label is wrong, not the classifier."
            ).format(pictures=pictures)
        )
        return
    names: list[str | None] = [escape(name) for name in evaluated.dataset.class_names]
    names.append(None)
    with st.container(horizontal=True, vertical_alignment="center", key="cell-heading"):
        st.subheader(
            f"{CellTexts().of(names[cell[0]], names[cell[1]])} · {pictures}", anchor=False, width="content"
        )
        if st.button(_("Show all mistakes"), type="tertiary", icon=":material/close:", key="all-mistakes"):
            state.choose_cell(evaluated.run.name, None)
            state.count_up("confusions")
            st.rerun()


def _mistakes_help(task: Task) -> str:
    if task is Task.MULTI_CLASS:
        return _("true class → predicted class, then the three most probable classes")
    return _("− a label that was missed, + one that was wrongly added; then the three most probable classes")


def _counts_later(edited: int) -> str:
    text = _(
        "What you change here counts from the next run on: this report keeps the labels it was made with."
    )
    if not edited:
        return text
    since = ngettext(
        "{n} test picture was changed since.", "{n} test pictures were changed since.", edited
    ).format(n=number(edited))
    return f"{text} {since}"


def _page(name: str, pictures: np.ndarray) -> np.ndarray:
    """Draw the page numbers and return the test pictures of the page."""
    pages, page = -(-len(pictures) // _PER_PAGE), 1
    if pages > 1:
        page = st.pagination(pages, key=f"mistakes-page-{name}", persist_state="session")
    return pictures[(page - 1) * _PER_PAGE : page * _PER_PAGE]


def _actions(tiles: TestTiles, current: Dataset, shown: np.ndarray) -> list[GridAction]:
    """Build the actions that make sense for at least one of the shown pictures."""
    ids = [tiles.id_of(index) for index in shown.tolist()]
    pictures = current.all_pictures
    actions = []
    if _answers(tiles, current, ids):
        actions.append(GridAction(id="accept", label=_("Accept answer"), key="a"))
    actions.append(GridAction(id="right", label=_("Label is right"), key="r"))
    if tiles.right & set(ids):
        actions.append(GridAction(id="doubt", label=_("Not sure after all"), key="d"))
    return [
        *actions,
        label_action(current, digits=False),
        *multi_label_actions(current),
        *exclusion_actions(pictures[pictures["id"].isin(ids)]),
        look_action(),
        *undo_actions(tiles.project, current),
    ]


def _answers(tiles: TestTiles, current: Dataset, ids: list[str]) -> dict[str, str]:
    """Return the answers by id that differ from the label and name only classes that there still are."""
    known, answers = set(current.all_class_names), {}
    for identifier in ids:
        index = tiles.indices[identifier]
        answer = tiles.answer_of(index)
        names = label_names(answer) if current.task is Task.MULTI_LABEL else (answer,)
        if answer != tiles.label_of(index) and known.issuperset(names):
            answers[identifier] = answer
    return answers


def _act(tiles: TestTiles, current: Dataset, event: GridEvent) -> None:
    project: Project = tiles.project
    if event.action == "look":
        look_closer(event)
    if event.action in {"right", "doubt"}:
        remember = dismiss if event.action == "right" else undismiss
        remember(project, FindingKind.WRONG_LABELS, event.ids)
        st.rerun()
    changes = changes_of(project, current, event)
    changes["accept"] = lambda: relabel_each(project, _answers(tiles, current, list(event.ids)))
    apply_change(project, changes[event.action])
