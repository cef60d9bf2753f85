"""Groups are small, complete, and mostly of one class."""

from __future__ import annotations

import numpy as np
import pytest

from core.doctor.features.neighbours import similar_rows
from core.doctor.features.projection import project_to_plane
from core.doctor.labelling.grouping import SimilarGroup, group_similar
from core.progress import QuietProgress
from tests.support.digit_features import digit_labels, digit_points

COUNT = 900


def grouped(points: np.ndarray) -> list[SimilarGroup]:
    quiet = QuietProgress()
    return group_similar(points, project_to_plane(points, quiet), similar_rows(points, quiet))


@pytest.fixture(scope="module")
def groups() -> list[SimilarGroup]:
    return grouped(digit_points()[:COUNT])


def purity(groups: list[SimilarGroup]) -> float:
    """The share of pictures that are of their group's commonest class."""
    commonest = [np.bincount(digit_labels()[group.rows]).max() for group in groups]
    return float(sum(commonest) / sum(len(group.rows) for group in groups))


def test_every_picture_is_in_one_group_of_handy_size(groups: list[SimilarGroup]) -> None:
    rows = np.concatenate([group.rows for group in groups])
    np.testing.assert_array_equal(np.sort(rows), np.arange(COUNT))
    sizes = np.array([len(group.rows) for group in groups])
    assert sizes.max() <= 60
    assert sizes[sizes >= 10].sum() >= 0.9 * COUNT


def test_groups_are_mostly_of_one_class_the_first_ones_most(groups: list[SimilarGroup]) -> None:
    assert purity(groups) >= 0.9
    half = len(groups) // 2
    assert purity(groups[:half]) >= purity(groups[half:])
    coherence = [group.coherence for group in groups]
    assert coherence == sorted(coherence, reverse=True)
    assert all(0 <= value <= 1 for value in coherence)


def test_the_first_pictures_of_a_group_are_the_most_typical(groups: list[SimilarGroup]) -> None:
    """They stand for the group before it is opened."""
    points = digit_points()
    for group in groups:
        distance = np.linalg.norm(points[group.rows] - points[group.rows].mean(axis=0), axis=1)
        assert (np.diff(distance) >= 0).all()


def test_groups_are_the_same_every_time(groups: list[SimilarGroup]) -> None:
    again = grouped(digit_points()[:COUNT])
    assert [group.rows.tolist() for group in again] == [group.rows.tolist() for group in groups]


@pytest.mark.parametrize("count", [0, 1, 2, 61])
def test_few_pictures_are_grouped(count: int) -> None:
    groups = grouped(digit_points()[:count])
    assert sum(len(group.rows) for group in groups) == count
    assert len(groups) == {0: 0, 1: 1, 2: 1, 61: 2}[count]


def test_pictures_that_are_all_the_same_are_shared_out() -> None:
    groups = grouped(np.zeros((150, 4), np.float32))
    sizes = [len(group.rows) for group in groups]
    assert sum(sizes) == 150
    assert max(sizes) <= 60
