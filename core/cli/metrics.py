"""Metrics and slices of a run, as ``evaluate`` prints them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.cli.terminal import Answer
from core.errors import NotFoundError
from core.evaluation.answers_in_use import answers_in_use
from core.evaluation.baseline import majority_metrics
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import Leading, leading_metric, majority_value
from core.evaluation.metrics import table
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.report import EvaluationReport
from core.evaluation.slices.measuring import measure_slices, slice_source
from core.evaluation.thresholds.answers import has_chosen_thresholds
from core.messages import N_
from core.workspace import project_of

# Beside the codes of the table: the metric that matters in the project.
LEADING = "leading"


def metrics_answer(run: Path, report: EvaluationReport, codes: Sequence[str]) -> Answer:
    """Values and 95% intervals of some metrics on the test pictures; None where one is undefined.

    Raises:
        NotFoundError: there is no metric of a code.
    """
    known = [metric.code for metric in table.metrics_of(report.task)]
    for code in codes:
        if code not in {*known, LEADING}:
            raise NotFoundError(
                N_("There is no metric called “{name}”. Choose from: {known}."),
                name=code[:80],
                known=", ".join([*known, LEADING]),
            )
    majority = _majority(run)
    return {code: _leading(run) if code == LEADING else _stored(report, code, majority) for code in codes}


def slices_answer(evaluated: EvaluatedRun) -> list[Answer]:
    """Accuracy on every slice of the test pictures, in the order of ``measure_slices``."""
    test = evaluated.test
    return [
        {
            "kind": score.kind.code,
            "slice": str(score.name),
            "pictures": score.pictures,
            "groups": score.groups,
            "accuracy": score.accuracy,
            "interval": score.interval,
            "difference": score.difference,
            "p_value": score.p_value,
            "adjusted_p_value": score.adjusted,
            "is_proven": score.is_proven,
        }
        for score in measure_slices(slice_source(evaluated), test.exact_matches, test.group_indices)
    ]


def _majority(run: Path) -> Mapping[str, float]:
    """Metrics of always giving the most frequent answer; empty where the pictures were erased."""
    try:
        return majority_metrics(EvaluatedRun.open(run))
    except NotFoundError:
        return {}


def _stored(report: EvaluationReport, code: str, majority: Mapping[str, float]) -> Answer:
    return {
        "value": report.metrics.get(code),
        "interval": report.intervals.get(code),
        "majority": majority.get(code),
    }


def _leading(run: Path) -> Answer:
    evaluated = EvaluatedRun.open(run)
    names = evaluated.dataset.class_names
    leading = leading_metric(project_of(run), names)
    majority = majority_value(leading, evaluated.test, evaluated.report.majority_class, names)
    answer: Answer = {
        "metric": leading.metric.kind,
        "class": leading.metric.class_name or None,
        **_measured(leading, evaluated.test),
        "majority": None if math.isnan(majority) else majority,
    }
    if has_chosen_thresholds(run):
        answer["with_chosen_thresholds"] = _measured(leading, answers_in_use(evaluated))
    return answer


def _measured(leading: Leading, test: TestPredictions) -> Answer:
    value = leading.value(test)
    if math.isnan(value):
        return {"value": None, "interval": None}
    return {"value": value, "interval": leading.interval(test)}
