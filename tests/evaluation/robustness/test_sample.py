"""Stratified sample of test pictures."""

from __future__ import annotations

from collections import Counter

import numpy as np

from core.evaluation.robustness.sample import stratified_sample


def test_every_label_keeps_its_share() -> None:
    labels = ["a"] * 500 + ["b"] * 300 + ["c"] * 200
    chosen = stratified_sample(labels, 100, seed=3)
    counts = Counter(labels[index] for index in chosen)
    assert len(set(chosen.tolist())) == 100
    assert all(abs(counts[label] - share) <= 1 for label, share in (("a", 50), ("b", 30), ("c", 20)))


def test_every_picture_is_as_likely_as_any_other() -> None:
    """The sample's accuracy is then an unbiased estimate of that of all test pictures."""
    labels = ["a"] * 7 + ["b"] * 3
    drawn = Counter(index for seed in range(4000) for index in stratified_sample(labels, 4, seed).tolist())
    np.testing.assert_allclose([drawn[index] / 4000 for index in range(10)], 0.4, atol=0.03)


def test_few_pictures_are_all_taken() -> None:
    assert stratified_sample(["a", "b"], 300, seed=0).tolist() == [0, 1]
