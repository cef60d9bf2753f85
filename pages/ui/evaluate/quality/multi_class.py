"""Scores of a classifier with one class a picture, on the Evaluate page."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.evaluation.metrics.averages import AVERAGED
from core.evaluation.report import MultiClassReport
from pages.ui.charts import accuracy_bars
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate.quality.metric_table import groups_sentence, interval_text, table_height
from pages.ui.text import _, escape, number, percent


def multi_class_headline(report: MultiClassReport) -> None:
    """Draw the accuracy in one sentence and one chart."""
    low, high = report.accuracy_interval
    st.markdown(
        "### " + _("{accuracy} of the test pictures are right").format(accuracy=percent(report.accuracy))
    )
    st.markdown(
        _(
            "On new pictures like these, expect between {low} and {high}. "
            "Always guessing {majority} would get {baseline}. Measured on {n} pictures that training never saw."
        ).format(
            low=percent(low),
            high=percent(high),
            majority=f"“{escape(report.majority_class)}”",
            baseline=percent(report.majority_baseline),
            n=number(report.pictures),
        )
    )
    groups_sentence(report)
    figure = accuracy_bars(
        report.accuracy, report.accuracy_interval, report.majority_baseline, report.majority_class
    )
    live_chart(figure, mode_bar=False, key="accuracy")
    if report.roc_auc is not None:
        _two_class_scores(report)


def multi_class_table(report: MultiClassReport) -> None:
    """Draw precision, recall and F1 of each class, then their averages."""
    st.subheader(_("Class by class"), anchor=False)
    rows = [
        {
            "name": row.name,
            **_percentages(row.defined_scores),
            "interval": interval_text(row.recall_interval) if row.support else "",
            "support": row.support,
        }
        for row in report.classes
    ]
    means = (
        (report.macro, "macro_recall", _("macro mean")),
        (report.weighted, "weighted_recall", _("weighted mean")),
    )
    for mean, metric, label in means:
        rows.append(
            {
                "name": label,
                **_percentages({name: getattr(mean, name) for name in AVERAGED}),
                "interval": interval_text(report.intervals.get(metric)),
                "support": report.pictures,
            }
        )
    column = st.column_config.NumberColumn
    columns = {
        "name": st.column_config.TextColumn(_("Class"), width=110),
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
        "f1": column(_("F1"), format="%.1f%%", help=_("Harmonic mean of precision and recall")),
        "support": column(_("Pictures"), help=_("Test pictures of this class")),
    }
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config=columns,
        column_order=tuple(columns),
        height=table_height(len(rows)),
        key="class-table",
    )


def _two_class_scores(report: MultiClassReport) -> None:
    """Draw the scores of two classes that depend on no threshold."""
    precisions = [
        _("{name} {percent}").format(name=escape(name), percent=percent(value))
        for name, value in report.average_precision.items()
    ]
    st.markdown(
        _("Area under the ROC curve: **{area}**. Average precision: {precisions}.").format(
            area=f"{report.roc_auc:.3f}", precisions=", ".join(precisions)
        ),
        help=_(
            "The area is the probability that a picture of a class is ranked above a picture of the other class: 1 is perfect, 0.5 is chance."
        ),
    )


def _percentages(scores: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else 100 * value for name, value in scores.items()}
