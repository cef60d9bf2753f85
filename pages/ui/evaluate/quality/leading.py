"""The metric that matters, on the Evaluate page: its value on the test pictures leads."""

from __future__ import annotations

import math
from dataclasses import dataclass

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import Leading, chosen_metric, leading_metric, least_cost_value, majority_value
from core.evaluation.metrics.intervals import Interval
from core.evaluation.thresholds.answers import (
    Thresholds,
    answered_by,
    default_thresholds,
    has_chosen_thresholds,
    thresholds_in_use,
)
from core.training.leading_metric import LeadingKind
from core.workspace import project_of
from pages.ui.display_names.labels import label_text
from pages.ui.text import _, decimal, escape, number, percent, show, value_range


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """Value of the metric on the test pictures; NaN where it is undefined."""

    value: float
    interval: Interval | None
    majority: float  # of always giving the most frequent answer


def show_leading(evaluated: EvaluatedRun) -> None:
    """Draw the value of the metric that the user chose, and that with chosen thresholds."""
    names = evaluated.dataset.class_names
    project = project_of(evaluated.run)
    leading = leading_metric(project, names)
    if chosen_metric(project).for_classes(names) is None:
        st.warning(_("The metric that you chose does not suit the classes of this run. Accuracy leads here."))
    default = default_thresholds(evaluated.report, len(names))
    if leading.metric.kind is not LeadingKind.ACCURACY:
        _headline(evaluated, leading, _measured_by(evaluated, leading, default))
    if has_chosen_thresholds(evaluated.run):
        in_use = thresholds_in_use(evaluated.run, evaluated.report, len(names))
        _beside_default(leading, *(_measured_by(evaluated, leading, each) for each in (in_use, default)))


def _headline(evaluated: EvaluatedRun, leading: Leading, measured: _Measured) -> None:
    name = show(leading.label)
    if math.isnan(measured.value):
        st.warning(_("{metric} cannot be measured: no test picture shows the class.").format(metric=name))
        return
    value = _formatted(leading, measured.value)
    st.markdown("### " + _("{metric}: {value}").format(metric=name, value=value))
    low, high = measured.interval or (measured.value, measured.value)
    majority = escape(label_text(evaluated.report.majority_class))
    st.markdown(
        _(
            "On new pictures like these, expect between {low} and {high}. "
            "Always guessing {majority} would get {baseline}. Measured on {n} pictures that training never saw."
        ).format(
            low=_formatted(leading, low),
            high=_formatted(leading, high),
            majority=f"“{majority}”",
            baseline=_formatted(leading, measured.majority),
            n=number(evaluated.report.pictures),
        )
    )
    if leading.metric.costs:
        st.caption(
            _(
                "Answers of least expected cost, instead of the most probable ones, would cost {value}."
            ).format(value=_formatted(leading, least_cost_value(leading, evaluated.test)))
        )


def _beside_default(leading: Leading, in_use: _Measured, default: _Measured) -> None:
    """Say what the chosen thresholds do to the metric."""
    if math.isnan(in_use.value):
        return
    low, high = in_use.interval or (in_use.value, in_use.value)
    interval = value_range(_formatted(leading, low), _formatted(leading, high))
    st.info(
        _(
            "With the thresholds that you chose, which Predict and exports use: {metric} {value} ({interval}). The numbers below are those of the default, {default}."
        ).format(
            metric=show(leading.label),
            value=_formatted(leading, in_use.value),
            interval=interval,
            default=_formatted(leading, default.value),
        ),
        icon=":material/tune:",
    )


def _measured_by(evaluated: EvaluatedRun, leading: Leading, thresholds: Thresholds) -> _Measured:
    written = evaluated.file("report.json").stat().st_mtime_ns
    key = (str(evaluated.run), written, str(leading.metric.to_json()), thresholds)
    return _measure(key, evaluated, leading, thresholds)


@st.cache_data(show_spinner=False, max_entries=20)
def _measure(
    key: tuple[object, ...], _evaluated: EvaluatedRun, _leading: Leading, _thresholds: Thresholds
) -> _Measured:
    """Measure once; ``key`` holds all that the values depend on."""
    test, names = answered_by(_evaluated.test, _thresholds), _evaluated.dataset.class_names
    value, stored = _leading.value(test), _evaluated.report.intervals.get(_leading.metric.kind)
    is_default = _thresholds == default_thresholds(_evaluated.report, len(names))
    interval = stored if is_default and stored else None
    return _Measured(
        value=value,
        interval=interval if interval or math.isnan(value) else _leading.interval(test),
        majority=majority_value(_leading, test, _evaluated.report.majority_class, names),
    )


def _formatted(leading: Leading, value: float) -> str:
    return percent(value) if leading.is_fraction else decimal(value, 3)
