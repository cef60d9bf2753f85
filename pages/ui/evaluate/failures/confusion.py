"""Confusion matrix of the test pictures, the most frequent confusions, and the pictures of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import streamlit as st

from core.data.labels.task import Task
from core.evaluation.confusion import confused_pairs
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.mistakes.cells import ConfusionCells, confusion_cells
from core.evaluation.mistakes.class_order import similarity_order
from core.messages import N_
from pages.ui import state
from pages.ui.components.live_chart import clicked_mark, live_chart
from pages.ui.confusion_chart import (
    MAX_MATRIX_CLASSES,
    Shading,
    cell_number,
    confusion_heatmap,
    shown_classes,
)
from pages.ui.evaluate.failures.downloads import confusion_downloads
from pages.ui.evaluate.failures.pictures import show_cell_pictures
from pages.ui.evaluate.failures.together import show_together
from pages.ui.evaluate.quality.metric_table import table_height
from pages.ui.text import _, number

_CHART = "confusion"
_MOST_PAIRS = 2000  # in the list; 100 kB
_LIST_PIXELS = 420
_BUTTONS_PIXELS = 32
_COUNT_PIXELS, _SHARE_PIXELS = 65, 55  # beside the matrix there is little room
# a larger matrix takes the whole width, and its list stands below
_MOST_CLASSES_BESIDE_LIST = 30
_SHADINGS = {
    Shading.COUNTS: N_("Counts"),
    Shading.ROWS: N_("By true class"),
    Shading.COLUMNS: N_("By answer"),
}
_ORDERS = {"similar": N_("Similar together"), "project": N_("As in the project")}


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Confusion matrix of a run, with the names of its classes."""

    run: str
    task: Task
    class_names: tuple[str, ...]
    cells: ConfusionCells

    @cached_property
    def drawn_classes(self) -> np.ndarray:
        """Classes that the chart draws, in the project's order: int64."""
        return shown_classes(self.cells, len(self.class_names))

    def ordered(self, order: str) -> np.ndarray:
        """Classes that the chart draws, int64, in an order of ``_ORDERS``."""
        drawn = self.drawn_classes
        if order != "similar":
            return drawn
        similar: np.ndarray = drawn[similarity_order(self.cells.counts[np.ix_(drawn, drawn)])]
        return similar


def show_part(evaluated: EvaluatedRun) -> None:
    """Draw the confusion matrix with its list, and the pictures of the chosen cell."""
    matrix = Matrix(
        run=evaluated.run.name,
        task=evaluated.dataset.task,
        class_names=evaluated.dataset.class_names,
        cells=confusion_cells(evaluated.test),
    )
    _accept_click(matrix)
    st.subheader(_("Confusion matrix"), anchor=False, help=_help(matrix.task))
    shading, order = _controls(matrix)
    is_small = len(matrix.drawn_classes) <= _MOST_CLASSES_BESIDE_LIST
    chart, pairs = st.columns([3, 2], gap="medium") if is_small else (st.container(), st.container())
    with chart:
        figure = confusion_heatmap(
            matrix.cells, matrix.class_names, order=matrix.ordered(order), shading=shading
        )
        # room for the buttons, which would lie on the first row
        figure.update_layout(margin_t=_BUTTONS_PIXELS, height=figure.layout.height + _BUTTONS_PIXELS)
        live_chart(figure, key=_CHART, of=matrix.run, clickable=True)
        st.caption(_below(matrix))
    with pairs:
        _list(matrix)
    if matrix.task is Task.MULTI_LABEL:
        show_together(evaluated)
    show_cell_pictures(evaluated, matrix.cells)


def _accept_click(matrix: Matrix) -> None:
    mark = clicked_mark(_CHART)
    if mark is not None and mark < matrix.cells.counts.size:
        state.choose_cell(matrix.run, mark)
        # the list shows another row as chosen
        state.count_up("confusions")


def _help(task: Task) -> str:
    if task is Task.MULTI_CLASS:
        return _("Rows are the true classes, columns the answers. The diagonal is right.")
    return _(
        "Rows are labels that pictures show, columns the answers. The diagonal counts labels that were found. A label that was missed counts against each label wrongly added to the same picture; with none added, it stands in the last column. A label added to a picture where nothing was missed stands in the last row."
    )


def _controls(matrix: Matrix) -> tuple[Shading, str]:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="confusion-look"
    ):
        shading = st.segmented_control(
            _("Values"),
            list(_SHADINGS),
            default=Shading.COUNTS,
            required=True,
            format_func=lambda code: _(_SHADINGS[code]),
            label_visibility="collapsed",
            key="confusion-shading",
            width="content",
        )
        order = st.segmented_control(
            _("Order of the classes"),
            list(_ORDERS),
            default="similar",
            required=True,
            format_func=lambda code: _(_ORDERS[code]),
            label_visibility="collapsed",
            key="confusion-order",
            width="content",
        )
        confusion_downloads(matrix.run, matrix.cells, matrix.class_names)
    return shading, order


def _below(matrix: Matrix) -> str:
    if len(matrix.class_names) > MAX_MATRIX_CLASSES:
        return _(
            "The {shown} most confused of {n} classes; the list has the mistakes of all. Press a cell to see its pictures."
        ).format(shown=len(matrix.drawn_classes), n=number(len(matrix.class_names)))
    return _("Press a cell to see its pictures. Green is right, orange wrong.")


def _list(matrix: Matrix) -> None:
    """Draw the most frequent confusions; a chosen row shows its pictures."""
    pairs = confused_pairs(matrix.cells.counts, _MOST_PAIRS)
    if not pairs:
        st.success(_("Every test picture is right."), icon=":material/check_circle:")
        return
    names = [*matrix.class_names, "–"]
    shares = matrix.cells.row_shares
    table = pd.DataFrame(
        {
            "true": [names[pair.true] for pair in pairs],
            "answer": [names[pair.predicted] for pair in pairs],
            "count": [pair.count for pair in pairs],
            "share": [100 * shares[pair.true, pair.predicted] for pair in pairs],
        }
    )
    key = f"confusions-{matrix.run}-{state.counter('confusions')}"

    def choose_row() -> None:
        chosen = state.selected_rows(key)
        cell = (
            cell_number(matrix.cells, pairs[chosen[0]].true, pairs[chosen[0]].predicted) if chosen else None
        )
        state.choose_cell(matrix.run, cell)

    st.dataframe(
        table,
        hide_index=True,
        on_select=choose_row,
        selection_mode="single-row",
        column_config={
            "true": st.column_config.TextColumn(_("True class")),
            "answer": st.column_config.TextColumn(_("Answer")),
            "count": st.column_config.NumberColumn(_("Pictures"), width=_COUNT_PIXELS),
            "share": st.column_config.NumberColumn(
                _("Share"),
                format="%.0f%%",
                width=_SHARE_PIXELS,
                help=_("Of the pictures in this row of the matrix"),
            ),
        },
        height=min(_LIST_PIXELS, table_height(len(pairs))),
        key=key,
    )
