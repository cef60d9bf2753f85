"""Chart of a confusion matrix, readable from 2 to 200 classes.

Right answers and mistakes have colours of their own. The square root of a cell's value is its
shade: a class that is right in 90% still shows a mistake of 1%. Cells without pictures are empty,
so that the figure stays small. Beyond ``MAX_MATRIX_CLASSES`` classes the most confused are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from plotly.graph_objects import Figure, Heatmap, Scatter

from core.evaluation.confusion import most_confused
from core.evaluation.mistakes.cells import ConfusionCells
from pages.ui.charts import column_axis, plain, row_axis
from pages.ui.text import _, ngettext, number, percent

MAX_MATRIX_CLASSES, MOST_CONFUSED_SHOWN = 200, 60
_MAX_LABELLED_CELLS = 20
# So pale that the page's text colour is readable on every cell, in both themes: right answers
# (-1) to mistakes (1).
_CELL_COLOURS = [[0, "rgba(31,158,143,0.6)"], [0.5, "rgba(142,142,150,0.04)"], [1, "rgba(224,121,58,0.6)"]]
# Of small cells, which hold no text.
_SMALL_CELL_COLOURS = [[0, "rgba(31,158,143,1)"], [0.5, "rgba(142,142,150,0.2)"], [1, "rgba(224,121,58,1)"]]
_GROUND = "rgba(142,142,150,0.06)"
_CELL_PIXELS, _LEAST_PIXELS, _MOST_PIXELS, _MANY_CLASSES_PIXELS = 44, 320, 760, 900
# From so many classes on, cells are smaller than the gaps are worth.
_GAPLESS, _MANY_CLASSES = 100, 60


class Shading(StrEnum):
    """Values that the cells show."""

    COUNTS = "counts"
    ROWS = "rows"
    COLUMNS = "columns"


def shown_classes(cells: ConfusionCells, num_classes: int) -> np.ndarray:
    """Choose the classes that a matrix draws: int64, ascending; all up to ``MAX_MATRIX_CLASSES``."""
    if num_classes <= MAX_MATRIX_CLASSES:
        return np.arange(num_classes)
    return np.array(most_confused(cells.counts[:num_classes, :num_classes], MOST_CONFUSED_SHOWN))


def confusion_heatmap(
    cells: ConfusionCells,
    class_names: Sequence[str],
    *,
    order: np.ndarray | None = None,
    shading: Shading = Shading.ROWS,
) -> Figure:
    """Draw true classes as rows and answers as columns.

    A click on a cell reports ``cell_number``. Shares are those of the whole row or column, also
    where only some classes are drawn.

    Args:
        order: the classes to draw, int64; by default ``shown_classes``. “None” follows, where there is one.
    """
    num_classes, size = len(class_names), len(cells.counts)
    order = shown_classes(cells, num_classes) if order is None else order
    shown = np.concatenate([order, np.arange(num_classes, size)])
    rows, columns = axis_names(class_names, size)
    part = np.ix_(shown, shown)
    counts = cells.counts[part]
    shares = {Shading.ROWS: cells.row_shares, Shading.COLUMNS: cells.column_shares}
    figure = Figure(
        Heatmap(
            z=_shades(counts, shares[shading][part] if shading in shares else None, shown),
            customdata=np.array([[row * size + column for column in shown] for row in shown], np.int32),
            text=_hover_texts(cells, class_names, shown),
            hovertemplate="%{text}<extra></extra>",
            hoverongaps=False,
            colorscale=_CELL_COLOURS if len(shown) <= _MAX_LABELLED_CELLS else _SMALL_CELL_COLOURS,
            zmin=-1,
            zmax=1,
            showscale=False,
            xgap=0 if len(shown) > _GAPLESS else 2,
            ygap=0 if len(shown) > _GAPLESS else 2,
        )
    )
    if len(shown) <= _MAX_LABELLED_CELLS:
        figure.add_trace(_cell_texts(counts, shares[shading][part] if shading in shares else None))
    side = min(_MOST_PIXELS, max(_LEAST_PIXELS, 60 + _CELL_PIXELS * len(shown)))
    titles = (_("the classifier's answer"), _("the true class"))
    figure.update_layout(
        height=_MANY_CLASSES_PIXELS if len(shown) > _MANY_CLASSES else side,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        showlegend=False,
        plot_bgcolor=_GROUND,
        xaxis=column_axis([columns[index] for index in shown])
        | {"title": {"text": titles[0], "standoff": 12}},
        yaxis=row_axis([rows[index] for index in shown]) | {"title": {"text": titles[1], "standoff": 12}},
    )
    return figure


def cell_number(cells: ConfusionCells, true: int, answer: int) -> int:
    """Number of a cell, as the chart reports it."""
    return true * len(cells.counts) + answer


def axis_names(class_names: Sequence[str], size: int) -> tuple[list[str], list[str]]:
    """Names of rows and columns: the classes, and with several labels “none”."""
    none = size > len(class_names)
    return (
        [*class_names, *([_("nothing missed")] if none else [])],
        [*class_names, *([_("nothing added")] if none else [])],
    )


class CellTexts:
    """Sentences about cells, translated once for all cells; None as a name is “none”."""

    def __init__(self) -> None:
        self._added, self._missed = _("{answer} added"), _("{true} missed")
        self._right, self._confused = _("{true} right"), _("{true} taken for {answer}")

    def of(self, true: str | None, answer: str | None) -> str:
        """Say what a cell counts, by the names of its classes."""
        if true is None:
            return self._added.format(answer=answer)
        if answer is None:
            return self._missed.format(true=true)
        return (self._right if true == answer else self._confused).format(true=true, answer=answer)


def _shades(counts: np.ndarray, shares: np.ndarray | None, shown: np.ndarray) -> np.ndarray:
    """Shade of each cell: float32, -1 to 0 of right answers, 0 to 1 of mistakes, NaN without pictures."""
    is_right = np.eye(len(shown), dtype=bool)
    if shares is None:
        values = counts.astype(np.float64)
        for part in (is_right, ~is_right):
            values[part] /= max(1, values[part].max(initial=0))
    else:
        values = shares
    shades = np.where(is_right, -np.sqrt(values), np.sqrt(values)).astype(np.float32)
    return np.where(counts > 0, shades, np.float32(np.nan))


def _hover_texts(
    cells: ConfusionCells, class_names: Sequence[str], shown: np.ndarray
) -> list[list[str | None]]:
    names: list[str | None] = [f"<b>{plain(name)}</b>" for name in class_names]
    names += [None] * (len(cells.counts) - len(class_names))
    row_shares, column_shares = cells.row_shares, cells.column_shares
    sentences, of_row = CellTexts(), _("{share} of {name}")
    of_column = _("{share} of the answers {name}")
    one, many = (ngettext("{n} picture", "{n} pictures", n) for n in (1, 2))
    texts: list[list[str | None]] = [[None] * len(shown) for _row in shown]
    for i, j in zip(*np.nonzero(cells.counts[np.ix_(shown, shown)]), strict=True):
        row, column = shown[i], shown[j]
        true, answer, count = names[row], names[column], int(cells.counts[row, column])
        lines = [sentences.of(true, answer), (one if count == 1 else many).format(n=number(count))]
        if true is not None:
            lines.append(of_row.format(share=plain(percent(row_shares[row, column])), name=true))
        if answer is not None:
            lines.append(of_column.format(share=plain(percent(column_shares[row, column])), name=answer))
        texts[i][j] = "<br>".join(lines)
    return texts


def _cell_texts(counts: np.ndarray, shares: np.ndarray | None) -> Scatter:
    """Build the trace of the values above 0, as text on their cells.

    A trace of its own, in the page's text colour: Plotly picks a heatmap's text colour by the cell's
    colour, without its opacity.
    """
    rows, columns = np.nonzero(counts)
    texts = (
        [str(count) for count in counts[rows, columns].tolist()]
        if shares is None
        else [f"{share:.0%}" if share >= 0.01 else "&lt;1%" for share in shares[rows, columns].tolist()]
    )
    return Scatter(x=columns.tolist(), y=rows.tolist(), text=texts, mode="text", hoverinfo="skip")
