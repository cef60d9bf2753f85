"""Every metric and every class, with intervals; confusions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.data.labels.task import Task
from core.evaluation.baseline import majority_metrics
from core.evaluation.confusion import confused_pairs
from core.evaluation.metrics import table as metric_table
from core.evaluation.metrics.table import Metric
from core.evaluation.mistakes.cells import ConfusionCells, confusion_cells
from core.evaluation.report import ClassReport, MultiClassReport, chosen_thresholds
from core.formatting import MINUS, decimal, percent, percent_interval
from core.messages import N_
from core.reporting import svg
from core.reporting.blocks import Block, Chart, Paragraph, Table
from core.reporting.source import ReportSource

_MOST_MATRIX_CLASSES, _MOST_PAIRS, _MOST_BARS = 45, 15, 60


def metric_blocks(source: ReportSource) -> Sequence[Block]:
    """List the metrics in the order of their table."""
    report, say = source.report, source.say
    majority = majority_metrics(source.evaluated)
    rows = [
        (
            say(metric.label),
            _value(metric, report.metrics[metric.code]),
            _interval(source, metric, report.intervals.get(metric.code)),
            _value(metric, majority[metric.code]) if metric.code in majority else "–",
            say(metric.help),
        )
        for metric in metric_table.METRICS
        if metric.code in report.metrics
    ]
    columns = (
        say(N_("Metric")),
        say(N_("Value")),
        say(N_("95% interval")),
        say(N_("Majority")),
        say(N_("Meaning")),
    )
    explanation = say(
        N_(
            "Majority: the best answer without looking at pictures, which is always the most frequent one, with the classes' shares of the training pictures as probabilities."
        )
    )
    return [Table(columns=columns, rows=rows, numeric=frozenset({1, 2, 3})), Paragraph(text=explanation)]


def class_blocks(source: ReportSource) -> Sequence[Block]:
    """List precision, recall and F1 of every class."""
    classes, say = source.report.classes, source.say
    columns = [N_("Class"), N_("Precision"), N_("Recall"), N_("F1"), N_("Test pictures")]
    rows = [_class_row(row) for row in classes]
    if (thresholds := chosen_thresholds(source.report)) is not None:
        columns.append(N_("Threshold"))
        rows = [(*row, f"{threshold:.2f}") for row, threshold in zip(rows, thresholds, strict=True)]
    table = Table(
        columns=[say(column) for column in columns],
        rows=rows,
        numeric=frozenset(range(1, len(columns))),
    )
    # Nothing is known of a class that no test picture shows.
    worst = sorted((row for row in classes if row.support), key=lambda row: row.recall)[:_MOST_BARS]
    bars = [svg.Bar(label=row.name, value=row.recall, interval=row.recall_interval) for row in worst]
    caption = say(N_("Recall of each class with its 95% interval, the lowest first"))
    return [Chart(svg=svg.bars(bars), caption=caption), table]


def confusion_blocks(source: ReportSource) -> Sequence[Block]:
    """Draw the confusion matrix where it can be read, and list the most frequent mistakes."""
    evaluated, say = source.evaluated, source.say
    cells = _cells(source)
    counts, shares = cells.counts, cells.row_shares
    # With several labels, the last row and column stand for none.
    names = [*evaluated.dataset.class_names, "–"][: len(counts)]
    rows = [
        (
            names[pair.true],
            names[pair.predicted],
            str(pair.count),
            percent(float(shares[pair.true, pair.predicted])),
        )
        for pair in confused_pairs(counts, _MOST_PAIRS)
    ]
    blocks: list[Block] = []
    if len(names) <= _MOST_MATRIX_CLASSES:
        caption = say(_CONFUSION_CAPTIONS[evaluated.dataset.task])
        blocks.append(Chart(svg=svg.matrix(counts, names), caption=caption))
    if not rows:
        return [*blocks, Paragraph(text=say(N_("No test picture was confused.")))]
    columns = (say(N_("True class")), say(N_("Answer")), say(N_("Pictures")), say(N_("Of the class")))
    return [*blocks, Table(columns=columns, rows=rows, numeric=frozenset({2, 3}))]


def _cells(source: ReportSource) -> ConfusionCells:
    """Cells of the report; those of several labels are counted from the answers."""
    if isinstance(source.report, MultiClassReport):
        return ConfusionCells.of_counts(np.array(source.report.confusion))
    return confusion_cells(source.test)


_CONFUSION_CAPTIONS = {
    Task.MULTI_CLASS: N_("Confusion matrix: rows are true classes, columns answers, in test pictures"),
    Task.MULTI_LABEL: N_(
        "Rows are labels that pictures show, columns the answers. The diagonal counts labels that were found. A label that was missed counts against each label wrongly added to the same picture; with none added, it stands in the last column. A label added to a picture where nothing was missed stands in the last row."
    ),
}


def _class_row(row: ClassReport) -> tuple[str, ...]:
    intervals = (row.precision_interval, row.recall_interval, row.f1_interval)
    scores = zip(row.defined_scores.values(), intervals, strict=True)
    return row.name, *(_with_interval(value, interval) for value, interval in scores), f"{row.support:,}"


def _with_interval(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None:
        return "–"
    return f"{percent(value)} ({percent_interval(interval)})" if interval else percent(value)


def _interval(source: ReportSource, metric: Metric, interval: tuple[float, float] | None) -> str:
    """Write an interval; beside a minus sign its dash would be taken for another."""
    if interval is None:
        return ""
    low, high = (_value(metric, end) for end in interval)
    is_negative = low.startswith(MINUS)
    return source.say(N_("{low} to {high}"), low=low, high=high) if is_negative else f"{low}–{high}"


def _value(metric: Metric, value: float) -> str:
    return percent(value) if metric.is_fraction else decimal(value, 3)
