"""Every metric of the metric table, with its value, on the Evaluate page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.evaluation.baseline import majority_metrics
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics import table as metric_table
from core.evaluation.metrics.table import Metric
from core.evaluation.report import EvaluationReport
from core.formatting import percent_interval
from pages.ui.text import _, decimal, ngettext, number, percent, value_range

_ROW_PIXELS, _MOST_ROWS = 35, 20


def metrics_beside_majority(evaluated: EvaluatedRun) -> None:
    """Draw the metrics of a run, and those of always giving the most frequent answer."""
    written = evaluated.file("report.json").stat().st_mtime_ns
    all_metrics(evaluated.report, _majority(str(evaluated.run), written, evaluated))


def all_metrics(report: EvaluationReport, majority: Mapping[str, float] | None = None) -> None:
    """Draw the metrics that the report holds, in the order of the table.

    Args:
        majority: values of the most frequent answer, by code; None: the pictures for it are gone.
    """
    metrics = [metric for metric in metric_table.METRICS if metric.code in report.metrics]
    rows = [
        {
            "metric": _(metric.label),
            "value": _value(metric, report.metrics[metric.code]),
            "interval": _interval(metric, report.intervals.get(metric.code)),
            "majority": _value(metric, (majority or {}).get(metric.code)),
            "better": _("higher") if metric.is_higher_better else _("lower"),
        }
        for metric in metrics
    ]
    with st.expander(_("All metrics"), key="all-metrics"):
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config={
                "metric": _("Metric"),
                "value": _("Value"),
                "interval": st.column_config.TextColumn(
                    _("95% interval"),
                    help=_("On new pictures like these, the value lies in here in 95 of 100 cases"),
                ),
                "majority": st.column_config.TextColumn(
                    _("Majority"),
                    help=_(
                        "Of the best answer without looking at pictures: always the most frequent one, with the classes' shares of the training pictures as probabilities"
                    ),
                ),
                "better": _("Better"),
            },
            column_order=["metric", "value", "interval", *(["majority"] if majority else []), "better"],
            height=table_height(len(rows)),
            key="metric-table",
        )
        show_meanings(metrics)


def show_meanings(metrics: Sequence[Metric]) -> None:
    """Explain metrics below their table, because a column would be cut off on narrow screens."""
    st.caption("\n".join(f"- **{_(metric.label)}**: {_(metric.help)}" for metric in metrics))


def table_height(rows: int) -> int:
    """Compute the height in pixels that shows every row, up to a screenful."""
    return _ROW_PIXELS * (1 + min(rows, _MOST_ROWS)) + 3


def interval_text(interval: tuple[float, float] | None) -> str:
    """Format an interval of fractions: "71–83%"; empty where there is none."""
    return percent_interval(interval) if interval else ""


def groups_sentence(report: EvaluationReport) -> None:
    """Say how pictures that belong together were counted, where there are any."""
    if 0 < report.groups < report.pictures:
        st.caption(
            ngettext(
                "Some of them belong together, such as shots of one motif. They count as {n} observation.",
                "Some of them belong together, such as shots of one motif. They count as {n} observations.",
                report.groups,
            ).format(n=number(report.groups))
        )


def _interval(metric: Metric, interval: tuple[float, float] | None) -> str:
    return value_range(*(_value(metric, end) for end in interval)) if interval else ""


@st.cache_data(show_spinner=False, max_entries=20)
def _majority(run: str, written: int, _evaluated: EvaluatedRun) -> Mapping[str, float]:
    """Measure once for each report."""
    return majority_metrics(_evaluated)


def _value(metric: Metric, value: float | None) -> str:
    if value is None:
        return ""
    return percent(value) if metric.is_fraction else decimal(value, 3)
