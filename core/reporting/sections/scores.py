"""Every metric and every class, with intervals; confusions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.evaluation.confusion import confused_pairs
from core.evaluation.metrics import table as metric_table
from core.evaluation.metrics.table import Metric
from core.evaluation.report import ClassReport, MultiClassReport
from core.formatting import percent, percent_interval
from core.messages import N_
from core.reporting import svg
from core.reporting.blocks import Block, Chart, Paragraph, Table
from core.reporting.source import ReportSource

_MOST_MATRIX_CLASSES, _MOST_PAIRS, _MOST_BARS = 45, 15, 60


def metric_blocks(source: ReportSource) -> Sequence[Block]:
    """List the metrics in the order of their table."""
    report, say = source.evaluated.report, source.say
    rows = [
        (
            say(metric.label),
            _value(metric, report.metrics[metric.code]),
            "–".join(_value(metric, end) for end in report.intervals.get(metric.code, ())),
            say(metric.help),
        )
        for metric in metric_table.METRICS
        if metric.code in report.metrics
    ]
    columns = (say(N_("Metric")), say(N_("Value")), say(N_("95% interval")), say(N_("Meaning")))
    return [Table(columns=columns, rows=rows, numeric=frozenset({1, 2}))]


def class_blocks(source: ReportSource) -> Sequence[Block]:
    """List precision, recall and F1 of every class."""
    classes, say = source.evaluated.report.classes, source.say
    table = Table(
        columns=(
            say(N_("Class")),
            say(N_("Precision")),
            say(N_("Recall")),
            say(N_("F1")),
            say(N_("Test pictures")),
        ),
        rows=[_class_row(row) for row in classes],
        numeric=frozenset({1, 2, 3, 4}),
    )
    worst = sorted(classes, key=lambda row: row.recall)[:_MOST_BARS]
    bars = [svg.Bar(label=row.name, value=row.recall, interval=row.recall_interval) for row in worst]
    caption = say(N_("Recall of each class with its 95% interval, the lowest first"))
    return [Chart(svg=svg.bars(bars), caption=caption), table]


def confusion_blocks(source: ReportSource) -> Sequence[Block]:
    """Draw the confusion matrix where it can be read, and list the most frequent mistakes."""
    report, say = source.evaluated.report, source.say
    if not isinstance(report, MultiClassReport):
        return []
    names, counts = [row.name for row in report.classes], np.array(report.confusion)
    rows = [
        (
            names[pair.true],
            names[pair.predicted],
            str(pair.count),
            percent(pair.count / counts[pair.true].sum()),
        )
        for pair in confused_pairs(counts, _MOST_PAIRS)
    ]
    blocks: list[Block] = []
    if len(names) <= _MOST_MATRIX_CLASSES:
        drawing = svg.matrix(counts, names)
        caption = say(N_("Confusion matrix: rows are true classes, columns answers, in test pictures"))
        blocks.append(Chart(svg=drawing, caption=caption))
    if not rows:
        return [*blocks, Paragraph(text=say(N_("No test picture was confused.")))]
    columns = (say(N_("True class")), say(N_("Answer")), say(N_("Pictures")), say(N_("Of the class")))
    return [*blocks, Table(columns=columns, rows=rows, numeric=frozenset({2, 3}))]


def _class_row(row: ClassReport) -> tuple[str, ...]:
    scores = (
        (row.precision, row.precision_interval),
        (row.recall, row.recall_interval),
        (row.f1, row.f1_interval),
    )
    return row.name, *(_with_interval(value, interval) for value, interval in scores), f"{row.support:,}"


def _with_interval(value: float, interval: tuple[float, float] | None) -> str:
    return f"{percent(value)} ({percent_interval(interval)})" if interval else percent(value)


def _value(metric: Metric, value: float) -> str:
    return percent(value) if metric.is_fraction else f"{value:.3f}"
