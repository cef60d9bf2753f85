"""Reliability diagram and expected calibration error, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.calibration.reliability import reliability
from core.evaluation.metrics.predictions import TestPredictions
from core.statistics import wilson_interval
from tests.support.predictions import multi_class, multi_label


def test_the_error_is_the_mean_gap_of_the_ranges() -> None:
    """Four answers of 0.9 with three right, and one of 0.62 that is right."""
    found = reliability(multi_class([0, 0, 0, 1, 0], [[0.9, 0.1]] * 4 + [[0.62, 0.38]]), resamples=50)
    assert [row.confidence for row in found.bins] == pytest.approx([0.62, 0.9])
    assert [(row.accuracy, row.count) for row in found.bins] == [(1.0, 1), (0.75, 4)]
    assert found.bins[1].interval == wilson_interval(3, 4)
    assert found.ece == pytest.approx((4 * 0.15 + 1 * 0.38) / 5)
    assert found.ece_interval[0] <= found.ece_interval[1]


def test_each_label_of_a_picture_is_a_decision() -> None:
    """Decided with 0.9 (right), 0.8 that it is not shown (wrong)."""
    found = reliability(multi_label([[1, 1]], [[0.9, 0.2]]), resamples=10)
    assert [row.confidence for row in found.bins] == pytest.approx([0.8, 0.9])
    assert [row.accuracy for row in found.bins] == [0, 1]


def test_a_picture_without_an_answer_is_no_decision() -> None:
    """Its probability is no number, so it lies in no range; the evaluation broke by it."""
    known = multi_class([0, 1], [[0.9, 0.1], [0.8, 0.2]])
    found = reliability(multi_class([0, 0, 1], [[0.9, 0.1], [np.nan] * 2, [0.8, 0.2]]), resamples=10)
    assert found == reliability(known, resamples=10)
    nothing = reliability(multi_class([0], [[np.nan] * 2]), resamples=10)
    assert (nothing.ece, nothing.ece_interval, nothing.bins) == (0, (0, 1), ())


def test_an_answer_of_one_belongs_to_the_last_range() -> None:
    (only,) = reliability(multi_class([0], [[1.0, 0.0]]), resamples=10).bins
    assert (only.confidence, only.count) == (1, 1)


def honest(pictures: int, seed: int) -> TestPredictions:
    """Answers that are right as often as their probability says."""
    random = np.random.default_rng(seed)
    sure = random.uniform(0.55, 1, pictures)
    labels = (random.random(pictures) > sure).astype(int)
    return multi_class(labels.tolist(), np.stack([sure, 1 - sure], axis=1).tolist())


@pytest.mark.parametrize("pictures", [50, 400])
def test_chance_alone_is_not_proven_to_be_an_error(pictures: int) -> None:
    """Gaps of few pictures are chance; the bias-corrected interval began at 6% with 50 pictures, on average."""
    found = [reliability(honest(pictures, seed), resamples=200) for seed in range(20)]
    assert all(one.ece_interval[0] <= one.ece <= one.ece_interval[1] for one in found)
    assert np.mean([one.ece_interval[0] for one in found]) < 0.02
    assert sum(one.ece_interval[0] > 0.05 for one in found) <= 1


def test_an_error_is_proven_by_enough_pictures() -> None:
    """Answers that are surer than right by 15 points."""
    random = np.random.default_rng(0)
    sure = random.uniform(0.7, 1, 1000)
    labels = (random.random(1000) > sure - 0.15).astype(int)
    found = reliability(
        multi_class(labels.tolist(), np.stack([sure, 1 - sure], axis=1).tolist()), resamples=200
    )
    assert 0.1 < found.ece_interval[0] < 0.15 < found.ece_interval[1] < 0.2


def test_honest_probabilities_have_little_error() -> None:
    random = np.random.default_rng(0)
    sure = random.uniform(0.5, 1, 20_000)
    labels = (random.random(20_000) > sure).astype(int)
    found = reliability(
        multi_class(labels.tolist(), np.stack([sure, 1 - sure], axis=1).tolist()), resamples=20
    )
    assert found.ece < 0.01
