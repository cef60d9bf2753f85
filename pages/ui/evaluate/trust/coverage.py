"""Answers above a least confidence: how many there are, and how many of them are right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st
from plotly.graph_objects import Figure, Scatter

from core.data.labels.layout import Split
from core.delivery.files import labels_file
from core.delivery.limits import use_limits
from core.evaluation.answers_in_use import answers_in_use
from core.evaluation.calibration.selective import (
    CoverageCurve,
    SelectiveAnswers,
    confidence_that_halves_mistakes,
    coverage_curve,
    measure_selective,
)
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.strangers.chosen import limits_in_use
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate.quality.metric_table import interval_text
from pages.ui.text import _, percent

_MOST_POINTS = 300


def show_coverage(evaluated: EvaluatedRun) -> None:
    """Draw the choice of a least confidence, and what it does on the test pictures."""
    st.subheader(
        _("Answers only when sure"),
        anchor=False,
        help=_(
            "Pictures below the least confidence get no answer, so that a person can look at them (selective classification). Choose on the validation pictures; the sentence is measured on the test pictures."
        ),
    )
    validation, test = (answers_in_use(evaluated, split) for split in (Split.VALIDATION, Split.TEST))
    in_use = limits_in_use(evaluated.run, evaluated.dataset)
    first = in_use.least_confidence
    if first is None:
        first = confidence_that_halves_mistakes(validation) or 0.0
    least = (
        st.slider(
            _("Answer only when surer than"),
            0,
            100,
            round(100 * first),
            format="%d%%",
            key=f"least-confidence-{evaluated.run.name}",
        )
        / 100
    )
    measured = measure_selective(test, least)
    st.markdown(_sentence(measured))
    live_chart(
        coverage_chart(coverage_curve(validation), coverage_curve(test), measured),
        mode_bar=False,
        key="coverage",
    )
    chosen = least or None
    if chosen == in_use.least_confidence:
        if chosen:
            st.caption(_("In use: Predict and exports mark less sure answers as unsure."))
    elif labels_file(evaluated.run).exists() and st.button(
        _("Use in predictions and exports") if chosen else _("Answer every picture again"),
        key="use-least-confidence",
    ):
        use_limits(evaluated.run, replace(in_use, least_confidence=chosen))
        st.rerun()


def coverage_chart(validation: CoverageCurve, test: CoverageCurve, chosen: SelectiveAnswers) -> Figure:
    """Draw the accuracy of the answers over the fraction of pictures that get one."""
    figure = Figure()
    for curve, name, colour in (
        (validation, _("validation pictures"), MUTED_COLOUR),
        (test, _("test pictures"), GOOD_COLOUR),
    ):
        figure.add_trace(_line(curve, name, colour))
    if chosen.answered:
        low, high = chosen.accuracy_interval
        figure.add_trace(
            Scatter(
                x=[100 * chosen.coverage],
                y=[100 * chosen.accuracy],
                mode="markers",
                name=_("chosen"),
                marker={"color": GOOD_COLOUR, "size": 12},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * (high - chosen.accuracy)],
                    "arrayminus": [100 * (chosen.accuracy - low)],
                    "thickness": 1,
                },
                hovertemplate="%{x:.0f}% → %{y:.1f}%<extra></extra>",
            )
        )
    figure.update_layout(
        height=280,
        margin={"l": 8, "r": 8, "t": 36, "b": 40},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        xaxis={"title": _("pictures answered"), "ticksuffix": "%", "range": [-3, 103]},
        yaxis={"title": _("right answers"), "ticksuffix": "%"},
    )
    return figure


def _line(curve: CoverageCurve, name: str, colour: str) -> Scatter:
    count = len(curve.coverage)
    shown = np.unique(np.linspace(0, count - 1, min(count, _MOST_POINTS)).astype(int))
    return Scatter(
        x=(100 * curve.coverage[shown]).tolist(),
        y=(100 * curve.accuracy[shown]).tolist(),
        mode="lines",
        name=name,
        line={"color": colour, "width": 2},
        customdata=(100 * curve.least_confidence[shown]).tolist(),
        hovertemplate=_("surer than {value}").format(value="%{customdata:.1f}%")
        + "<br>%{x:.0f}% → %{y:.1f}%<extra></extra>",
    )


def _sentence(selective: SelectiveAnswers) -> str:
    if not selective.answered:
        return _("It is that sure of no test picture.")
    return _(
        "Answers **{coverage}** of the pictures ({coverage_interval}), and **{accuracy}** of these answers are right ({accuracy_interval})."
    ).format(
        coverage=percent(selective.coverage),
        coverage_interval=interval_text(selective.coverage_interval),
        accuracy=percent(selective.accuracy),
        accuracy_interval=interval_text(selective.accuracy_interval),
    )
