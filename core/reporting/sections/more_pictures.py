"""Learning curve: accuracy over the number of training pictures, where it was measured."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.learning_curve.records import LearningCurve, read_learning_curve
from core.formatting import decimal
from core.messages import N_
from core.reporting import svg
from core.reporting.blocks import Block, Chart, Paragraph
from core.reporting.source import ReportSource


def learning_curve_blocks(source: ReportSource) -> Sequence[Block]:
    """Draw the measured points, and say what twice as many pictures would bring if that is known."""
    curve, say = read_learning_curve(source.evaluated), source.say
    if curve is None or len(curve.points) < 2:
        return []
    caption = say(
        N_("Accuracy on {n} validation pictures, with heads on the frozen backbone"),
        n=f"{curve.validation_pictures:,}",
    )
    return [_forecast(source, curve), Chart(svg=_drawn(source, curve), caption=caption)]


def _forecast(source: ReportSource, curve: LearningCurve) -> Paragraph:
    if curve.forecast is None:
        return Paragraph(text=source.say(N_("It cannot be said what more pictures would bring.")))
    low, high = curve.forecast.interval
    sentence = N_(
        "Twice as many training pictures would bring {gain} points of accuracy (95% interval {low} to {high})."
    )
    points = {"gain": curve.forecast.gain, "low": low, "high": high}
    return Paragraph(
        text=source.say(sentence, **{name: decimal(100 * value, 1) for name, value in points.items()})
    )


def _drawn(source: ReportSource, curve: LearningCurve) -> str:
    say, points = source.say, curve.points
    drawn = [
        svg.Curve(
            name=say(N_("measured")),
            x=[point.pictures for point in points],
            y=[point.accuracy for point in points],
            has_points=True,
        )
    ]
    last = points[-1].pictures
    if curve.forecast is not None:
        ahead = curve.forecast.curve
        last = ahead[-1].pictures
        drawn.append(
            svg.Curve(
                name=say(N_("fitted curve")),
                x=[point.pictures for point in ahead],
                y=[point.accuracy for point in ahead],
                kind="reference",
            )
        )
    return svg.curves(
        drawn,
        x_title=say(N_("training pictures")),
        y_title=say(N_("accuracy")),
        x_range=(0, last),
        is_percent=False,
    )
