"""The separation of strangers from known pictures is the area under their ROC curve."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score

from core.evaluation.strangers.measuring import Scored, energies, joint_energies, separation


def scored(values: np.ndarray, groups: np.ndarray | None = None) -> Scored:
    return Scored(scores=values, groups=np.arange(len(values)) if groups is None else groups)


def test_the_value_is_scikit_learns_also_for_equal_scores() -> None:
    random = np.random.default_rng(0)
    known, strange = random.integers(0, 20, 200).astype(float), random.integers(8, 25, 60).astype(float)
    found = separation(scored(known), scored(strange), resamples=200)
    expected = roc_auc_score([0] * 200 + [1] * 60, np.concatenate([known, strange]))
    assert found is not None
    assert found.auroc == pytest.approx(expected, abs=1e-9)
    assert found.interval[0] < expected < found.interval[1]


def test_the_interval_holds_the_truth_in_95_of_100_samples() -> None:
    """Two normal distributions one apart: 0.7602."""
    random = np.random.default_rng(1)
    held = 0
    for seed in range(200):
        found = separation(
            scored(random.normal(size=80)), scored(random.normal(1, size=40)), resamples=300, seed=seed
        )
        assert found is not None
        held += found.interval[0] <= 0.76025 <= found.interval[1]
    assert 182 <= held <= 198


def test_pictures_that_belong_together_widen_the_interval() -> None:
    random = np.random.default_rng(2)
    known, strange = np.repeat(random.normal(size=20), 10), random.normal(1, size=100)
    alone = separation(scored(known), scored(strange), resamples=500)
    together = separation(scored(known, np.arange(20).repeat(10)), scored(strange), resamples=500)
    assert alone is not None
    assert together is not None
    assert np.ptp(together.interval) > 1.5 * np.ptp(alone.interval)


def test_perfect_separation_has_an_interval_below_one() -> None:
    found = separation(scored(np.arange(30.0)), scored(np.arange(100.0, 120.0)), resamples=100)
    assert found is not None
    assert found.auroc == 1
    assert 0.7 < found.interval[0] < 1


@pytest.mark.parametrize(("known", "strange"), [(0, 5), (5, 0)])
def test_nothing_is_measured_without_either(known: int, strange: int) -> None:
    assert separation(scored(np.zeros(known)), scored(np.zeros(strange))) is None


def test_energies_are_those_of_liu_and_of_wang() -> None:
    logits = np.array([[1.0, 2.0, -3.0], [500.0, 0.0, 0.0]], np.float32)
    np.testing.assert_allclose(energies(logits), -logsumexp(logits.astype(float), axis=1))
    expected = -np.log1p(np.exp(logits[:1].astype(float))).sum(axis=1)
    np.testing.assert_allclose(joint_energies(logits[:1]), expected)
