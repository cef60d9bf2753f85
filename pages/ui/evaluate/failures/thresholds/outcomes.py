"""Found, missed and wrongly added test pictures of a class, by the default, used and chosen thresholds."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.thresholds.answers import Thresholds, answered_by, default_thresholds
from core.evaluation.thresholds.measuring import Fraction, class_outcome
from pages.ui.evaluate.quality.metric_table import interval_text, table_height
from pages.ui.text import _, percent


def show_outcomes(evaluated: EvaluatedRun, index: int, in_use: Thresholds, chosen: Thresholds) -> None:
    """Draw a row for the default, for what is used now and for the chosen threshold, as far as they differ."""
    default = default_thresholds(evaluated.report, len(chosen))
    rows = [_row(_("default"), evaluated, index, default)]
    if in_use != default:
        rows.append(_row(_("in use"), evaluated, index, in_use))
    rows.append(_row(_("chosen"), evaluated, index, chosen))
    column = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "answers": _("Answers"),
            "threshold": column(_("Threshold"), help=_("Without one, the most probable class is the answer")),
            "found": st.column_config.NumberColumn(
                _("Found"), help=_("Test pictures that show the class and were given it")
            ),
            "missed": st.column_config.NumberColumn(
                _("Missed"), help=_("Test pictures that show the class and were not given it")
            ),
            "added": st.column_config.NumberColumn(
                _("Wrongly added"), help=_("Test pictures that do not show the class and were given it")
            ),
            "precision": column(
                _("Precision"), help=_("Share of the answers of this class that are right, with 95% interval")
            ),
            "recall": column(
                _("Recall"), help=_("Share of the pictures of this class that are found, with 95% interval")
            ),
            "accuracy": column(
                _("Accuracy"),
                help=_("Share of all test pictures whose whole answer is right, with 95% interval"),
            ),
        },
        height=table_height(len(rows)),
        key="threshold-outcomes",
    )


def _row(name: str, evaluated: EvaluatedRun, index: int, thresholds: Thresholds) -> dict[str, str | int]:
    outcome = class_outcome(answered_by(evaluated.test, thresholds), index)
    threshold = thresholds[index]
    return {
        "answers": name,
        "threshold": "–" if threshold is None else f"{threshold:.3f}",
        "found": outcome.found,
        "missed": outcome.missed,
        "added": outcome.added,
        "precision": _with_interval(outcome.precision),
        "recall": _with_interval(outcome.recall),
        "accuracy": _with_interval(outcome.accuracy),
    }


def _with_interval(fraction: Fraction | None) -> str:
    return f"{percent(fraction.value)} ({interval_text(fraction.interval)})" if fraction else "–"
