"""Figures of many classes: bounded in size, and still about the classes that matter."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.mistakes.cells import ConfusionCells, confusion_cells
from pages.ui.charts import MAX_BARS, class_counts
from pages.ui.confusion_chart import MAX_MATRIX_CLASSES, Shading, cell_number, confusion_heatmap
from tests.support.predictions import multi_label

THOUSAND = [f"species {number:04d} of the garden" for number in range(1000)]
MAX_BYTES = 2_000_000


def confusion_of(num_classes: int) -> np.ndarray:
    """20 pictures a class: 14 right, the others anywhere."""
    generator = np.random.default_rng(0)
    confusion = np.diag(np.full(num_classes, 14))
    for row in range(num_classes):
        np.add.at(confusion[row], generator.integers(0, num_classes, 6), 1)
    return confusion


def test_every_chart_that_can_be_saved_is_named_after_its_run_or_project() -> None:
    """Otherwise all are saved as ``plot-image.png`` or as ``confusion.png``: a constant key names no run."""
    unnamed = []
    for file in (Path(__file__).parents[2] / "pages").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "live_chart":
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                names_it = "of" in given or not isinstance(given["key"], ast.Constant)
                if "mode_bar" not in given and not names_it:
                    unnamed.append(f"{file}:{call.lineno}")
    assert unnamed == []


def test_a_confusion_matrix_of_a_thousand_classes_stays_small() -> None:
    """It was 45 MB, and the page froze for 103 s."""
    figure = confusion_heatmap(ConfusionCells.of_counts(confusion_of(1000)), THOUSAND)
    assert len(figure.to_json()) <= MAX_BYTES
    assert len(figure.data[0].z) <= MAX_MATRIX_CLASSES


def test_the_largest_whole_matrix_stays_small() -> None:
    cells = ConfusionCells.of_counts(confusion_of(MAX_MATRIX_CLASSES))
    figure = confusion_heatmap(cells, THOUSAND[:MAX_MATRIX_CLASSES])
    assert len(figure.data[0].z) == MAX_MATRIX_CLASSES
    assert len(figure.to_json()) <= MAX_BYTES


def test_the_most_confused_classes_are_drawn_with_shares_of_their_whole_row() -> None:
    """Of 100 pictures of class 70, 40 are taken for class 90, and 10 for one that is not drawn."""
    confusion = np.diag(np.full(1000, 100))
    confusion[70, 70], confusion[70, 90], confusion[70, 500] = 50, 40, 10
    for first in range(100, 160, 2):
        confusion[first, first + 1] = 20
    figure = confusion_heatmap(ConfusionCells.of_counts(confusion), THOUSAND)
    numbers = figure.data[0].customdata[:, 0] // 1000
    assert {70, 90} <= set(numbers.tolist())
    assert 500 not in numbers
    row, column = numbers.tolist().index(70), numbers.tolist().index(90)
    assert figure.data[0].z[row][column] ** 2 == pytest.approx(0.4)
    assert (
        figure.data[0]
        .text[row][column]
        .endswith(
            "<br>40 pictures<br>40% of <b>species 0070 of the garden</b><br>28.6% of the answers <b>species 0090 of the garden</b>"
        )
    )


def test_a_cell_of_a_reordered_matrix_keeps_its_number() -> None:
    """Rows and columns stand in the order 2, 0, 1; of class 2, one picture is taken for 0."""
    cells = ConfusionCells.of_counts(np.array([[4, 0, 0], [0, 5, 0], [1, 0, 3]]))
    figure = confusion_heatmap(cells, ["a", "b", "c"], order=np.array([2, 0, 1]), shading=Shading.COUNTS)
    assert list(figure.layout.xaxis.ticktext) == ["c", "a", "b"]
    assert figure.data[0].customdata[0][1] == cell_number(cells, 2, 0) == 6
    assert list(zip(figure.data[1].x, figure.data[1].y, figure.data[1].text, strict=True)) == [
        (0, 0, "3"),
        (1, 0, "1"),
        (1, 1, "4"),
        (2, 2, "5"),
    ]


def test_right_answers_and_mistakes_have_shades_of_their_own() -> None:
    """-1 is the deepest shade of right answers, 1 that of mistakes, by the square root of the share."""
    cells = ConfusionCells.of_counts(np.array([[3, 1], [0, 4]]))
    by_row = confusion_heatmap(cells, ["a", "b"]).data[0].z
    assert by_row[0].tolist() == pytest.approx([-(0.75**0.5), 0.5])
    assert np.isnan(by_row[1][0])
    assert by_row[1][1] == -1
    counts = confusion_heatmap(cells, ["a", "b"], shading=Shading.COUNTS).data[0].z
    assert counts[0].tolist() == pytest.approx([-(0.75**0.5), 1])
    by_column = confusion_heatmap(cells, ["a", "b"], shading=Shading.COLUMNS).data[0].z
    assert by_column[:, 1].tolist() == pytest.approx([0.2**0.5, -(0.8**0.5)])


def test_missed_and_added_labels_have_a_row_and_a_column_of_their_own() -> None:
    cells = confusion_cells(multi_label([[1, 0], [0, 1], [0, 0]], [[0, 0], [0, 0.9], [0.8, 0]]))
    figure = confusion_heatmap(cells, ["a", "b"])
    assert list(figure.layout.xaxis.ticktext) == ["a", "b", "nothing added"]
    assert list(figure.layout.yaxis.ticktext) == ["a", "b", "nothing missed"]
    assert figure.data[0].text[0][2] == "<b>a</b> missed<br>1 picture<br>100% of <b>a</b>"
    assert figure.data[0].text[2][0] == "<b>a</b> added<br>1 picture<br>100% of the answers <b>a</b>"


def test_classes_that_are_cut_to_the_same_name_stay_apart() -> None:
    names = [f"{'long ' * 8}{number}" for number in range(60)]
    categories = confusion_heatmap(ConfusionCells.of_counts(np.eye(60, dtype=int)), names).layout.xaxis
    assert len(set(categories.categoryarray)) == 60


def test_as_many_bars_as_have_labels() -> None:
    pictures = pd.DataFrame({"label": THOUSAND[:MAX_BARS], "split": "train"})
    figure = class_counts(pictures, THOUSAND[:MAX_BARS])
    assert len(figure.layout.yaxis.ticktext) == MAX_BARS


def _counts_of_a_thousand() -> None:
    import pandas as pd

    from pages.ui.class_counts import show_class_counts

    names = [f"species {number:04d}" for number in range(1000)]
    pictures = pd.DataFrame({"label": names + names[:1], "split": ["train"] * 1000 + ["test"]})
    show_class_counts(pictures, names, key="counts")


def test_the_counts_of_a_thousand_classes_are_a_table_of_all() -> None:
    """A chart of 26,000 pixels froze the page for 124 s."""
    (table,) = AppTest.from_function(_counts_of_a_thousand).run(timeout=300).dataframe
    assert len(table.value) == 1000
    assert table.value.iloc[0].tolist() == ["species 0000", 2, 1, 0, 1]


def _confusion_of_a_thousand() -> None:
    import numpy as np

    from pages.ui.confusion import show_confusion

    confusion = np.diag(np.full(1000, 9))
    confusion[3, 4], confusion[7, 999] = 1, 3
    show_confusion(confusion.tolist(), [f"species {number:04d}" for number in range(1000)], key="confusion")


def test_the_mistakes_of_classes_that_are_not_drawn_are_in_the_table() -> None:
    (table,) = AppTest.from_function(_confusion_of_a_thousand).run(timeout=300).dataframe
    assert table.value.values.tolist() == [
        ["species 0007", "species 0999", 3, 0.25],
        ["species 0003", "species 0004", 1, 0.1],
    ]
