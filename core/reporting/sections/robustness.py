"""Accuracy under disturbances of the pictures, where it was tested."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.robustness.corruptions import find_corruption
from core.evaluation.robustness.records import BREAKING_DROP, CorruptionResult, read_robustness
from core.formatting import percent
from core.messages import N_
from core.reporting.blocks import Block, Paragraph, Table
from core.reporting.source import ReportSource

_BY_DEFAULT = N_("This test answered by the run's default thresholds, not by those that were chosen.")


def robustness_blocks(source: ReportSource) -> Sequence[Block]:
    """List the accuracy at every strength of each corruption, the most harmful first."""
    report, say = read_robustness(source.evaluated), source.say
    if report is None:
        return []
    rows = [_row(source, result) for result in report.weakest_first]
    strengths = max(len(result.conditions) for result in report.corruptions)
    sentence = say(
        N_(
            "Accuracy on {n} test pictures at rising strengths; {clean} on the pictures as they are. * marks a proven loss of more than {points} points."
        ),
        n=f"{report.pictures:,}",
        clean=percent(report.clean.accuracy),
        points=round(100 * BREAKING_DROP),
    )
    columns = (say(N_("Disturbance")), *(str(number) for number in range(1, strengths + 1)))
    default = [Paragraph(text=say(_BY_DEFAULT))] if source.chosen_thresholds else []
    return [
        Paragraph(text=sentence),
        *default,
        Table(columns=columns, rows=rows, numeric=frozenset(range(1, strengths + 1))),
    ]


def _row(source: ReportSource, result: CorruptionResult) -> tuple[str, ...]:
    corruption = find_corruption(result.code)
    name = source.say(corruption.label) if corruption else result.code
    cells = [
        f"{percent(condition.accuracy)}{' *' if condition.is_break else ''}"
        for condition in result.conditions
    ]
    return name, *cells
