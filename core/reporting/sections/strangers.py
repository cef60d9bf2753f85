"""Recognition of pictures that show none of the classes, where it was measured."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.strangers.materials import KIND_LABELS, StrangerKind
from core.evaluation.strangers.measuring import Separation
from core.evaluation.strangers.results import read_strangers
from core.messages import N_
from core.reporting.blocks import Block, Paragraph, Table
from core.reporting.source import ReportSource


def stranger_blocks(source: ReportSource) -> Sequence[Block]:
    """State how well strangers are told from pictures of the classes, by kind and beside simpler scores."""
    report, say = read_strangers(source.run), source.say
    if report is None or report.separation is None:
        return []
    kinds = [
        (say(KIND_LABELS[StrangerKind(kind)]), f"{report.strangers[kind]:,}", _area(separation))
        for kind, separation in report.by_kind.items()
    ]
    simple = ((N_("by maximum softmax"), report.maximum_softmax), (N_("by energy"), report.energy))
    others = [(say(name), "", _area(separation)) for name, separation in simple if separation is not None]
    total = (say(N_("all together")), f"{sum(report.strangers.values()):,}", _area(report.separation))
    return [
        Paragraph(
            text=say(
                N_(
                    "Area under the ROC curve of pictures that show none of the classes against test pictures: 1 is perfect, 0.5 chance."
                )
            )
        ),
        Table(
            columns=(say(N_("Strangers")), say(N_("Pictures")), say(N_("Area (95% interval)"))),
            rows=[*kinds, total, *others],
            numeric=frozenset({1, 2}),
        ),
    ]


def _area(separation: Separation) -> str:
    low, high = separation.interval
    return f"{separation.auroc:.3f} ({low:.3f}–{high:.3f})"
