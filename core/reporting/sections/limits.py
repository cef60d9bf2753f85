"""Limits of a classifier, stated in words."""

from __future__ import annotations

from collections.abc import Sequence

from core.data.labels.task import Task
from core.evaluation.report import EvaluationReport, MultiClassReport, MultiLabelReport
from core.formatting import percent
from core.messages import N_, Message, first_of
from core.models.licences import commercial_limit
from core.reporting.blocks import Block, Points
from core.reporting.source import ReportSource

_FEW_TEST_PICTURES = 20
_WIDE_INTERVAL = 0.1


def limit_blocks(source: ReportSource) -> Sequence[Block]:
    """List the limits."""
    return [Points(items=[limit.render(source.translate) for limit in limits(source)])]


def limits(source: ReportSource) -> list[Message]:
    """Derive the limits from the data and the report."""
    report = source.report
    return [
        _only_known_classes(source),
        Message(
            N_(
                "The test pictures come from the same source as the training pictures. Other cameras, places or times can be harder."
            )
        ),
        *_uncertain_accuracy(report),
        *_few_pictures(report),
        *_left_out(source),
        *_licence(source),
    ]


def _only_known_classes(source: ReportSource) -> Message:
    names = first_of(source.evaluated.dataset.class_names)
    if source.evaluated.dataset.task is Task.MULTI_LABEL:
        return Message(N_("It knows only these classes: {names}."), {"names": names})
    return Message(
        N_("It knows only these classes, and gives one of them to any picture: {names}."), {"names": names}
    )


def _uncertain_accuracy(report: EvaluationReport) -> list[Message]:
    low, high = report.accuracy_interval
    if high - low <= _WIDE_INTERVAL:
        return []
    values = {"n": f"{report.pictures:,}", "low": percent(low), "high": percent(high)}
    return [
        Message(
            N_("With {n} test pictures, the accuracy is known only to lie between {low} and {high}."), values
        )
    ]


def _few_pictures(report: MultiClassReport | MultiLabelReport) -> list[Message]:
    few = [row.name for row in report.classes if 0 < row.support < _FEW_TEST_PICTURES]
    none = [row.name for row in report.classes if not row.support]
    said = [
        (few, N_("Fewer than {n} test pictures show these classes, so their scores are uncertain: {names}.")),
        (none, N_("No test picture shows these classes, so nothing is known of them: {names}.")),
    ]
    return [
        Message(template, {"n": _FEW_TEST_PICTURES, "names": first_of(names)})
        for names, template in said
        if names
    ]


def _licence(source: ReportSource) -> list[Message]:
    limit = commercial_limit(source.backbones)
    return [limit] if limit else []


def _left_out(source: ReportSource) -> list[Message]:
    reasons = source.evaluated.dataset.left_out_classes.values()
    return [Message(N_("Not learnt: {reason}."), {"reason": reason.message}) for reason in reasons]
