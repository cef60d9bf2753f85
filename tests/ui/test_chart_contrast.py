"""Text in charts: at least 4.5:1 against its ground, in both themes (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from plotly.graph_objects import Figure, Heatmap

from core.training.bakeoff.results import Entry
from pages.ui import charts, curves
from pages.ui.model.scatter import bake_off_scatter
from tests.support.chart_text import THEMES, Theme, contrast_ratio, hex_colour, texts_of

LEAST_RATIO = 4.5
CLASSES = [f"class {number}" for number in range(9)]
# Every share of a row from none to all, in steps of 1/8.
CONFUSION = [[(8 - j if i == j else j) if j < 8 else 8 for j in range(9)] for i in range(9)]
EPOCHS = [
    {"epoch": n, "phase": "whole" if n < 5 else "tail", "loss": 1 / n, "validation_loss": 1 / n}
    | {"accuracy": 0.9, "validation_accuracy": 0.8, "best_epoch": 3}
    for n in range(1, 10)
]
ENTRIES = [
    Entry(
        backbone=key,
        job="",
        validation_accuracy=0.9,
        interval=(0.8, 0.95),
        validation_loss=0.3,
        milliseconds=5.0 + n,
        bytes=10**7,
        seconds=1.0,
    )
    for n, key in enumerate(("efficientnet_lite0", "mobilenet_v2"))
]
CHARTS: dict[str, Callable[[], object]] = {
    "confusion matrix": lambda: charts.confusion_heatmap(CONFUSION, CLASSES),
    "accuracy, narrow bar": lambda: charts.accuracy_bars(0.99, (0.97, 1.0), 0.02, "cat"),
    "accuracy, wide bar": lambda: charts.accuracy_bars(0.99, (0.97, 1.0), 0.9, "cat"),
    "learning curve": lambda: curves.learning_curve(EPOCHS, [], curves.LOSS),
    "compared curves": lambda: curves.compared_curves({"a": EPOCHS}, ["#0072B2"], curves.LOSS),
    "bake-off": lambda: bake_off_scatter(ENTRIES, "mobilenet_v2"),
}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("chart", CHARTS)
def test_text_in_a_chart_is_readable_in_both_themes(chart: str, theme: Theme) -> None:
    for text in texts_of(CHARTS[chart](), theme):
        assert contrast_ratio(text.colour, text.ground) >= LEAST_RATIO, (text, theme.name)


def test_every_number_of_a_confusion_matrix_is_checked() -> None:
    """A text that the check does not see would always pass."""
    figure = charts.confusion_heatmap(CONFUSION, CLASSES)
    shown = [text.text for text in texts_of(figure, THEMES[0])]
    assert sorted(shown) == sorted(str(count) for row in CONFUSION for count in row if count)


def test_a_heatmap_that_leaves_its_text_to_plotly_is_refused() -> None:
    """Plotly picks black or white by the cell's colour, and forgets how little of it covers the ground."""
    figure = Figure(Heatmap(z=[[0.0]], text=[["7"]], texttemplate="%{text}"))
    with pytest.raises(AssertionError, match="heatmap"):
        list(texts_of(figure, THEMES[0]))


def test_no_page_draws_with_the_grey_of_st_plotly_chart() -> None:
    """Streamlit writes in a fixed grey, 3.7:1 on white, whatever the theme's text colour is."""
    sources = Path(charts.__file__).parents[1].rglob("*.py")
    assert [path.name for path in sources if "st.plotly_chart(" in path.read_text(encoding="utf-8")] == []


def test_contrast_is_that_of_wcag() -> None:
    assert contrast_ratio(hex_colour("#000000"), hex_colour("#FFFFFF")) == pytest.approx(21.0)
    assert contrast_ratio(hex_colour("#777777"), hex_colour("#FFFFFF")) == pytest.approx(4.48, abs=0.01)
