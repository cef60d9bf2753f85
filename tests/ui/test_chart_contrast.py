"""Text in charts: at least 4.5:1 against its ground, in both themes (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plotly.graph_objects import Figure, Heatmap

from core.delivery.certificate.records import ClassDifference
from core.evaluation.calibration.reliability import Reliability, ReliabilityBin
from core.evaluation.calibration.selective import CoverageCurve, SelectiveAnswers
from core.evaluation.curves import Area, ClassCurve, CurveAreas
from core.evaluation.explanations.verdict import Ground, Verdict
from core.evaluation.learning_curve.records import CurvePoint, Forecast, ForecastPoint
from core.evaluation.learning_curve.records import LearningCurve as MeasuredCurve
from core.evaluation.mistakes.cells import ConfusionCells
from core.evaluation.slices.kinds import SLICE_KINDS
from core.evaluation.slices.measuring import SliceScore
from core.evaluation.slices.slicing import plain_name
from core.evaluation.thresholds.measuring import ClassOutcome, Fraction
from core.prediction.drift.comparing import Drift, Measure, ShareChange
from core.search.config import Goal, Tradeoff
from core.search.records import TrialState
from core.search.space import DIMENSIONS, SearchSpace
from core.training.adaptation.config import AdaptationEpoch
from core.training.bakeoff.results import Entry
from core.training.phases import Phase
from core.training.records import EpochRecord
from pages.ui import charts, curves
from pages.ui.components import asset_files
from pages.ui.components.explanation import perturbation_chart
from pages.ui.confusion_chart import Shading, confusion_heatmap
from pages.ui.evaluate.failures.thresholds.charts import precision_recall_chart, roc_chart
from pages.ui.evaluate.learning_curve.chart import curve_chart
from pages.ui.evaluate.robustness.figures import class_curves, heat_table
from pages.ui.evaluate.robustness.names import known_results
from pages.ui.evaluate.slices.chart import slice_chart
from pages.ui.evaluate.trust.calibration import reliability_diagram
from pages.ui.evaluate.trust.coverage import coverage_chart
from pages.ui.evaluate.trust.stranger_figures import score_histogram
from pages.ui.export.certificate import class_chart
from pages.ui.model.adaptation import adaptation_curve
from pages.ui.model.scatter import bake_off_scatter
from pages.ui.predict.charts import answers_chart, shares_chart, values_chart
from pages.ui.search.figures.axes import axes_of
from pages.ui.search.figures.contour import contour
from pages.ui.search.figures.intermediate_values import intermediate_values, learning_curve
from pages.ui.search.figures.ladder import ladder
from pages.ui.search.figures.optimization_history import optimization_history
from pages.ui.search.figures.parallel_coordinates import parallel_coordinates
from pages.ui.search.figures.param_importances import param_importances
from pages.ui.search.figures.pareto_front import pareto_front
from pages.ui.search.figures.slice import slice_plot
from tests.support.chart_text import (
    THEMES,
    Theme,
    contrast_ratio,
    hex_colour,
    mixed,
    style_texts,
    texts_of,
    theme_colours,
)
from tests.support.robustness import simulated_report
from tests.support.searches import trial

LEAST_RATIO, LEAST_GRAPHICS_RATIO = 4.5, 3.0
POINT_OPACITY = 0.85  # in feature_map.js
COVERAGE = CoverageCurve(
    least_confidence=np.array([0.9, 0.5]), coverage=np.array([0.5, 1.0]), accuracy=np.array([1.0, 0.8])
)
SELECTIVE = SelectiveAnswers(
    answered=10, coverage=0.5, coverage_interval=(0.3, 0.7), accuracy=0.9, accuracy_interval=(0.6, 1.0)
)
CLASSES = [f"class {number}" for number in range(9)]
# Every share of a row from none to all, in steps of 1/8.
CONFUSION = [[(8 - j if i == j else j) if j < 8 else 8 for j in range(9)] for i in range(9)]
CELLS = ConfusionCells.of_counts(np.array(CONFUSION))
EPOCHS = [
    EpochRecord(
        epoch=n,
        phase=Phase.GLOBAL_POOLING if n < 5 else Phase.LAST_BLOCKS,
        loss=1 / n,
        validation_loss=1 / n,
        accuracy=0.9,
        validation_accuracy=0.8,
        best_epoch=3,
    )
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
CURVE = [(1, 0.5), (2, 0.6), (3, 0.8)]
TRIALS = [
    trial(0, 0.8, second=3e6, curve=CURVE),
    trial(1, 0.9, second=2e6, curve=CURVE, params={"l2": 0.1, "pooling": "mean"}),
    trial(2, 0.95, second=4e6, curve=CURVE, params={"l2": 0.2, "pooling": "grid"}),
    trial(3, 0.85, second=5e6, curve=CURVE, params={"l2": 0.01, "pooling": "max"}),
    trial(4, 0.5, curve=CURVE[:1], state=TrialState.PRUNED),
]
AXES = axes_of(TRIALS, SearchSpace(domains={name: DIMENSIONS[name].domain for name in ("l2", "pooling")}))
BEST = TRIALS[2]
RELIABILITY = Reliability(
    ece=0.1,
    ece_interval=(0.05, 0.2),
    bins=(
        ReliabilityBin(confidence=0.5, accuracy=0.4, interval=(0.2, 0.7), count=5),
        ReliabilityBin(confidence=0.95, accuracy=0.9, interval=(0.8, 1.0), count=40),
    ),
)
SLICES = [
    SliceScore(
        kind=SLICE_KINDS[0],
        name=plain_name(name),
        members=np.ones(3, bool),
        pictures=12,
        groups=12,
        accuracy=0.4,
        interval=(0.2, 0.7),
        difference=-0.3,
        p_value=adjusted,
        adjusted=adjusted,
    )
    for name, adjusted in (("cat", 0.001), ("dog", 0.9))
]
LABELS = np.eye(3, dtype=bool)[np.arange(60) % 3]
ROBUSTNESS = simulated_report(LABELS, LABELS, {"rotation": 0, "blur": 3}, ("a", "b", "c"))[1]
ROBUSTNESS_ROWS = known_results(ROBUSTNESS.weakest_first)
CURVE_OF_CLASS = ClassCurve.of(np.array([1, 0, 1, 0], bool), np.array([0.9, 0.8, 0.6, 0.2]))
AREA = Area(value=0.75, interval=(0.5, 0.9))
AREAS = CurveAreas(roc=AREA, average_precision=AREA)
OUTCOME = ClassOutcome(
    found=1,
    missed=1,
    added=0,
    precision=Fraction(value=1.0, interval=(0.2, 1.0)),
    recall=Fraction(value=0.5, interval=(0.1, 0.9)),
    false_positive_rate=Fraction(value=0.0, interval=(0.0, 0.6)),
    accuracy=Fraction(value=0.75, interval=(0.3, 0.9)),
)
MEASURED = MeasuredCurve(
    points=(CurvePoint(pictures=100, accuracies=(0.7, 0.72)), CurvePoint(pictures=1000, accuracies=(0.8,))),
    validation_pictures=200,
    forecast=Forecast(
        gain=0.02,
        interval=(0.0, 0.04),
        curve=tuple(
            ForecastPoint(pictures=count, accuracy=0.8, interval=(0.7, 0.9)) for count in (100, 900, 2000)
        ),
        classes=(),
    ),
)
FALLING = (0.9, 0.8, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1)
VERDICT = Verdict(
    ground=Ground.PASSED,
    beaten=19,
    head_similarity=0.1,
    weights_similarity=0.2,
    deletion=FALLING,
    insertion=FALLING[::-1],
    random_deletion=FALLING,
    random_insertion=FALLING[::-1],
)
DRIFT = Drift(
    shares=(
        ShareChange(
            name="cat",
            before=0.5,
            before_interval=(0.4, 0.6),
            now=0.7,
            now_interval=(0.6, 0.8),
            interval=(0.1, 0.3),
            p_value=0.01,
        ),
    ),
    values=(),
)
CHANGED_CLASSES = [
    ClassDifference(name="cat", pictures=20, evaluated=0.9, exported=0.8, interval=(-0.2, 0.0)),
    ClassDifference(name="dog", pictures=20, evaluated=0.9, exported=0.95, interval=(0.0, 0.1)),
]
PICTURES = pd.DataFrame({"label": CLASSES[:4], "split": ["train", "validation", "test", ""]})
PARTS_OF_CHARTS = {"filled", "hollow", "joined_lines", "value_axis"}
CHARTS: dict[str, Callable[[], object]] = {
    "confusion matrix": lambda: confusion_heatmap(CELLS, CLASSES),
    "confusion matrix, counts": lambda: confusion_heatmap(CELLS, CLASSES, shading=Shading.COUNTS),
    "accuracy, narrow bar": lambda: charts.accuracy_bars(0.99, (0.97, 1.0), 0.02, "cat"),
    "accuracy, wide bar": lambda: charts.accuracy_bars(0.99, (0.97, 1.0), 0.9, "cat"),
    "ROC curve": lambda: roc_chart(CURVE_OF_CLASS, AREAS, OUTCOME, OUTCOME),
    "precision–recall curve": lambda: precision_recall_chart(CURVE_OF_CLASS, AREAS, OUTCOME, OUTCOME),
    "reliability diagram": lambda: reliability_diagram(RELIABILITY),
    "learning curve of more pictures": lambda: curve_chart(MEASURED),
    "coverage": lambda: coverage_chart(COVERAGE, COVERAGE, SELECTIVE),
    "stranger scores": lambda: score_histogram(np.arange(20.0), np.arange(15.0, 40.0), 18.0),
    "slices": lambda: slice_chart(SLICES, 0.8),
    "robustness table": lambda: heat_table(ROBUSTNESS, ROBUSTNESS_ROWS),
    "robustness by class": lambda: class_curves(ROBUSTNESS, *ROBUSTNESS_ROWS[0]),
    "deletion and insertion": lambda: perturbation_chart(VERDICT),
    "learning curve": lambda: curves.learning_curve(EPOCHS, [], curves.LOSS),
    "compared curves": lambda: curves.compared_curves({"a": EPOCHS}, ["#0072B2"], curves.LOSS),
    "adaptation": lambda: adaptation_curve([AdaptationEpoch(epoch=1, loss=0.8, seconds=2.0)]),
    "bake-off": lambda: bake_off_scatter(ENTRIES, "mobilenet_v2"),
    "ladder": lambda: ladder(TRIALS, Goal.ACCURACY, 100, best=TRIALS[0]),
    "optimization history": lambda: optimization_history(TRIALS, Goal.ACCURACY, chosen=1),
    "slice": lambda: slice_plot(TRIALS, AXES[0], Goal.ACCURACY, best=BEST),
    "parameter importances": lambda: param_importances({"l2": 0.7, "pooling": 0.3}),
    "parallel coordinates": lambda: parallel_coordinates(TRIALS, AXES, Goal.ACCURACY, best=BEST),
    "contour": lambda: contour(TRIALS, AXES[0], AXES[1], Goal.ACCURACY, best=BEST),
    "intermediate values": lambda: intermediate_values(TRIALS, Goal.ACCURACY, best=BEST, chosen=1),
    "curve of a trial": lambda: learning_curve(TRIALS[2], Goal.ACCURACY),
    "classes of a batch": lambda: answers_chart(CLASSES, Counter(CLASSES), Counter(CLASSES[:3])),
    "drift of classes": lambda: shares_chart(DRIFT),
    "drift of a number": lambda: values_chart(np.arange(9) / 9, np.arange(9) / 12, Measure.CONFIDENCE),
    "classes of a certificate": lambda: class_chart(CHANGED_CLASSES),
    "pictures of each class": lambda: charts.class_counts(PICTURES, CLASSES),
    "Pareto front": lambda: pareto_front(TRIALS, Goal.ACCURACY, Tradeoff.SIZE, chosen=1),
}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("chart", CHARTS)
def test_text_in_a_chart_is_readable_in_both_themes(chart: str, theme: Theme) -> None:
    texts = list(texts_of(CHARTS[chart](), theme))
    assert texts
    for text in texts:
        assert contrast_ratio(text.colour, text.ground) >= LEAST_RATIO, (text, theme.name)


def test_every_chart_is_checked() -> None:
    """A new chart is checked as soon as its function is in the table above."""
    drawn = {name for chart in CHARTS.values() for name in chart.__code__.co_names}
    assert chart_functions() - drawn == PARTS_OF_CHARTS


def chart_functions() -> set[str]:
    """Names of the functions of pages that return a chart, or a part of one."""
    return {
        node.name
        for path in Path(charts.__file__).parents[1].rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and isinstance(node.returns, ast.Name)
        and node.returns.id in {"Figure", "PlotlyObject"}
        and not node.name.startswith("_")
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_of_the_map_is_readable_in_both_themes(theme: str) -> None:
    texts = list(style_texts(asset_files.assets("feature_map.css"), theme))
    assert texts
    for text in texts:
        assert contrast_ratio(text.colour, text.ground) >= LEAST_RATIO, text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_points_of_the_map_stand_out_from_the_page(theme: str) -> None:
    """Classes take the categorical colours; WCAG asks 3:1 of graphics (1.4.11)."""
    colours = theme_colours(theme)
    page = hex_colour(colours["backgroundColor"])
    marks = [colours[name] for name in ("grayColor", "redColor", "orangeColor")]
    for colour in [*colours["chartCategoricalColors"], *marks]:
        point = mixed(hex_colour(colour), page, POINT_OPACITY)
        assert contrast_ratio(point, page) >= LEAST_GRAPHICS_RATIO, colour


def test_translucent_text_of_a_style_sheet_is_found() -> None:
    (faint, *_others) = style_texts(".a { opacity: 0.3; }", "light")
    assert contrast_ratio(faint.colour, faint.ground) < LEAST_RATIO


def test_every_number_of_a_confusion_matrix_is_checked() -> None:
    """A text that the check does not see would always pass."""
    figure = confusion_heatmap(CELLS, CLASSES, shading=Shading.COUNTS)
    shown = Counter(text.text for text in texts_of(figure, THEMES[0]))
    assert shown >= Counter(str(count) for row in CONFUSION for count in row if count)


def test_a_heatmap_that_leaves_its_text_to_plotly_is_refused() -> None:
    """Plotly picks black or white by the cell's colour without its opacity."""
    figure = Figure(Heatmap(z=[[0.0]], text=[["7"]], texttemplate="%{text}"))
    with pytest.raises(AssertionError, match="heatmap"):
        list(texts_of(figure, THEMES[0]))


def test_no_page_uses_st_plotly_chart() -> None:
    """It writes in a fixed grey instead of the theme's text colour."""
    sources = Path(charts.__file__).parents[1].rglob("*.py")
    assert [path.name for path in sources if "st.plotly_chart(" in path.read_text(encoding="utf-8")] == []


def test_contrast_is_that_of_wcag() -> None:
    assert contrast_ratio(hex_colour("#000000"), hex_colour("#FFFFFF")) == pytest.approx(21.0)
    assert contrast_ratio(hex_colour("#777777"), hex_colour("#FFFFFF")) == pytest.approx(4.48, abs=0.01)
