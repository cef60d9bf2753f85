"""Reliability of the probabilities, and prediction sets."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.calibration.calibrating import Calibration
from core.evaluation.calibration.reliability import Reliability
from core.formatting import percent, percent_interval
from core.messages import N_
from core.reporting import svg
from core.reporting.blocks import Block, Chart, Paragraph, Table
from core.reporting.source import ReportSource


def calibration_blocks(source: ReportSource) -> Sequence[Block]:
    """State the calibration error before and after, and draw the reliability diagram."""
    calibration, say = source.evaluated.report.calibration, source.say
    if calibration is None:
        return []
    sentence = say(
        N_(
            "Predicted probabilities are off by {after} on average (95% interval {interval}); as trained, by {before}."
        ),
        after=percent(calibration.after.ece),
        interval=percent_interval(calibration.after.ece_interval),
        before=percent(calibration.before.ece),
    )
    return [
        Paragraph(text=sentence),
        Chart(
            svg=_reliability_chart(source, calibration.after),
            caption=say(N_("Right answers over predicted probability, with 95% intervals")),
        ),
        *_sets(source, calibration),
    ]


def _reliability_chart(source: ReportSource, reliability: Reliability) -> str:
    bins, say = reliability.bins, source.say
    return svg.curves(
        [
            svg.Curve(name=say(N_("as sure as right")), x=(0, 1), y=(0, 1), kind="reference"),
            svg.Curve(
                name=say(N_("answers")),
                x=[row.confidence for row in bins],
                y=[row.accuracy for row in bins],
                intervals=[row.interval for row in bins],
                has_points=True,
            ),
        ],
        x_title=say(N_("predicted probability")),
        y_title=say(N_("right answers")),
        x_range=(0, 1),
        is_percent=True,
    )


def _sets(source: ReportSource, calibration: Calibration) -> list[Block]:
    if not calibration.sets:
        return []
    say = source.say
    rows = [
        (
            percent(found.promise),
            f"{percent(found.coverage)} ({percent_interval(found.coverage_interval)})",
            f"{found.mean_size:.1f}",
        )
        for found in calibration.sets
    ]
    columns = (say(N_("Promised")), say(N_("Measured")), say(N_("Answers")))
    return [
        Paragraph(
            text=say(
                N_(
                    "Prediction sets: a few answers that hold the right one as often as promised (split conformal prediction)."
                )
            )
        ),
        Table(columns=columns, rows=rows, numeric=frozenset({1, 2})),
    ]
