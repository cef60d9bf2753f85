"""Growing shares of the training pictures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from core.evaluation.learning_curve.subsets import nested_subsets

SHARES = (0.1, 0.25, 0.5, 1.0)


def test_classes_keep_their_proportions_and_groups_stay_whole() -> None:
    """60 groups of two cats and 20 of two dogs."""
    labels = np.repeat([0, 1], [120, 40])
    groups = np.arange(80).repeat(2)
    subsets = nested_subsets(np.eye(2)[labels], groups, SHARES, seed=0)
    assert [np.bincount(labels[rows]).tolist() for rows in subsets] == [
        [12, 4],
        [30, 10],
        [60, 20],
        [120, 40],
    ]
    for rows in subsets:
        assert all((groups[rows] == group).sum() == 2 for group in np.unique(groups[rows]))


def test_a_larger_share_holds_the_smaller_ones() -> None:
    subsets = nested_subsets(np.eye(3)[np.arange(90) % 3], np.arange(90), SHARES, seed=1)
    for small, large in pairwise(subsets):
        assert set(small.tolist()) < set(large.tolist())
    assert len(subsets[-1]) == 90


def test_repeats_draw_other_pictures() -> None:
    targets = np.eye(3)[np.arange(90) % 3]
    one, other = (nested_subsets(targets, np.arange(90), SHARES, seed=seed)[0].tolist() for seed in (0, 1))
    assert one != other
    assert one == nested_subsets(targets, np.arange(90), SHARES, seed=0)[0].tolist()


def test_every_class_has_a_group_in_every_share() -> None:
    labels = np.array([0] * 50 + [1] * 3)
    (rows,) = nested_subsets(np.eye(2)[labels], np.arange(53), (0.1,), seed=0)
    assert np.bincount(labels[rows]).tolist() == [5, 1]


def test_several_labels_are_stratified_by_the_rarest() -> None:
    """Every picture shows the sky; ten show a bird too, and ten show nothing."""
    targets = np.zeros((100, 2))
    targets[:90, 0] = 1
    targets[:10, 1] = 1
    (rows,) = nested_subsets(targets, np.arange(100), (0.5,), seed=0)
    assert targets[rows].sum(axis=0).tolist() == [45, 5]
    assert len(rows) == 50
