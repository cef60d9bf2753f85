"""Figures of many classes: bounded in size, and still about the classes that matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from pages.ui.charts import MAX_BARS, MAX_MATRIX_CLASSES, class_counts, confusion_heatmap

THOUSAND = [f"species {number:04d} of the garden" for number in range(1000)]
MAX_BYTES = 2_000_000


def confusion_of(num_classes: int) -> np.ndarray:
    """20 pictures a class: 14 right, the others anywhere."""
    generator = np.random.default_rng(0)
    confusion = np.diag(np.full(num_classes, 14))
    for row in range(num_classes):
        np.add.at(confusion[row], generator.integers(0, num_classes, 6), 1)
    return confusion


def test_a_confusion_matrix_of_a_thousand_classes_stays_small() -> None:
    """It was 45 MB, and the page froze for 103 s."""
    figure = confusion_heatmap(confusion_of(1000).tolist(), THOUSAND)
    assert len(figure.to_json()) <= MAX_BYTES
    assert len(figure.data[0].z) <= MAX_MATRIX_CLASSES


def test_the_largest_whole_matrix_stays_small() -> None:
    figure = confusion_heatmap(confusion_of(MAX_MATRIX_CLASSES).tolist(), THOUSAND[:MAX_MATRIX_CLASSES])
    assert len(figure.data[0].z) == MAX_MATRIX_CLASSES
    assert len(figure.to_json()) <= MAX_BYTES


def test_the_most_confused_classes_are_drawn_with_shares_of_their_whole_row() -> None:
    """Of 100 pictures of class 70, 40 are taken for class 90, and 10 for one that is not drawn."""
    confusion = np.diag(np.full(1000, 100))
    confusion[70, 70], confusion[70, 90], confusion[70, 500] = 50, 40, 10
    for first in range(100, 130, 2):
        confusion[first, first + 1] = 20
    figure = confusion_heatmap(confusion.tolist(), THOUSAND)
    names = [row[0][1] for row in figure.data[0].customdata]
    assert {THOUSAND[70], THOUSAND[90]} <= set(names)
    assert THOUSAND[500] not in names
    row, column = names.index(THOUSAND[70]), names.index(THOUSAND[90])
    assert figure.data[0].z[row][column] == 0.4


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
    (table,) = AppTest.from_function(_counts_of_a_thousand).run(timeout=60).dataframe
    assert len(table.value) == 1000
    assert table.value.iloc[0].tolist() == ["species 0000", 2, 1, 0, 1]


def _confusion_of_a_thousand() -> None:
    import numpy as np

    from pages.ui.confusion import show_confusion

    confusion = np.diag(np.full(1000, 9))
    confusion[3, 4], confusion[7, 999] = 1, 3
    show_confusion(confusion.tolist(), [f"species {number:04d}" for number in range(1000)], key="confusion")


def test_the_mistakes_of_classes_that_are_not_drawn_are_in_the_table() -> None:
    (table,) = AppTest.from_function(_confusion_of_a_thousand).run(timeout=60).dataframe
    assert table.value.values.tolist() == [
        ["species 0007", "species 0999", 3, 0.25],
        ["species 0003", "species 0004", 1, 0.1],
    ]
