"""Reliability of a classifier's probabilities, on the Evaluate page."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure, Scatter

from core.data.labels.task import Task
from core.evaluation.calibration.calibrating import Calibration
from core.evaluation.calibration.conformal import PredictionSets
from core.evaluation.calibration.reliability import Reliability
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate.quality.metric_table import interval_text, table_height
from pages.ui.text import _, number, percent

_SMALLEST_MARK, _LARGEST_MARK = 6, 16


def show_calibration(
    calibration: Calibration, task: Task, *, is_ensemble: bool = False, is_cross_validated: bool = False
) -> None:
    """Draw how far the probabilities can be believed, and prediction sets.

    Args:
        is_ensemble: the probabilities are the mean of several runs'.
        is_cross_validated: temperatures were chosen on training and validation pictures.
    """
    st.subheader(_("When can you believe an answer?"), anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        _summary(calibration, task, is_ensemble=is_ensemble, is_cross_validated=is_cross_validated)
        live_chart(reliability_diagram(calibration.after), mode_bar=False, key="reliability")
    with right:
        _prediction_sets(calibration, task)


def reliability_diagram(reliability: Reliability) -> Figure:
    """Draw the accuracy of answers over their probability, with 95% intervals."""
    bins = reliability.bins
    accuracy, largest = [100 * row.accuracy for row in bins], max((row.count for row in bins), default=1)
    figure = Figure()
    figure.add_trace(
        Scatter(
            x=[0, 100],
            y=[0, 100],
            mode="lines",
            line={"color": MUTED_COLOUR, "dash": "dot", "width": 1},
            name=_("as sure as right"),
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        Scatter(
            x=[100 * row.confidence for row in bins],
            y=accuracy,
            mode="lines+markers",
            name=_("answers"),
            line={"color": GOOD_COLOUR, "width": 2},
            marker={
                "size": [
                    _SMALLEST_MARK + (_LARGEST_MARK - _SMALLEST_MARK) * (row.count / largest) ** 0.5
                    for row in bins
                ]
            },
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [100 * (row.interval[1] - row.accuracy) for row in bins],
                "arrayminus": [100 * (row.accuracy - row.interval[0]) for row in bins],
                "thickness": 1,
            },
            text=[_("{n} answers").format(n=number(row.count)) for row in bins],
            hovertemplate="%{x:.0f}% → %{y:.0f}%<br>%{text}<extra></extra>",
        )
    )
    figure.update_layout(
        height=300,
        margin={"l": 8, "r": 8, "t": 8, "b": 40},
        showlegend=False,
        xaxis={"title": _("predicted probability"), "ticksuffix": "%", "range": [-3, 103]},
        yaxis={"title": _("right answers"), "ticksuffix": "%", "range": [-3, 103]},
    )
    return figure


def _summary(calibration: Calibration, task: Task, *, is_ensemble: bool, is_cross_validated: bool) -> None:
    before, after = calibration.before.ece, calibration.after.ece
    st.markdown(
        _("Predicted probabilities are off by **{after}** on average.").format(after=percent(after)),
        help=_(
            "The expected calibration error: the mean distance between how sure answers are and how often they are right. 95% interval: {interval}"
        ).format(interval=interval_text(calibration.after.ece_interval)),
    )
    is_corrected = any(temperature != 1 for temperature in calibration.temperatures)
    if is_ensemble and not is_corrected:
        st.caption(
            _("They are the mean of the members' probabilities, each corrected by temperature scaling.")
        )
    elif is_corrected and is_cross_validated:
        sentence = (
            _(
                "Before, it was {before}. One number for each class corrects it in every prediction and export (temperature scaling), chosen on {n} training and validation pictures. Each of them was classified by a head that had not learnt from it."
            )
            if task is Task.MULTI_LABEL
            else _(
                "As trained, it was {before}. One number corrects it in every prediction and export (temperature scaling), chosen on {n} training and validation pictures. Each of them was classified by a head that had not learnt from it."
            )
        )
        st.caption(sentence.format(before=percent(before), n=number(calibration.validation_pictures)))
    elif is_corrected and task is Task.MULTI_LABEL:
        st.caption(
            _(
                "Before, it was {before}. One number for each class, chosen on {n} validation pictures, corrects it in every prediction and export (temperature scaling)."
            ).format(before=percent(before), n=number(calibration.validation_pictures))
        )
    elif is_ensemble:
        st.caption(
            _(
                "The mean of its members was off by {before}. One number, chosen on {n} validation pictures, corrects it in every prediction and export (temperature scaling)."
            ).format(before=percent(before), n=number(calibration.validation_pictures))
        )
    elif is_corrected:
        st.caption(
            _(
                "As trained, it was {before}. One number, chosen on {n} validation pictures, corrects it in every prediction and export (temperature scaling)."
            ).format(before=percent(before), n=number(calibration.validation_pictures))
        )
    else:
        st.caption(_("Too few validation pictures to correct the probabilities: they are as trained."))
    if is_corrected and after >= before:
        st.caption(_("The test pictures show no gain from it. With few pictures, that can be chance."))


def _prediction_sets(calibration: Calibration, task: Task) -> None:
    st.markdown(
        _("Instead of one answer, a few that hold the right one as often as you want:")
        if task is Task.MULTI_CLASS
        else _("Labels that may be shown: the set holds each label that is, as often as you want:"),
        help=_(
            "Prediction sets: all classes whose probability is not unusually low for a right answer, as measured on the validation pictures (split conformal prediction)."
        ),
    )
    rows = [_set_row(sets) for sets in calibration.sets]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "promise": st.column_config.TextColumn(_("Promised"), width=68),
            "coverage": st.column_config.TextColumn(
                _("Measured"),
                help=_("Fraction of the test pictures whose set holds the right class")
                if task is Task.MULTI_CLASS
                else _("Fraction of the labels of the test pictures that stand in their sets"),
                width=115,
            ),
            "size": st.column_config.NumberColumn(
                _("Answers"), format="%.1f", help=_("Mean number of classes in a set"), width=60
            ),
            "single": st.column_config.TextColumn(
                _("Exactly one"), help=_("Fraction of the pictures with one clear answer"), width=78
            ),
            "empty": st.column_config.TextColumn(
                _("No class"),
                help=_("Fraction of the pictures for which no class is probable enough"),
                width=62,
            ),
        },
        height=table_height(len(rows)),
        key="prediction-sets",
    )


def _set_row(sets: PredictionSets) -> dict[str, str | float]:
    return {
        "promise": percent(sets.promise),
        "coverage": f"{percent(sets.coverage)} ({interval_text(sets.coverage_interval)})",
        "size": sets.mean_size,
        "single": percent(sets.single),
        "empty": percent(sets.empty),
    }
