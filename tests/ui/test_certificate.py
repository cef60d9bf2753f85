"""Sentences of a certificate on the Export page."""

from __future__ import annotations

from core.delivery.certificate.records import Agreement
from core.evaluation.comparison.differences import MetricDifference
from pages.ui.export.certificate import score_text


def test_a_bound_of_stranger_scores_is_not_smaller_than_their_difference() -> None:
    """“at most 0.0000” would claim that they are equal."""
    agreement = Agreement(
        pictures=74,
        same=74,
        ties=0,
        largest_difference=1e-6,
        mean_difference=1e-7,
        accuracy=MetricDifference(code="accuracy", first=0.9, second=0.9),
        classes=(),
        score_difference=1.13e-5,
    )
    assert score_text(agreement) == "Stranger scores differ by at most 0.000012."
