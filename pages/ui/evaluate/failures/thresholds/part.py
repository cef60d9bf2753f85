"""Threshold of a class: its curves, its costs, and the test pictures whose answer it changes."""

from __future__ import annotations

import streamlit as st

from core.delivery.thresholds import use_default_thresholds, use_thresholds
from core.evaluation.curves import ClassCurve, CurveAreas, curve_areas
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.thresholds.answers import (
    Thresholds,
    answered_by,
    default_thresholds,
    has_chosen_thresholds,
    thresholds_in_use,
    with_threshold,
)
from core.evaluation.thresholds.measuring import class_outcome
from pages.ui import state
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate.failures.thresholds.changes import show_changes
from pages.ui.evaluate.failures.thresholds.charts import precision_recall_chart, roc_chart
from pages.ui.evaluate.failures.thresholds.choosing import show_choosing
from pages.ui.evaluate.failures.thresholds.outcomes import show_outcomes
from pages.ui.text import _, escape

_FIRST_THRESHOLD = 0.5  # of a class that has none


def show_part(evaluated: EvaluatedRun) -> None:
    """Draw the choice of a class and of its threshold, with all that it changes."""
    st.markdown(
        _(
            "Choose from which probability on a class is answered, where one mistake is worse than another, and see on the test pictures what that changes."
        )
    )
    names = evaluated.dataset.class_names
    index = _chosen_class(evaluated)
    curve = ClassCurve.of(evaluated.test.targets[:, index], evaluated.test.probabilities[:, index])
    if not (curve.positives and curve.negatives):
        st.info(
            _("No test picture shows “{name}”, or every one does: nothing can be measured for it.").format(
                name=escape(names[index])
            )
        )
        return
    in_use = thresholds_in_use(evaluated.run, evaluated.report, len(names))
    charts = st.container()
    threshold = _chosen_threshold(evaluated, index, in_use[index])
    chosen = with_threshold(evaluated.dataset.task, in_use, index, threshold)
    _show_effects(evaluated, index, in_use, chosen)
    with charts:
        _show_curves(evaluated, index, curve, answered_by(evaluated.test, chosen))


def _chosen_class(evaluated: EvaluatedRun) -> int:
    """Draw the picker of a class; the one with the lowest F1 comes first."""
    names, classes = evaluated.dataset.class_names, evaluated.report.classes
    worst = min(range(len(names)), key=lambda index: (not classes[index].support, classes[index].f1))
    return st.selectbox(
        _("Class"),
        range(len(names)),
        index=worst,
        format_func=names.__getitem__,
        help=_("The class with the lowest F1 comes first."),
        key=f"threshold-class-{evaluated.run.name}",
    )


def _chosen_threshold(evaluated: EvaluatedRun, index: int, in_use: float | None) -> float:
    """Draw the slider, and above it the ways to choose by costs or wishes."""
    key = f"threshold-{evaluated.run.name}-{index}"
    state.set_first_value(key, _FIRST_THRESHOLD if in_use is None else in_use)
    validation = evaluated.validation
    show_choosing(ClassCurve.of(validation.targets[:, index], validation.probabilities[:, index]), key)
    return st.slider(
        _("Threshold"),
        0.0,
        1.0,
        step=0.001,
        format="%.3f",
        help=_(
            "The class is answered if its probability reaches the threshold. A lower one finds more of its pictures, and is wrong more often."
        ),
        key=key,
    )


def _show_curves(evaluated: EvaluatedRun, index: int, curve: ClassCurve, chosen: TestPredictions) -> None:
    now = answered_by(
        evaluated.test, default_thresholds(evaluated.report, len(evaluated.dataset.class_names))
    )
    report_file = evaluated.file("report.json")
    areas = _areas(str(evaluated.run), report_file.stat().st_mtime_ns, index, evaluated.test)
    points = class_outcome(now, index), class_outcome(chosen, index)
    left, right = st.columns(2, gap="medium")
    with left:
        live_chart(roc_chart(curve, areas, *points), mode_bar=False, key="roc-curve")
    with right:
        live_chart(precision_recall_chart(curve, areas, *points), mode_bar=False, key="precision-recall")


@st.cache_data(show_spinner=False, max_entries=50)
def _areas(run: str, written: int, index: int, _test: TestPredictions) -> CurveAreas | None:
    """Areas of a class; ``written`` distinguishes an evaluation from the one before."""
    return curve_areas(_test, index)


def _show_effects(evaluated: EvaluatedRun, index: int, in_use: Thresholds, chosen: Thresholds) -> None:
    show_outcomes(evaluated, index, in_use, chosen)
    _use_buttons(evaluated, in_use, chosen)
    show_changes(evaluated, answered_by(evaluated.test, in_use), answered_by(evaluated.test, chosen))


def _use_buttons(evaluated: EvaluatedRun, in_use: Thresholds, chosen: Thresholds) -> None:
    with st.container(horizontal=True):
        if st.button(
            _("Use this threshold"),
            type="primary",
            disabled=chosen == in_use,
            help=_("Predict, the command line and every export then answer by it."),
            key="use-threshold",
        ):
            use_thresholds(evaluated, chosen)
            st.rerun()
        if has_chosen_thresholds(evaluated.run) and st.button(
            _("Back to the default of every class"), key="default-thresholds"
        ):
            use_default_thresholds(evaluated)
            st.rerun()
