"""Comparison of classifiers with a reference, on the pictures that both were tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.evaluation.comparison.differences import MetricDifference, leading_difference, metric_differences
from core.evaluation.comparison.mcnemar import PairedTest, holm, mcnemar_test
from core.evaluation.comparison.pairing import Matching, Pairing, TestedPictures, pair
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import Leading, leading_metric
from core.evaluation.metrics.bootstrap import RESAMPLES
from core.evaluation.metrics.table import Metric
from core.records import Record
from core.workspace import project_of


@dataclass(frozen=True, kw_only=True)
class ClassifierComparison(Record):
    """Two classifiers on the same test pictures; differences are the second minus the first."""

    matching: Matching
    # the metric that leads in the project
    leading: MetricDifference
    # in the order of the table of metrics
    metrics: tuple[MetricDifference, ...]
    test: PairedTest

    def metric(self, code: str) -> MetricDifference | None:
        """Look up the difference of a metric; None where one of the two does not define it."""
        return next((metric for metric in self.metrics if metric.code == code), None)


def compare_pair(
    pairing: Pairing, leading: Leading, metrics: Sequence[Metric] | None = None, *, resamples: int = RESAMPLES
) -> ClassifierComparison:
    """Compare two classifiers by metrics, by default all of the table, and by McNemar's test.

    Args:
        leading: from ``leading_metric``, for the classes of the pairing.
    """
    first, second = pairing.first, pairing.second
    return ClassifierComparison(
        matching=pairing.matching,
        leading=leading_difference(leading, first, second, resamples=resamples),
        metrics=metric_differences(first, second, metrics, resamples=resamples),
        test=mcnemar_test(first.exact_matches, second.exact_matches, second.group_indices),
    )


def compare_with_reference(
    reference: EvaluatedRun,
    others: Sequence[EvaluatedRun],
    *,
    resamples: int = RESAMPLES,
) -> tuple[ClassifierComparison, ...]:
    """Compare classifiers with a reference; their p-values are corrected for their number (Holm 1979).

    Raises:
        EvaluationError: two of them have no test picture in common.
    """
    compared = []
    for other in others:
        pairing = pair(TestedPictures.of(reference), TestedPictures.of(other))
        leading = leading_metric(project_of(other.run), pairing.class_names)
        compared.append(compare_pair(pairing, leading, resamples=resamples))
    return corrected(compared)


def corrected(comparisons: Sequence[ClassifierComparison]) -> tuple[ClassifierComparison, ...]:
    """Correct the p-values of comparisons with one reference for their number (Holm 1979)."""
    p_values = holm([comparison.test.p_value for comparison in comparisons])
    return tuple(
        replace(
            comparison,
            test=replace(comparison.test, p_value=p_value, comparisons=len(comparisons)),
        )
        for comparison, p_value in zip(comparisons, p_values, strict=True)
    )
