"""Differences between two classifiers in words, and as a table with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.evaluation.comparison.comparing import ClassifierComparison
from core.evaluation.comparison.differences import MetricDifference, Verdict
from core.evaluation.metrics.table import METRICS, Metric
from core.messages import N_, Message
from core.training.leading_metric import LeadingKind
from pages.ui.evaluate.compare.paired import Paired
from pages.ui.evaluate.quality.metric_table import show_meanings, table_height
from pages.ui.text import _, decimal, escape, ngettext, number, percent, show, signed

VERDICTS = {
    Verdict.BETTER: N_("better"),
    Verdict.WORSE: N_("worse"),
    Verdict.UNCLEAR: N_("may be chance"),
}
# Where another metric than the accuracy leads: McNemar's test says nothing about it.
_OF_LEADING = {
    Verdict.BETTER: N_("{metric} is better, and hardly by chance: the interval excludes no difference."),
    Verdict.WORSE: N_("{metric} is worse, and hardly by chance: the interval excludes no difference."),
    Verdict.UNCLEAR: N_("{metric} may differ by chance: the interval includes no difference."),
}
_ICONS = {
    Verdict.BETTER: ":material/trending_up:",
    Verdict.WORSE: ":material/trending_down:",
    Verdict.UNCLEAR: ":material/help:",
}


def headline(pair: Paired, before: str, after: str) -> None:
    """Draw the difference of the leading metric, its interval, and McNemar's test of all pictures in words.

    Args:
        before, after: what the two classifiers are called, escaped.
    """
    leading, test = pair.comparison.leading, pair.comparison.test
    values = f"{value_text(leading, leading.first)} → {value_text(leading, leading.second)}"
    st.markdown(f"### {_ICONS[leading.verdict]} {_leading_name(pair)}: {values}")
    st.markdown(
        _("From {before} to {after}: {difference}. {fixed}, {broken}.").format(
            before=before,
            after=after,
            difference=with_interval(leading),
            fixed=fixed_text(test.fixed),
            broken=broken_text(test.broken),
        ),
        help=_(
            "The interval of the difference: both are measured on the same pictures, so what is hard for both cancels out (paired bootstrap; pictures that belong together count once)."
        ),
    )
    st.markdown(
        " ".join([*_of_leading(pair), show(test.sentence)]),
        help=_(
            "McNemar's test looks only at pictures that one classifier gets right and the other wrong. If both are equally good, about as many are fixed as newly broken."
        ),
    )
    picture_remarks(pair.comparison)


def _of_leading(pair: Paired) -> list[str]:
    """Say what the interval tells about the metric that leads, if McNemar's test is about another one."""
    leading = pair.comparison.leading
    if leading.code == LeadingKind.ACCURACY or leading.interval is None:
        return []
    return [_(_OF_LEADING[leading.verdict]).format(metric=_leading_name(pair))]


def _leading_name(pair: Paired) -> str:
    return escape(show(pair.leading, markdown=False))


def picture_remarks(comparison: ClassifierComparison) -> None:
    """Say on how many pictures two classifiers were compared, and which were left out."""
    matching = comparison.matching
    parts = [
        ngettext(
            "Compared on {n} test picture that both have.",
            "Compared on {n} test pictures that both have.",
            matching.pictures,
        ).format(n=number(matching.pictures))
    ]
    if matching.groups < matching.pictures:
        parts.append(
            ngettext(
                "Those that belong together count as {n} observation.",
                "Those that belong together count as {n} observations.",
                matching.groups,
            ).format(n=number(matching.groups))
        )
    st.caption(" ".join([*parts, *(show(remark) for remark in matching.remarks)]))


