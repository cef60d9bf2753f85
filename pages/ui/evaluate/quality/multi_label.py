"""Scores of a multi-label classifier on the Evaluate page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.evaluation.metrics.averages import AVERAGED
from core.evaluation.report import MultiLabelClassReport, MultiLabelReport
from pages.ui.charts import accuracy_bars
from pages.ui.components.live_chart import live_chart
from pages.ui.display_names.labels import label_text
from pages.ui.evaluate.quality.metric_table import groups_sentence, interval_text, table_height
from pages.ui.text import _, escape, number, percent


def multi_label_headline(report: MultiLabelReport) -> None:
    """Draw the fractions of right label sets and of right decisions, beside their baselines."""
    low, high = report.accuracy_interval
    usual = label_text(report.majority_class)
    st.markdown(
        "### "
        + _("{accuracy} of the test pictures have all the right labels, and no other").format(
            accuracy=percent(report.accuracy)
        )
    )
    st.markdown(
        _(
            "On new pictures like these, expect between {low} and {high}. "
            "Always answering {majority} would get {baseline}. Measured on {n} pictures that training never saw."
        ).format(
            low=percent(low),
            high=percent(high),
            majority=f"“{escape(usual)}”",
            baseline=percent(report.majority_baseline),
            n=number(report.pictures),
        )
    )
    figure = accuracy_bars(report.accuracy, report.accuracy_interval, report.majority_baseline, usual)
    groups_sentence(report)
    live_chart(figure, mode_bar=False, key="accuracy")
    st.markdown(
        _(
            "Counting each class of each picture as one decision, {right} are right; the same decision for all pictures would get {baseline}."
        ).format(right=percent(report.hamming_accuracy), baseline=percent(report.hamming_baseline))
    )


def multi_label_table(report: MultiLabelReport) -> None:
    """Draw the scores and the threshold of each class, then their averages."""
    st.subheader(_("Class by class"), anchor=False)
    rows = [_class_row(row) for row in report.classes]
    for average, label in (("macro", _("macro mean")), ("micro", _("over all labels"))):
        means = {name: 100 * getattr(getattr(report, average), name) for name in AVERAGED}
        f1_at_half = 100 * getattr(report.at_half, average).f1
        interval = interval_text(report.intervals.get(f"{average}_recall"))
        rows.append({"name": label, **means, "interval": interval, "f1_at_half": f1_at_half})
    rows[-2]["average_precision"] = _percent_or_none(report.mean_average_precision)
    columns = _columns()
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config=columns,
        column_order=tuple(columns),
        height=table_height(len(rows)),
        key="class-table",
    )
    st.caption(
        _(
            "A class is predicted if its probability reaches the class's threshold. The thresholds were chosen on the validation pictures; these are the test pictures. Exactly right with 0.5 for every class: {accuracy}."
        ).format(accuracy=percent(report.at_half.accuracy))
    )


def _class_row(row: MultiLabelClassReport) -> dict[str, str | float | None]:
    (_right_no, added), (missed, _found) = row.confusion
    f1_at_half = row.f1_at_half if row.support else None
    scores = {**row.defined_scores, "f1_at_half": f1_at_half}
    shares = {name: _percent_or_none(value) for name, value in scores.items()}
    return {
        "name": row.name,
        "f1": shares.pop("f1"),
        "average_precision": _percent_or_none(row.average_precision),
        **shares,
        "threshold": row.threshold,
        "interval": interval_text(row.recall_interval) if row.support else "",
        "support": row.support,
        "missed": missed,
        "added": added,
    }


def _columns() -> dict[str, Any]:
    column = st.column_config.NumberColumn
    return {
        "name": st.column_config.TextColumn(_("Class"), width=100),
        "f1": column(_("F1"), format="%.1f%%", help=_("Harmonic mean of precision and recall")),
        "average_precision": column(
            _("Average precision"),
            format="%.1f%%",
            help=_(
                "Average precision: quality over all thresholds; chance gets the class's share of pictures"
            ),
        ),
        "precision": column(
            _("Precision"),
            format="%.1f%%",
            help=_("Share of the pictures predicted as this class that belong to it"),
        ),
        "recall": column(
            _("Recall"),
            format="%.1f%%",
            help=_("Share of the pictures of this class that were predicted as it"),
        ),
        "interval": st.column_config.TextColumn(
            _("95% interval"),
            width=100,
            help=_("Of recall: with so few pictures, the true recall lies somewhere in here"),
        ),
        "f1_at_half": column(_("F1 at 0.5"), format="%.1f%%", help=_("With a threshold of 0.5 instead")),
        "threshold": column(
            _("Threshold"), format="%.2f", help=_("The class is predicted from this probability on")
        ),
        "support": column(_("Pictures"), help=_("Test pictures of this class")),
        "missed": column(
            _("Missed"), help=_("Pictures that show the class and were predicted not to show it")
        ),
        "added": column(
            _("Extra"), help=_("Pictures that do not show the class and were predicted to show it")
        ),
    }


def _percent_or_none(share: float | None) -> float | None:
    return None if share is None else 100 * share
