"""Coverage of prediction sets class by class, with the promise kept over all classes or for each."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.labels.task import Task
from core.evaluation.calibration.calibrating import coverage_by_class, prediction_sets
from core.evaluation.calibration.conformal import PROMISES, USUAL_PROMISE
from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui.evaluate.quality.metric_table import interval_text, table_height
from pages.ui.text import _, percent


def show_sets_by_class(evaluated: EvaluatedRun) -> None:
    """Draw a panel that is computed while it is open."""
    if not st.toggle(_("Sets class by class"), key="sets-by-class"):
        return
    left, right = st.columns(2, vertical_alignment="bottom")
    promise = left.segmented_control(
        _("Promised"), PROMISES, default=USUAL_PROMISE, format_func=percent, required=True, key="set-promise"
    )
    by_class = evaluated.dataset.task is Task.MULTI_LABEL or right.toggle(
        _("Keep the promise for each class"),
        help=_(
            "A promise over all classes can be kept by easy classes alone. Kept for each class, sets get larger; a class with too few validation pictures for the promise is in every set."
        ),
        key="set-promise-by-class",
    )
    sets = prediction_sets(evaluated.validation, evaluated.test, promise, by_class=by_class)
    st.markdown(
        _("The sets hold {size} classes on average, and the right one in {coverage} ({interval}).").format(
            size=f"{sets.mean_size:.1f}",
            coverage=percent(sets.coverage),
            interval=interval_text(sets.coverage_interval),
        )
    )
    names = evaluated.dataset.class_names
    rows = [
        {
            "class": names[row.index],
            "coverage": percent(row.coverage),
            "interval": interval_text(row.interval),
            "pictures": row.pictures,
        }
        for row in coverage_by_class(evaluated.test, sets)
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "class": _("Class"),
            "coverage": st.column_config.TextColumn(
                _("Measured"), help=_("Fraction of its test pictures whose set holds this class")
            ),
            "interval": _("95% interval"),
            "pictures": _("Test pictures"),
        },
        height=table_height(len(rows)),
        key="class-coverage",
    )