def difference_table(comparison: ClassifierComparison, before: str, after: str, *, key: str) -> None:
    """Draw metrics of both classifiers, with the interval of the difference.

    Args:
        before, after: titles of the columns.
    """
    rows = [_row(row) for row in comparison.metrics]
    text = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "metric": text(_("Metric")),
            "first": text(before),
            "second": text(after),
            "difference": text(_("Difference")),
            "interval": text(
                _("95% interval"),
                help=_("On new pictures like these, the difference lies in here in 95 of 100 cases"),
            ),
            "verdict": text(_("Verdict"), help=_("“May be chance”: the interval includes no difference.")),
        },
        height=table_height(len(rows)),
        key=key,
    )
    show_meanings([_metric_of(row) for row in comparison.metrics])


def value_text(row: MetricDifference, value: float) -> str:
    """Format a value of the metric; a dash where it is undefined on these pictures."""
    if math.isnan(value):
        return "–"
    return percent(value) if row.is_fraction else decimal(value, 3)


def difference_text(row: MetricDifference) -> str:
    """Format the difference with its sign: percentage points, or the metric's own unit."""
    if math.isnan(row.difference):
        return "–"
    if not row.is_fraction:
        return signed(row.difference, 3)
    return _("{n} points").format(n=signed(100 * row.difference, 1))


def with_interval(row: MetricDifference) -> str:
    """Format the difference with its interval; in words where there is none."""
    if row.interval is not None:
        return _("{difference} (95% interval: {interval})").format(
            difference=difference_text(row), interval=interval_text(row)
        )
    if not row.difference:
        return _("no difference on these pictures")
    return _("{difference} (too few pictures for an interval)").format(difference=difference_text(row))


def interval_text(row: MetricDifference) -> str:
    """Format the interval of the difference: “−0.5 to +2.1”; a dash where there is none."""
    if row.interval is None:
        return "–"
    scale, digits = (100, 1) if row.is_fraction else (1, 3)
    low, high = (signed(scale * end, digits) for end in row.interval)
    return _("{low} to {high}").format(low=low, high=high)


def fixed_text(count: int) -> str:
    return ngettext("{n} picture fixed", "{n} pictures fixed", count).format(n=number(count))


def broken_text(count: int) -> str:
    return ngettext("{n} newly broken", "{n} newly broken", count).format(n=number(count))


def evidence(comparisons: Sequence[ClassifierComparison], titles: Sequence[str], leading: Message) -> None:
    """Draw several classifiers against one reference: a row each, p-values corrected for their number.

    Args:
        leading: name of the metric that leads.
    """
    rows = []
    for comparison, title in zip(comparisons, titles, strict=True):
        row = comparison.leading
        rows.append(
            {
                "run": title,
                "value": value_text(row, row.second),
                "difference": difference_text(row),
                "interval": interval_text(row),
                "fixed": comparison.test.fixed,
                "broken": comparison.test.broken,
                "p": f"{comparison.test.p_value:.2g}",
                "verdict": _("hardly chance") if comparison.test.is_significant else _("may be chance"),
            }
        )
    text, column = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "run": text(_("Run"), width="medium"),
            "value": text(show(leading)),
            "difference": text(_("Difference")),
            "interval": text(_("95% interval"), help=_("Of the difference, on the same pictures")),
            "fixed": column(_("Fixed"), help=_("Pictures that only this run gets right")),
            "broken": column(_("Newly broken"), help=_("Pictures that only the reference gets right")),
            "p": text(
                _("p-value"),
                help=_(
                    "McNemar's test: how often two equally good classifiers would differ this much. Corrected for the number of runs compared (Holm)."
                ),
            ),
            "verdict": text(_("Verdict"), help=_("Of McNemar's test: right answers over all pictures")),
        },
        key="compared-evidence",
    )


def _metric_of(row: MetricDifference) -> Metric:
    return next(metric for metric in METRICS if metric.code == row.code)


def _row(row: MetricDifference) -> dict[str, str]:
    return {
        "metric": _(_metric_of(row).label),
        "first": value_text(row, row.first),
        "second": value_text(row, row.second),
        "difference": difference_text(row),
        "interval": interval_text(row),
        "verdict": _(VERDICTS[row.verdict]) if row.interval else "–",
    }
