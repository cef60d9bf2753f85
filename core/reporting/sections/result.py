"""Result in one sentence, and the data that it was measured on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.evaluation.leading import leading_metric
from core.evaluation.looks import use_of_test_set
from core.formatting import decimal, percent
from core.messages import N_
from core.reporting import svg
from core.reporting.blocks import Block, Chart, Paragraph, Table
from core.reporting.source import ReportSource
from core.training.leading_metric import LeadingKind
from core.workspace import list_runs, project_of

SPLIT_NAMES = {
    Split.TRAIN: N_("training"),
    Split.VALIDATION: N_("validation"),
    Split.TEST: N_("test"),
}
UNANSWERED = N_(
    "Test pictures for which the network computes no numbers (NaN): {n}. They have no answer and count as wrong."
)
_BELONG_TOGETHER = N_(
    "Some pictures belong together, such as shots of one motif. They count as {n} observations."
)


def result_blocks(source: ReportSource) -> Sequence[Block]:
    """State the accuracy beside the answer that needs no classifier."""
    report, say = source.report, source.say
    bars = [
        svg.Bar(label=source.title, value=report.accuracy, interval=report.accuracy_interval),
        svg.Bar(
            label=say(N_("always {answer}"), answer=report.majority_class),
            value=report.majority_baseline,
            is_reference=True,
        ),
    ]
    low, high = report.accuracy_interval
    blocks: list[Block] = [
        Paragraph(
            text=say(
                N_("{accuracy} of {n} test pictures are right."),
                accuracy=percent(report.accuracy),
                n=f"{report.pictures:,}",
            ),
            is_headline=True,
        ),
        Paragraph(
            text=say(
                N_(
                    "On new pictures like these, expect between {low} and {high} (95% interval). Training never used these pictures."
                ),
                low=percent(low),
                high=percent(high),
            )
        ),
    ]
    if source.chosen_thresholds:
        blocks.append(Paragraph(text=source.chosen_thresholds))
    if report.unanswered:
        blocks.append(Paragraph(text=say(UNANSWERED, n=f"{report.unanswered:,}")))
    blocks.extend(_leading(source))
    if 0 < report.groups < report.pictures:
        blocks.append(Paragraph(text=say(_BELONG_TOGETHER, n=f"{report.groups:,}")))
    caption = say(N_("Accuracy with its 95% interval, and that of always giving the most frequent answer"))
    return [*blocks, Chart(svg=svg.bars(bars), caption=caption)]


def _leading(source: ReportSource) -> list[Block]:
    """State the metric that matters in the project, if it is not the accuracy."""
    evaluated, say = source.evaluated, source.say
    names = evaluated.dataset.class_names
    leading = leading_metric(project_of(source.run), names)
    value = leading.value(source.test)
    if leading.metric.kind is LeadingKind.ACCURACY or math.isnan(value):
        return []
    low, high = leading.interval(source.test) or (value, value)
    numbers = {"value": value, "low": low, "high": high}
    return [
        Paragraph(
            text=say(
                N_("The metric that matters here, {metric}: {value} (95% interval {low} to {high})."),
                metric=leading.label,
                **{
                    name: percent(number) if leading.is_fraction else decimal(number, 3)
                    for name, number in numbers.items()
                },
            )
        )
    ]


def data_blocks(source: ReportSource) -> Sequence[Block]:
    """State the dataset version, its split and its groups."""
    dataset, say = source.evaluated.dataset, source.say
    use = use_of_test_set(source.run, list_runs(project_of(source.run)))
    facts = [
        (say(N_("Dataset version")), str(dataset.version)),
        (say(N_("Last change")), source.version.edit.message.render(source.translate)),
        (say(N_("Digest of the pictures")), dataset.digest),
        (say(N_("Groups of pictures that belong together")), f"{len(np.unique(dataset.groups)):,}"),
        (say(N_("Files left out at import")), f"{len(dataset.skipped):,}"),
        (say(N_("Runs tested on the same test pictures")), f"{use.runs:,}"),
        (say(N_("Runs whose result was looked at")), f"{use.looks:,}"),
    ]
    return [
        Table(columns=(say(N_("Fact")), say(N_("Value"))), rows=facts),
        Paragraph(text=say(N_("Pictures of one group always stand in one part of the split."))),
        _split_table(source, dataset),
    ]


def _split_table(source: ReportSource, dataset: Dataset) -> Table:
    targets = dataset.targets
    counts = np.stack([targets[dataset.rows(split)].sum(axis=0) for split in SPLIT_NAMES]).astype(np.int64)
    rows = [
        (name, *(f"{count:,}" for count in column))
        for name, column in zip(dataset.class_names, counts.T.tolist(), strict=True)
    ]
    totals = [f"{len(dataset.rows(split)):,}" for split in SPLIT_NAMES]
    return Table(
        columns=(source.say(N_("Class")), *(source.say(name) for name in SPLIT_NAMES.values())),
        rows=[*rows, (source.say(N_("pictures")), *totals)],
        numeric=frozenset({1, 2, 3}),
    )
