"""Examples: the mistakes that the classifier was surest about."""

from __future__ import annotations

from collections.abc import Sequence

from core.data.labels.label_sets import NONE_OF_THEM
from core.evaluation.predictions import worst_mistakes
from core.formatting import percent
from core.messages import N_
from core.reporting.blocks import Block, Paragraph, Picture, Pictures
from core.reporting.source import ReportSource

_MOST_SHOWN = 24


def mistake_blocks(source: ReportSource) -> Sequence[Block]:
    """Show the most confident mistakes, if the reader may see pictures."""
    evaluated, say = source.evaluated, source.say
    wrong = worst_mistakes(source.test_table, _MOST_SHOWN)
    if not len(wrong) or not source.has_pictures:
        return []
    row_of = {picture: row for row, picture in enumerate(evaluated.dataset.pictures["id"])}
    columns = (wrong["id"], wrong["label"], wrong["predicted"], wrong["confidence"])
    pictures = [
        Picture(
            jpeg=evaluated.dataset.thumbnail(row_of[picture]),
            text=f"{_named(source, label)} → {_named(source, answer)} ({percent(confidence)})",
        )
        for picture, label, answer, confidence in zip(*columns, strict=True)
        if picture in row_of  # erased since
    ]
    caption = N_("True class, answer and its probability. Sometimes the label is wrong, not the classifier.")
    return [Pictures(pictures=pictures), Paragraph(text=say(caption))]


def _named(source: ReportSource, label: str) -> str:
    return source.say(N_("none of the classes")) if label == NONE_OF_THEM else label
