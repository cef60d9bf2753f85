"""Slices of the test pictures on which the classifier is worse than on the rest."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.slices.measuring import SliceScore, measure_slices, slice_source
from core.formatting import percent, percent_interval
from core.messages import N_
from core.reporting import svg
from core.reporting.blocks import Block, Chart, Paragraph
from core.reporting.source import ReportSource

_MOST_SHOWN = 12


def slice_blocks(source: ReportSource) -> Sequence[Block]:
    """Draw the worst slices that are large enough to be ranked, and name those that are proven."""
    evaluated, say = source.evaluated, source.say
    test = source.test
    scores = measure_slices(slice_source(evaluated), test.exact_matches, test.group_indices)
    ranked = [score for score in scores if score.is_ranked]
    if not ranked:
        return []
    bars = [
        svg.Bar(label=_name(source, score), value=score.accuracy, interval=score.interval)
        for score in ranked[:_MOST_SHOWN]
    ]
    caption = say(N_("Accuracy on the worst of {n} slices, with 95% intervals"), n=len(ranked))
    return [_verdict(source, ranked), Chart(svg=svg.bars(bars), caption=caption)]


def _verdict(source: ReportSource, ranked: Sequence[SliceScore]) -> Paragraph:
    proven = [score for score in ranked if score.is_proven]
    if not proven:
        return Paragraph(
            text=source.say(
                N_("No slice is worse than the rest beyond chance, counting that {n} were looked at."),
                n=len(ranked),
            )
        )
    named = [
        f"{_name(source, score)} ({percent(score.accuracy)}, {percent_interval(score.interval)})"
        for score in proven
    ]
    return Paragraph(
        text=source.say(
            N_("Worse than the rest, beyond chance among {n} slices: {names}."),
            n=len(ranked),
            names="; ".join(named),
        )
    )


def _name(source: ReportSource, score: SliceScore) -> str:
    return f"{source.say(score.kind.label)}: {score.name.render(source.translate)}"
